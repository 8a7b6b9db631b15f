"""What runs in a workspace, for the laws of `test_checks_all.py`: rows at random, and rows that pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from checks.contract.tables import Tables
from tests.support.tables.checks import NETWORK_ID, SUBSCRIPTION_ROW, Row, workspace_id
from tests.support.tables.dependencies import REGISTRY, STORAGE, VAULT, closed
from tests.support.tables.workloads import AKS_CLUSTER, ARC_CLUSTER, compute, deployment, endpoint, place
from tests.support.worlds.dependencies import YES_NO, maybe

_MODE = ("workspaces.managed_network_reported", "workspaces.isolation_mode")
_DEPENDENCY = "associated_resources"

_KINDS = [
    (id, column) for id in ("END001", "END002", "END005", "MVN003") for column in ("kind", "compute_id")
]
OTHER_EVIDENCE = {
    ("CMP001", "computes.public_ip_address"): "asked of instances only",
    ("CMP002", "computes.subnet_id"): "the managed network decides as well",
    **{("CMP002", read): "a subnet decides as well" for read in _MODE},
    **{("CMP002", "workspaces.managed_network_status"): "a subnet decides as well"},
    **{("CMP004", read): "a private endpoint binds to the region as well" for read in _MODE},
    ("CMP004", "workspaces.private_endpoint_connections_known"): "the managed network binds as well",
    ("CMP004", "private_endpoint_connections.status"): "likewise",
    ("CMP004", "computes.attached_resource_id"): "decides for Kubernetes only",
    ("CMP006", "computes.enable_node_public_ip"): "a closed port needs no more",
    ("CMP006", "computes.public_ip_address"): "likewise",
    **{(id, f"endpoints.{column}"): "an endpoint that names no cluster is managed" for id, column in _KINDS},
    ("CMP009", "computes.subnet_id"): "a compute that is young enough may be in any network",
    ("END001", "workspaces.public_network_access"): "only quoted in the reason",
    ("END001", "workspaces.network_acls_default_action"): "likewise",
    **{("END005", read): "an approved private endpoint decides as well" for read in _MODE},
    ("END005", "workspaces.online_endpoints_known"): "the managed network decides as well",
    ("CMP006", "computes.ssh_public_access"): "decides for instances only",
    ("CMP006", "computes.remote_login_port_public_access"): "decides for clusters only",
    ("END002", "workspaces.ip_rules"): "only quoted in the reason",
    ("END006", "workspaces.network_acls_default_action"): "a closed workspace selects no addresses",
    ("END006", "workspaces.public_network_access"): "a default action of Allow selects none either",
    ("END002", "workspaces.network_acls_default_action"): "where all is Disabled it does not matter",
    ("END005", "workspaces.private_endpoint_connections_known"): "the managed network decides as well",
    ("END005", "private_endpoint_connections.status"): "likewise",
    ("MVN003", "workspaces.computes_known"): "an active network passes whether it is used or not",
    ("MVN003", "workspaces.online_endpoints_known"): "likewise",
    ("MVN003", "computes.compute_type"): "likewise",
    ("OBR011", "workspaces.managed_network_status"): "active rules are there",
    **{
        ("OBR011", f"{_DEPENDENCY}.{column}"): "approved outbound needs a rule for every dependency"
        for column in ("read_status", "public_network_access", "default_action")
    },
}

_COMPUTE = st.fixed_dictionaries(
    {
        "compute_type": maybe("AmlCompute", "computeinstance", "ComputeInstance", "Kubernetes", "Abacus"),
        "compute_location": maybe("westeurope", "West Europe", "eastus"),
        "attached_resource_id": maybe(AKS_CLUSTER, ARC_CLUSTER, "nowhere"),
        "created_on": maybe("2026-01-01T00:00:00.1234567Z", "2026-03-01T01:00:00+01:00", "soon"),
        "disable_local_auth": YES_NO,
        "subnet_id": maybe("", "/subnets/own"),
        "enable_node_public_ip": YES_NO,
        "public_ip_address": maybe("", "20.1.2.3"),
        "remote_login_port_public_access": maybe("Disabled", "enabled", "NotSpecified", "Odd"),
        "ssh_public_access": maybe("Disabled", "Enabled", "Odd"),
        "is_latest_os_image_version": YES_NO,
    }
)
_ENDPOINT = st.fixed_dictionaries(
    {
        "public_network_access": maybe("Disabled", "enabled", "Odd"),
        "kind": maybe("Managed", "k8s", "Odd"),
        "compute_id": maybe("", "/computes/aks"),
        "auth_mode": maybe("AADToken", "key", "AMLToken", "KeyAndAAD", "Odd"),
    }
)
_DEPLOYMENT = st.fixed_dictionaries(
    {
        "egress_public_network_access": maybe("Enabled", "disabled", "Odd"),
        "endpoint_compute_type": maybe("Managed", "Kubernetes"),
    }
)
_TYPES = ("online", "batch", "serverless")
KNOWN = st.fixed_dictionaries(
    {
        "location": maybe("westeurope", "eastus"),
        "key_vault": maybe(VAULT, ""),
        "container_registry": maybe(REGISTRY, ""),
        **{
            f"{what}_known": maybe(True, True, True, False)
            for what in (
                "computes",
                "online_endpoints",
                "online_deployments",
                "batch_endpoints",
                "serverless_endpoints",
            )
        },
    }
)


_PLACE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "computes": st.lists(_COMPUTE, max_size=1),
        "endpoints": st.dictionaries(st.sampled_from(_TYPES), _ENDPOINT, max_size=2),
        "deployments": st.lists(_DEPLOYMENT, max_size=1),
    }
)


@st.composite
def around(draw: st.DrawFn, workspaces: Sequence[str]) -> dict[str, list[Row]]:
    """Computes, endpoints and deployments of these workspaces, by the name of their table."""
    drawn = {name: draw(_PLACE) for name in workspaces}
    return {
        "computes": [compute(values, of=name) for name in drawn for values in drawn[name]["computes"]],
        "endpoints": [
            {**endpoint("score", type_, of=name), **values}
            for name in drawn
            for type_, values in drawn[name]["endpoints"].items()
        ],
        "online_deployments": [
            {**deployment(of=name), **values} for name in drawn for values in drawn[name]["deployments"]
        ],
    }


_QUIET: Row = {
    "compute_location": "westeurope",
    "created_on": "2026-03-01T00:00:00Z",
    "disable_local_auth": True,
    "subnet_id": "",
    "enable_node_public_ip": False,
    "public_ip_address": "",
    "remote_login_port_public_access": "Disabled",
    "ssh_public_access": "Disabled",
    "is_latest_os_image_version": True,
}
_LINKS: Row = {"storage_account": STORAGE, "key_vault": VAULT, "container_registry": REGISTRY}


def _led(number: int, target: str, part: str) -> Row:
    return {
        "rule_id": f"{workspace_id()}/outboundRules/r{number}",
        "workspace_id": workspace_id(),
        "rule": f"r{number}",
        "type": "PrivateEndpoint",
        "status": "Active",
        "service_resource_id": target,
        "subresource_target": part,
    }


def _world(workspace: Row, *, has_online: bool = True, **computes: Row) -> Tables:
    targets = (
        *((STORAGE, "blob"), (STORAGE, "file"), (VAULT, "vault"), (REGISTRY, "registry")),
        (workspace_id(), "amlworkspace"),
    )
    return Tables.of(
        subscriptions=[SUBSCRIPTION_ROW],
        workspaces=[workspace],
        computes=[
            compute({**values, "compute_id": f"{workspace_id()}/computes/{kind}"}, kind)
            for kind, values in computes.items()
        ],
        endpoints=[
            endpoint(public_network_access="Disabled", auth_mode="AADToken", kind="Managed"),
            endpoint(type_="batch", auth_mode="AADToken"),
        ][0 if has_online else 1 :],
        online_deployments=[
            deployment(egress_public_network_access="Enabled", endpoint_compute_type="Managed")
        ],
        outbound_rules=[_led(n, *target) for n, target in enumerate(targets)],
        associated_resources=[
            closed(role, approved_private_endpoints=1, networks_shared=NETWORK_ID)
            for role in ("storage", "vault", "registry")
        ],
        private_endpoint_connections=[
            {
                "connection_id": f"{workspace_id()}/privateEndpointConnections/{name}",
                "workspace_id": workspace_id(),
                "connection": name,
                "status": "Approved",
                "provisioning_state": "Succeeded",
                "created_at": "2026-02-01T00:00:00.1234567Z",
                "private_endpoint_id": f"/endpoints/{name}",
                "subnet_id": f"{NETWORK_ID}/subnets/{name}",
                "network_prefixes": "10.0.0.0/16",
            }
            for name in ("c", "d")
        ],
    )


_SELECTED: Row = {
    "public_network_access": "Enabled",
    "network_acls_default_action": "Deny",
    "ip_rules": "20.1.2.3",
    "managed_network_status": "Active",
    **_LINKS,
}
WORLDS = {
    "workloads": _world({**place(), **_SELECTED}, AmlCompute=_QUIET, ComputeInstance=_QUIET),
    "workloads open": _world({**place(), **_SELECTED, "network_acls_default_action": "Allow"}),
    "workloads approved": _world(
        {**place(mode="AllowOnlyApprovedOutbound"), **_SELECTED, "public_network_access": "Disabled"},
        AmlCompute=_QUIET,
    ),
    "workloads without a managed network": _world(
        {**place(mode="Disabled"), **_SELECTED, "managed_network_reported": False}, has_online=False
    ),
    "workloads in subnets": _world(
        {**place(mode="Disabled"), **_SELECTED},
        has_online=False,
        AmlCompute={**_QUIET, "subnet_id": "/subnets/own"},
    ),
}
"""Tables in which every check of CMP and END, MVN003 and OBR011 passes, each for one of its reasons."""
