"""What belongs to the workspaces of a tenant: dependencies, computes and endpoints of every sort."""

from __future__ import annotations

from checks.contract.tables import Tables, frame
from tests.support.audits.tenants import Row

PROVIDERS = {
    "storage": "Microsoft.Storage/storageAccounts",
    "vault": "Microsoft.KeyVault/vaults",
    "registry": "Microsoft.ContainerRegistry/registries",
    "insights": "Microsoft.Insights/components",
}

KNOWN = (
    "associated_resources_known",
    "computes_known",
    "online_endpoints_known",
    "batch_endpoints_known",
    "serverless_endpoints_known",
)


def with_inventory(tables: Tables) -> Tables:
    """The tenant with four dependencies, two computes and two endpoints for every workspace but Projects.

    Of every fifth workspace the computes were not read, and serverless endpoints were asked for nowhere.
    """
    workspaces = tables.workspaces
    owners = workspaces["workspace_id"][workspaces["hub_resource_id"].isna()].tolist()
    flags = workspaces.assign(**dict.fromkeys(KNOWN[:4], True)).astype(dict.fromkeys(KNOWN, "boolean"))
    flags.loc[[id.lower() for id in owners[::5]], "computes_known"] = False
    return tables.replaced(
        workspaces=flags,
        associated_resources=frame(
            "associated_resources", [dependency_row(id, role) for id in owners for role in PROVIDERS]
        ),
        computes=frame(
            "computes", [row for n, id in enumerate(owners) if n % 5 for row in compute_rows(id, n)]
        ),
        endpoints=frame("endpoints", [row for id in owners for row in endpoint_rows(id)]),
    )


def dependency_row(workspace_id: str, role: str) -> Row:
    """A dependency; registries may not be read, vaults are gone."""
    name = f"{role}-{workspace_id.rpartition('-')[2]}"
    group = workspace_id.partition("/providers/")[0]
    status = {"registry": "unreadable", "vault": "missing"}.get(role, "read")
    return {
        "association_id": f"{workspace_id}#{role}",
        "workspace_id": workspace_id,
        "resource_id": f"{group}/providers/{PROVIDERS[role]}/{name}",
        "resource": name,
        "role": role,
        "read_status": status,
        "unread_reason": "AuthorizationFailed: no access" if status == "unreadable" else "",
        "public_network_access": "Enabled" if role == "storage" else None,
        "default_action": "Deny" if role == "storage" else None,
        "approved_private_endpoints": 2 if role == "storage" else None,
        "ingestion_access": "Disabled" if role == "insights" else None,
    }


def compute_rows(workspace_id: str, number: int) -> list[Row]:
    """An instance with an address and a cluster in a subnet."""
    group = workspace_id.partition("/providers/")[0]
    common = {"workspace_id": workspace_id, "disable_local_auth": bool(number % 2)}
    return [
        {
            **common,
            "compute_id": f"{workspace_id}/computes/ci",
            "compute": "ci",
            "compute_type": "ComputeInstance",
            "enable_node_public_ip": True,
            "public_ip_address": f"203.0.113.{number % 250}",
            "subnet_id": "",
            "ssh_public_access": "Enabled",
        },
        {
            **common,
            "compute_id": f"{workspace_id}/computes/cpu",
            "compute": "cpu",
            "compute_type": "AmlCompute",
            "enable_node_public_ip": False,
            "subnet_id": f"{group}/providers/Microsoft.Network/virtualNetworks/vnet-ml/subnets/training",
        },
    ]


def endpoint_rows(workspace_id: str) -> list[Row]:
    """One online and one batch."""
    return [
        {
            "endpoint_id": f"{workspace_id}/onlineEndpoints/score",
            "workspace_id": workspace_id,
            "endpoint": "score",
            "endpoint_type": "online",
            "public_network_access": "Enabled",
            "auth_mode": "Key",
        },
        {
            "endpoint_id": f"{workspace_id}/batchEndpoints/nightly",
            "workspace_id": workspace_id,
            "endpoint": "nightly",
            "endpoint_type": "batch",
            "auth_mode": "AADToken",
        },
    ]
