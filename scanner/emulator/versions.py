"""The api-versions of each resource type, and the first one that shows a property.

The versions are those of the ARM contract (Azure/azure-rest-api-specs and Azure/bicep-types-az, read in
August 2026), except where a line names another source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from scanner.tables.children import CHILDREN

Document = dict[str, Any]
"""One JSON object as ARM sends it."""

MACHINE_LEARNING = "Microsoft.MachineLearningServices"
WORKSPACES = f"{MACHINE_LEARNING}/workspaces"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
PROVIDERS = "Microsoft.Resources/providers"
MANAGEMENT_GROUPS = "Microsoft.Management/managementGroups"
NETWORK_TYPES = ("Microsoft.Network/privateEndpoints", "Microsoft.Network/virtualNetworks")
ROLE_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
RESOURCE_GRAPH = "Microsoft.ResourceGraph/resources"

MACHINE_LEARNING_VERSIONS = (
    "2025-12-01",
    "2025-09-01",
    "2025-06-01",
    "2024-10-01",
    "2024-04-01",
    "2023-10-01",
    "2023-04-01",
    "2022-10-01",
    "2020-08-01",
)

_MACHINE_LEARNING_TYPES = {
    WORKSPACES: "2018-11-19",
    **{child.resource_type: child.since for child in CHILDREN if not child.is_extension},
}

_OTHER_TYPES = {
    SUBSCRIPTIONS: ("2022-12-01", "2021-01-01", "2020-01-01", "2019-11-01", "2016-06-01"),
    PROVIDERS: ("2022-09-01", "2021-04-01", "2021-01-01", "2020-06-01", "2019-10-01"),
    RESOURCE_GRAPH: ("2024-04-01", "2022-10-01", "2021-03-01"),
    MANAGEMENT_GROUPS: ("2023-04-01", "2021-04-01", "2020-05-01", "2020-02-01"),
    "Microsoft.Storage/storageAccounts": (
        *("2026-04-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-01-01"),
        *("2022-09-01", "2021-09-01", "2021-06-01", "2019-06-01"),
    ),
    "Microsoft.KeyVault/vaults": (
        *("2026-02-01", "2025-05-01", "2024-11-01", "2023-07-01", "2023-02-01", "2022-07-01"),
        *("2021-10-01", "2019-09-01", "2018-02-14"),
    ),
    "Microsoft.Storage/storageAccounts/networkSecurityPerimeterConfigurations": (
        *("2026-04-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-04-01"),
    ),
    "Microsoft.KeyVault/vaults/networkSecurityPerimeterConfigurations": (
        *("2024-12-01-preview", "2024-04-01-preview"),
    ),
    "Microsoft.ContainerRegistry/registries": (
        *("2025-11-01", "2025-04-01", "2023-07-01", "2022-12-01", "2021-09-01", "2019-05-01"),
    ),
    **dict.fromkeys(NETWORK_TYPES, ("2024-10-01", "2024-05-01", "2023-11-01", "2022-07-01")),
    ROLE_ASSIGNMENTS: ("2022-04-01", "2020-10-01-preview", "2015-07-01"),
    "Microsoft.Insights/components": ("2020-02-02", "2015-05-01"),
    "Microsoft.Insights/diagnosticSettings": ("2021-05-01-preview", "2017-05-01-preview"),
}

_RULE_FIRST_SHOWN = {
    "errorInformation": "2025-04-01",
    "parentRuleNames": "2025-04-01",
    "fqdns": "2025-12-01",
}

# The contract keeps networkAcls and ipAllowlist out of every stable version; a recording of 2025-11 shows
# both at 2024-04-01 (Azure/azure-powershell), so they are served from there on.
_WORKSPACE_FIRST_SHOWN = {
    "kind": "2023-04-01",
    "properties.publicNetworkAccess": "2021-07-01",
    "properties.primaryUserAssignedIdentity": "2021-01-01",
    "properties.v1LegacyMode": "2022-05-01",
    "properties.networkAcls": "2024-04-01",
    "properties.ipAllowlist": "2024-04-01",
    "properties.managedNetwork": "2023-10-01",
    "properties.managedNetwork.firewallSku": "2024-10-01",
    "properties.managedNetwork.managedNetworkKind": "2025-04-01",
    "properties.managedNetwork.firewallPublicIpAddress": "2025-04-01",
    "properties.managedNetwork.enableNetworkMonitor": "2025-09-01",
    "properties.serverlessComputeSettings": "2023-10-01",
    "properties.hubResourceId": "2024-04-01",
    "properties.associatedWorkspaces": "2024-04-01",
    "properties.workspaceHubConfig": "2024-04-01",
    "properties.enableDataIsolation": "2024-04-01",
    "properties.provisionNetworkNow": "2025-06-01",
    "properties.systemDatastoresAuthMode": "2025-06-01",
    "properties.enableServiceSideCMKEncryption": "2025-06-01",
    **{
        f"properties.managedNetwork.outboundRules.*.{name}": first
        for name, first in _RULE_FIRST_SHOWN.items()
    },
}

_FIRST_SHOWN: Mapping[str, Mapping[str, str]] = {
    WORKSPACES.lower(): _WORKSPACE_FIRST_SHOWN,
    f"{WORKSPACES}/outboundRules".lower(): {
        f"properties.{name}": first for name, first in _RULE_FIRST_SHOWN.items()
    },
    "microsoft.storage/storageaccounts": {"properties.publicNetworkAccess": "2021-06-01"},
    "microsoft.keyvault/vaults": {"properties.publicNetworkAccess": "2021-10-01"},
    "microsoft.containerregistry/registries": {
        "properties.publicNetworkAccess": "2021-09-01",
        "properties.networkRuleBypassOptions": "2021-09-01",
        "properties.anonymousPullEnabled": "2025-04-01",
    },
    "microsoft.insights/components": {
        "properties.publicNetworkAccessForIngestion": "2020-02-02",
        "properties.publicNetworkAccessForQuery": "2020-02-02",
    },
}


def offered(machine_learning: Iterable[str] = MACHINE_LEARNING_VERSIONS) -> Mapping[str, tuple[str, ...]]:
    """Resource type to its api-versions, newest first, where Machine Learning knows only the given ones."""
    known = sorted(machine_learning, reverse=True)
    return {
        **{
            resource_type: tuple(version for version in known if _is_at_least(version, first))
            for resource_type, first in _MACHINE_LEARNING_TYPES.items()
        },
        **_OTHER_TYPES,
    }


def shown(document: Document, resource_type: str, version: str) -> Document:
    """The document without what this api-version does not show yet; the input is left as it is."""
    for path in _hidden(resource_type.lower(), version):
        document = without(document, path)
    return document


def without(document: Document, path: tuple[str, ...]) -> Document:
    """Return a copy without the property at `path`, where "*" matches every name; an equal copy if it is absent."""
    head, *rest = path
    if head == "*":
        return {name: without(part, tuple(rest)) for name, part in document.items()}
    if head not in document:
        return document
    if not rest:
        return {name: part for name, part in document.items() if name != head}
    if not isinstance(document[head], dict):
        return document
    return {**document, head: without(document[head], tuple(rest))}


@lru_cache(maxsize=512)
def _hidden(resource_type: str, version: str) -> tuple[tuple[str, ...], ...]:
    rows = _FIRST_SHOWN.get(resource_type, {})
    return tuple(tuple(path.split(".")) for path, first in rows.items() if not _is_at_least(version, first))


def _is_at_least(version: str, first: str) -> bool:
    return version[:10] >= first[:10]
