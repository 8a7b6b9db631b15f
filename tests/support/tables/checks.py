"""Small tables for the tests of checks, and one way to ask a single check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import registry

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"

NETWORK_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub"
)
SUBSCRIPTION_ROW: dict[str, object] = {
    "subscription_resource_id": f"/subscriptions/{SUBSCRIPTION}",
    "subscription_id": SUBSCRIPTION,
    "tenant_id": "home",
    "network_registration_state": "Registered",
}
"""The subscription of every row, listed in the tenant home."""

Row = Mapping[str, object]

CHECKS = registry()


def workspace_id(name: str = "ws") -> str:
    """A workspace's id, spelled as Azure spells it."""
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ML/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{name}"
    )


def workspace(name: str = "ws", **values: object) -> dict[str, object]:
    """A row of `workspaces` whose rules and connections were all read."""
    return {
        "workspace_id": workspace_id(name),
        "workspace": name,
        "kind": "Default",
        "outbound_rules_known": True,
        "private_endpoint_connections_known": True,
        **values,
    }


def isolated(name: str = "ws", mode: str | None = "AllowOnlyApprovedOutbound", **values: object) -> Row:
    """A row of `workspaces` with a provisioned managed network in that mode."""
    network = {"managed_network_reported": True, "isolation_mode": mode, "managed_network_status": "Active"}
    return workspace(name, **{**network, **values})


def rule(name: str = "rule", of: str = "ws", **values: object) -> dict[str, object]:
    """A row of `outbound_rules` that a customer made."""
    return {
        "rule_id": f"{workspace_id(of)}/outboundRules/{name}",
        "workspace_id": workspace_id(of),
        "rule": name,
        "category": "UserDefined",
        **values,
    }


def host_rule(fqdn: str | None, name: str = "rule", **values: object) -> Row:
    """A host-name rule."""
    return {**rule(name), "type": "FQDN", "fqdn": fqdn, **values}


def tag_rule(tag: str | None, name: str = "rule", **values: object) -> Row:
    """A service-tag rule as today's api-versions report it."""
    reported = {"protocol": "TCP", "port_ranges": "443", "address_prefixes": "", "action": "Allow"}
    return {**rule(name), "type": "ServiceTag", "service_tag": tag, **reported, **values}


def endpoint_rule(target: str | None, subresource: str | None, name: str = "rule", **values: object) -> Row:
    """A private-endpoint rule."""
    reported = {"service_resource_id": target, "subresource_target": subresource, "spark_enabled": False}
    return {**rule(name), "type": "PrivateEndpoint", **reported, **values}


def connection(status: str | None, name: str = "pe", of: str = "ws", **values: object) -> Row:
    """A row of `private_endpoint_connections`."""
    return {
        "connection_id": f"{workspace_id(of)}/privateEndpointConnections/{name}",
        "workspace_id": workspace_id(of),
        "connection": name,
        "status": status,
        "provisioning_state": "Succeeded",
        "private_endpoint_id": "/endpoints/one",
        **values,
    }


def findings_of(
    check_id: str, parameters: Mapping[str, Any] | None = None, /, **rows: Sequence[Row]
) -> pd.DataFrame:
    """The findings of one check over tables of these rows, with its parameters or their defaults."""
    check = CHECKS[check_id]
    params = check.params.model_validate(parameters or {})
    return findings(Tables.of(**rows), [ChosenCheck(check=check, severity=check.severity, params=params)])


def asked(
    check_id: str,
    workspaces: Sequence[Row],
    *,
    rules: Sequence[Row] = (),
    connections: Sequence[Row] = (),
    **parameters: Any,
) -> pd.DataFrame:
    """The findings of one check over these workspaces, outbound rules and connections."""
    return findings_of(
        check_id,
        parameters,
        workspaces=workspaces,
        outbound_rules=rules,
        private_endpoint_connections=connections,
    )


def statuses(found: pd.DataFrame) -> list[str]:
    """The status of every finding, in the order of the findings."""
    return list(found["status"])


def status_of_workspace(check_id: str, **values: object) -> str:
    """What the check says of one workspace with these values."""
    return statuses(asked(check_id, [{**workspace(), **values}]))[0]


def status_of_rule(check_id: str, row: Row, **parameters: Any) -> str:
    """What the check says of one rule in a workspace that allows only approved outbound."""
    return statuses(asked(check_id, [isolated()], rules=[row], **parameters))[0]
