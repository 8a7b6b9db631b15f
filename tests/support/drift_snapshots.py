"""Small snapshots for the tests of drift: frames as the CSV files of a report hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from checks.drift.model import Snapshot
from reports.tables.columns import FILES

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
OTHER = "22222222-2222-3333-4444-555555555555"
APPROVED, INTERNET = "AllowOnlyApprovedOutbound", "AllowInternetOutbound"

Row = Mapping[str, object]


def id_of(name: str = "ws", subscription: str = SUBSCRIPTION) -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/rg-ML/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{name}"
    )


def workspace(name: str = "ws", mode: str = APPROVED, *, rules: int | None = 0, **values: object) -> Row:
    """A workspace; `rules` None says that not all its rules were read."""
    subscription = str(values.pop("of", SUBSCRIPTION))
    return {
        "workspace_id": id_of(name, subscription),
        "workspace": name,
        "kind": "Default",
        "subscription_id": subscription,
        "isolation_mode": mode,
        "effective_isolation_mode": mode,
        "outbound_rules": rules,
        **values,
    }


def rule(name: str = "rule", of: str = "ws", **values: object) -> Row:
    return {
        "rule_id": f"{id_of(of)}/outboundRules/{name}",
        "workspace_id": id_of(of),
        "rule": name,
        "category": "UserDefined",
        "status": "Active",
        **values,
    }


def host(fqdn: str, name: str = "rule", **values: object) -> Row:
    return {**rule(name), "type": "FQDN", "fqdn": fqdn, **values}


def tag(service_tag: str, name: str = "rule", **values: object) -> Row:
    reported = {"protocol": "TCP", "port_ranges": "443", "action": "Allow"}
    return {**rule(name), "type": "ServiceTag", "service_tag": service_tag, **reported, **values}


def endpoint(target: str, subresource: str = "blob", name: str = "rule", **values: object) -> Row:
    place = {"service_resource_id": target, "subresource_target": subresource}
    return {**rule(name), "type": "PrivateEndpoint", **place, **values}


def finding(
    status: str = "pass", check_id: str = "NET001", of: str = "ws", resource: str = "", **values: object
) -> Row:
    """A finding about a workspace, or about what lies below it."""
    verdicts = {"pass": "compliant", "not-applicable": "compliant", "fail": "violated"}
    workspace_id = id_of(of, str(values.pop("subscription_id", SUBSCRIPTION)))
    return {
        "check_id": check_id,
        "title": "A state",
        "severity": "high",
        "status": status,
        "verdict": verdicts.get(status, "undetermined"),
        "resource_id": workspace_id + resource,
        "workspace_id": workspace_id,
        "workspace": of,
        "policy": "baseline",
        **values,
    }


def subscription(id: str = SUBSCRIPTION, *, read: bool = True, **values: object) -> Row:
    return {"subscription_id": id, "subscription": f"sub {id[:2]}", "read": read, **values}


def policy(checks: str = "NET001, OBR001", **values: object) -> Row:
    told = {"policy": "baseline", "verdict": "violated", "fail_on": "low", "unknown": "incomplete"}
    audit = {
        "tool_version": "0.1.0",
        "source": "Azure",
        "is_azure": True,
        "started_at": "2026-05-04T09:30:00Z",
    }
    return {**told, **audit, "checks": checks, "digest": "d", "finished_at": "2026-05-04T09:32:00Z", **values}


def snapshot(name: str = "OLD", **tables: Sequence[Row] | None) -> Snapshot:
    """A snapshot of these rows: one subscription that was read and one policy unless said."""
    rows: dict[str, Sequence[Row] | None] = {
        "subscriptions": [subscription()],
        "policies": [policy()],
        **tables,
    }
    frames: dict[str, Any] = {
        file.name: _frame(rows.get(file.name, ()), {each.name: each.dtype for each in file.columns})
        for file in FILES
        if file.name != "scores"
    }
    return Snapshot(name=name, **frames)


def _frame(rows: Sequence[Row] | None, dtypes: Mapping[str, str]) -> pd.DataFrame | None:
    if rows is None:
        return None
    unknown = {name for row in rows for name in row} - set(dtypes)
    assert not unknown, unknown
    columns = {name: [pd.NA if row.get(name) is None else row[name] for row in rows] for name in dtypes}
    return pd.DataFrame(columns).astype(dtypes)


def changes(frame: pd.DataFrame) -> list[str]:
    """The classes of a frame's rows, in order."""
    return list(frame["change"])
