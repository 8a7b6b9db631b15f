"""Tenants to report on, from empty to a thousand workspaces, and one in which every name is an attack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.contract.tables import Tables

HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "{{7*7}}{% raise %}",
    "\u202eevil\u2066\u0007\x1b[31m",
    "'; rm -rf ~; $(reboot) `id` ${x} %{y}",
    '=HYPERLINK("http://x.example","click")',
    "javascript:alert(3)",
)

DEPARTMENTS = ("Retail", "Risk", "Research", "Sandbox", "Platform")
MODES = ("AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Disabled", None)
REGIONS = ("westeurope", "eastus2", "swedencentral", "japaneast", None)
HOSTS = (
    "pypi.org",
    "*.pythonhosted.org",
    "*.anaconda.com",
    "packages.contoso.example",
    "*.blob.core.windows.net",
)

Row = dict[str, Any]


def subscription_id(number: int) -> str:
    """A made-up subscription id."""
    return f"{number:08x}-1111-4222-8333-444455556666"


def workspace_row(number: int, *, subscriptions: int = 5, name: str | None = None) -> Row:
    """One workspace; every fourth is fully known and closed, every seventh has a rule list not read."""
    subscription, group = subscription_id(number % subscriptions), f"rg-ml-{number % 7}"
    named = name or f"mlw-{('fraud', 'churn', 'vision', 'Demand', 'nlp')[number % 5]}-{number:04d}"
    mode = MODES[number % 4]
    return {
        "workspace_id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{named}",
        "workspace": named,
        "kind": "Hub" if number % 9 == 8 else "Default",
        "subscription_id": subscription,
        "resource_group": group,
        "location": REGIONS[number % 5],
        "api_version": "2025-09-01",
        "public_network_access": ("Enabled", "Disabled", None)[number % 3 if number % 5 else 0],
        "network_acls_default_action": "Deny" if number % 6 == 0 else None,
        "ip_rules": "203.0.113.0/24, 198.51.100.7" if number % 6 == 0 else None,
        "managed_network_reported": None if mode is None and number % 8 == 7 else mode is not None,
        "isolation_mode": mode,
        "managed_network_status": "Active" if mode in MODES[:2] else None,
        "outbound_rules_known": number % 7 != 3,
        "private_endpoint_connections_known": number % 11 != 4,
    }


def project_row(number: int, hub: Row) -> Row:
    """A Project of the hub, which says Enabled of itself."""
    name = f"project-{number}"
    return {
        **{key: hub[key] for key in ("subscription_id", "resource_group", "location", "api_version")},
        "workspace_id": hub["workspace_id"].rpartition("/")[0] + "/" + name,
        "workspace": name,
        "kind": "Project",
        "hub_resource_id": hub["workspace_id"],
        "public_network_access": "Enabled",
        "managed_network_reported": False,
        "outbound_rules_known": True,
        "private_endpoint_connections_known": True,
    }


def rule_rows(workspace: Row, count: int) -> list[Row]:
    """Rules of all three types, some failing."""
    kinds = ("FQDN", "ServiceTag", "PrivateEndpoint")
    return [_rule_row(workspace, number, kinds[number % 3]) for number in range(count)]


def _rule_row(workspace: Row, number: int, kind: str) -> Row:
    host = HOSTS[number % len(HOSTS)]
    target = (
        workspace["workspace_id"].partition("/providers/")[0]
        + "/providers/Microsoft.Storage/storageAccounts/st"
    )
    destination = {"FQDN": host, "ServiceTag": "AzureMonitor", "PrivateEndpoint": f"{target}{number}"}[kind]
    name = f"{kind.lower()}-{number}"
    return {
        "rule_id": f"{workspace['workspace_id']}/outboundRules/{name}",
        "workspace_id": workspace["workspace_id"],
        "rule": name,
        "type": kind,
        "category": ("UserDefined", "Required", "Dependency")[number % 3],
        "status": "Failed" if number % 5 == 4 else "Active",
        "error_information": "Target not found" if number % 5 == 4 else None,
        "destination": destination,
        "fqdn": host if kind == "FQDN" else None,
        "service_tag": "AzureMonitor" if kind == "ServiceTag" else None,
        "protocol": "TCP" if kind == "ServiceTag" else None,
        "port_ranges": "443" if kind == "ServiceTag" else None,
        "service_resource_id": destination if kind == "PrivateEndpoint" else None,
        "subresource_target": "blob" if kind == "PrivateEndpoint" else None,
    }


def connection_row(workspace: Row, number: int) -> Row:
    """A connection, of which every third waits."""
    name = f"pe-{number}"
    return {
        "connection_id": f"{workspace['workspace_id']}/privateEndpointConnections/{name}",
        "workspace_id": workspace["workspace_id"],
        "connection": name,
        "status": "Pending" if number % 3 == 2 else "Approved",
        "private_endpoint_id": f"/subscriptions/{workspace['subscription_id']}/resourceGroups/rg-net"
        f"/providers/Microsoft.Network/privateEndpoints/{name}",
    }


def subscription_row(number: int, *, read: bool = True, workspaces: int | None = None) -> Row:
    """A subscription, read or refused."""
    id = subscription_id(number)
    return {
        "subscription_resource_id": f"/subscriptions/{id}",
        "subscription_id": id,
        "subscription": f"Contoso {DEPARTMENTS[number % 5]} {number}",
        "state": "Enabled",
        "read": read,
        "workspaces": workspaces,
        "note": None if read else "The list of its workspaces was refused.",
    }


def gap_row(scope: str, asked: str, subscription: str | None) -> Row:
    """Something refused."""
    return {
        "gap_id": f"{scope} {asked}",
        "scope": scope,
        "subscription_id": subscription,
        "asked": asked,
        "request": f"GET https://management.azure.com{scope}/{asked}?api-version=2025-09-01",
        "http_status": 403,
        "code": "AuthorizationFailed",
        "message": "The client does not have authorization to perform this action over the scope.",
        "closes": f"Grant Reader on {scope}.",
    }


def tenant(
    count: int = 25, *, subscriptions: int = 5, rules: int = 6, names: Mapping[int, str] | None = None
) -> Tables:
    """A tenant of `count` workspaces with a hub's Projects, gaps and one subscription that was refused."""
    named = names or {}
    workspaces = [workspace_row(n, subscriptions=subscriptions, name=named.get(n)) for n in range(count)]
    projects = [project_row(n, hub) for n, hub in enumerate(w for w in workspaces if w["kind"] == "Hub")]
    refused = subscription_id(subscriptions)
    unread = [workspace for n, workspace in enumerate(workspaces) if n % 7 == 3]
    return Tables.of(
        subscriptions=[
            *(subscription_row(n, workspaces=count // subscriptions) for n in range(subscriptions)),
            subscription_row(subscriptions, read=False),
        ],
        workspaces=[*workspaces, *projects],
        outbound_rules=[
            rule
            for n, workspace in enumerate(workspaces)
            if workspace["isolation_mode"] and n % 7 != 3
            for rule in rule_rows(workspace, rules)
        ],
        private_endpoint_connections=[
            connection_row(workspace, n + m)
            for n, workspace in enumerate(workspaces)
            if n % 11 != 4
            for m in range(n % 3)
        ],
        gaps=[
            gap_row(f"/subscriptions/{refused}", "workspaces", refused),
            *(gap_row(w["workspace_id"], "outboundRules", w["subscription_id"]) for w in unread),
        ],
    )


def hostile_tenant() -> Tables:
    """A tenant in which every name is an attack."""
    return tenant(len(HOSTILE_NAMES) * 3, names={n * 3: name for n, name in enumerate(HOSTILE_NAMES)})
