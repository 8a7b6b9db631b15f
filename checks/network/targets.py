"""Compare the resource ids of rules, and list the targets that private endpoints support."""

from __future__ import annotations

from typing import Final


def same_id(resource_id: str) -> str:
    """Return the id in the form for comparison: lower-case, no blanks around it, no slash at the end."""
    return resource_id.strip().rstrip("/").lower()


def resource_type_of(resource_id: str) -> str | None:
    """Return the lower-cased `provider/type` of a resource id, nested types joined. None if it has none."""
    _, separator, tail = resource_id.strip().lower().rstrip("/").rpartition("/providers/")
    provider, *rest = tail.split("/")
    if not separator or len(rest) < 2 or len(rest) % 2:
        return None
    return "/".join((provider, *rest[::2]))


SUPPORTED_TARGETS: Final = {
    "microsoft.apimanagement/service": ("gateway",),
    "microsoft.cache/redis": ("rediscache",),
    "microsoft.cache/redisenterprise": ("redisenterprise",),
    "microsoft.cognitiveservices/accounts": ("account",),
    "microsoft.containerregistry/registries": ("registry",),
    "microsoft.databricks/workspaces": ("databricks_ui_api", "browser_authentication"),
    "microsoft.datafactory/factories": ("datafactory", "portal"),
    "microsoft.dbformariadb/servers": ("mariadbserver",),
    "microsoft.dbformysql/flexibleservers": ("mysqlserver",),
    "microsoft.dbformysql/servers": ("mysqlserver",),
    "microsoft.dbforpostgresql/flexibleservers": ("postgresqlserver",),
    "microsoft.dbforpostgresql/servers": ("postgresqlserver",),
    "microsoft.documentdb/databaseaccounts": (
        "sql",
        "mongodb",
        "cassandra",
        "gremlin",
        "table",
        "analytical",
    ),
    "microsoft.eventhub/namespaces": ("namespace",),
    "microsoft.insights/privatelinkscopes": ("azuremonitor",),
    "microsoft.keyvault/vaults": ("vault",),
    "microsoft.machinelearningservices/registries": ("amlregistry",),
    "microsoft.machinelearningservices/workspaces": ("amlworkspace",),
    "microsoft.search/searchservices": ("searchservice",),
    "microsoft.sql/servers": ("sqlserver",),
    "microsoft.storage/storageaccounts": tuple(
        f"{service}{secondary}"
        for service in ("blob", "dfs", "file", "queue", "table", "web")
        for secondary in ("", "_secondary")
    ),
    "microsoft.web/sites": ("sites",),
}
"""Resource type to sub-resources: the services of "Workspace managed virtual network isolation" with the
sub-resources of "What is a private endpoint?", both read 2026-11."""

_ANY_SUBRESOURCE: Final = ("microsoft.network/applicationgateways",)
"""Types whose owner chooses the name of the sub-resource."""


def subresources_of(resource_type: str) -> tuple[str, ...]:
    """Return the sub-resources of a type that a private endpoint can lead to. Empty if they are not known."""
    return SUPPORTED_TARGETS.get(resource_type.lower(), ())


def supports_private_endpoint(resource_id: str, subresource: str) -> bool | None:
    """Return whether a managed network can have a private endpoint to this. None if an argument is no id or ""."""
    resource_type = resource_type_of(resource_id)
    if resource_type is None or not subresource.strip():
        return None
    if resource_type in _ANY_SUBRESOURCE:
        return True
    return subresource.strip().lower() in SUPPORTED_TARGETS.get(resource_type, ())
