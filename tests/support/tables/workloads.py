"""Rows of computes, endpoints and deployments, and the one status a check gives them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.tables.checks import SUBSCRIPTION, Row, findings_of, workspace_id

AKS_CLUSTER, ARC_CLUSTER = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/{each}/k8s"
    for each in ("Microsoft.ContainerService/managedClusters", "Microsoft.Kubernetes/connectedClusters")
)

READ = dict.fromkeys(
    (
        "computes_known",
        "online_endpoints_known",
        "online_deployments_known",
        "batch_endpoints_known",
        "serverless_endpoints_known",
        "associated_resources_known",
        "outbound_rules_known",
        "private_endpoint_connections_known",
    ),
    True,
)
"""What says that everything was read."""


def place(name: str = "ws", mode: str | None = "AllowInternetOutbound", **values: object) -> Row:
    """A row of `workspaces` around which everything was read; `mode` None is one not reported."""
    return {
        "workspace_id": workspace_id(name),
        "workspace": name,
        "kind": "Default",
        "location": "westeurope",
        "managed_network_reported": True,
        "isolation_mode": mode,
        "managed_network_status": "Active",
        **READ,
        **values,
    }


def project(name: str, hub: str, **values: object) -> Row:
    """A row of `workspaces` for a Project of that hub."""
    return {**place(name), "kind": "Project", "hub_resource_id": workspace_id(hub), **values}


def compute(values: Row, kind: str | None = "AmlCompute", *, of: str = "ws") -> Row:
    """A row of `computes` with these values."""
    return {
        "compute_id": f"{workspace_id(of)}/computes/cpu",
        "workspace_id": workspace_id(of).upper(),
        "compute": "cpu",
        "compute_type": kind,
        **values,
    }


def endpoint(name: str = "score", type_: str = "online", of: str = "ws", **values: object) -> Row:
    """A row of `endpoints`."""
    return {
        "endpoint_id": f"{workspace_id(of)}/{type_}Endpoints/{name}",
        "workspace_id": workspace_id(of).upper(),
        "endpoint": name,
        "endpoint_type": type_,
        **values,
    }


def deployment(of: str = "ws", **values: object) -> Row:
    """A row of `online_deployments`."""
    online = f"{workspace_id(of)}/onlineEndpoints/score"
    return {
        "deployment_id": f"{online}/deployments/blue",
        "workspace_id": workspace_id(of).upper(),
        "endpoint_id": online,
        "deployment": "blue",
        **values,
    }


def status(check_id: str, **rows: Sequence[Row]) -> str:
    """The status of the only finding of one check over these tables."""
    (only,) = findings_of(check_id, **rows)["status"]
    return str(only)
