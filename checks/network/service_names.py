"""Host names of Azure services: behind each service tag, and behind the private endpoints of each service.

Sources, read 2026-11: "Azure Private Endpoint private DNS zone values"
(https://learn.microsoft.com/azure/private-link/private-endpoint-dns) for the names, "Virtual network service tags"
(https://learn.microsoft.com/azure/virtual-network/service-tags-overview) for the tags.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from checks.network.hosts import STORAGE_SUFFIXES, covers_host, is_wildcard, normal_host
from checks.network.service_tags import service_of
from checks.network.targets import resource_type_of

TAGS_OF_SUFFIX: Final = {
    "azurecr.io": ("azurecontainerregistry",),
    "vault.azure.net": ("azurekeyvault",),
    "servicebus.windows.net": ("servicebus", "eventhub"),
    "database.windows.net": ("sql",),
    "documents.azure.com": ("azurecosmosdb",),
    "azurewebsites.net": ("appservice",),
    "azure-api.net": ("apimanagement",),
    "search.windows.net": ("azurecognitivesearch",),
    "openai.azure.com": ("cognitiveservices*",),
    "cognitiveservices.azure.com": ("cognitiveservices*",),
    "azurefd.net": ("azurefrontdoor*",),
    "azuredatabricks.net": ("azuredatabricks",),
    "azure-devices.net": ("azureiothub",),
    "logic.azure.com": ("logicapps",),
    "mcr.microsoft.com": ("microsoftcontainerregistry", "azurefrontdoor.firstparty"),
    "login.microsoftonline.com": ("azureactivedirectory",),
    "management.azure.com": ("azureresourcemanager",),
    "dev.azure.com": ("azuredevops",),
    **dict.fromkeys(STORAGE_SUFFIXES, ("storage",)),
}
"""The suffix of a service's host names to the tags, in lower case, that may include their addresses."""

OF_MICROSOFT: Final = (
    "windows.net", "azure.com", "azure.net", "microsoft.com", "azure.us", "azure.cn", "usgovcloudapi.net",
    "chinacloudapi.cn", "azureedge.net", "microsoftonline.com", "azureml.ms", "azureml.net", "msecnd.net",
    "trafficmanager.net", "visualstudio.com", "powerapps.com", "powerbi.com", "office.com", "live.com",
)  # fmt: skip
"""Domains of Microsoft. A host there may be behind any tag unless `TAGS_OF_SUFFIX` has its suffix."""

TAGS_WITH_CUSTOM_DOMAINS: Final = (
    "storage", "azurecloud", "appservice", "azurefrontdoor", "azurefrontdoor.frontend", "apimanagement",
    "azurespringcloud", "azuresignalr", "azurewebpubsub", "azureeventgrid", "azurecontainerappsservice",
    "powerplatform*", "azureiothub", "azuremanagedgrafana",
)  # fmt: skip
"""Tags of services that serve domains of their customers, so that any host may be behind them."""

NAME_OF_TARGET: Final = {
    "microsoft.keyvault/vaults": {"vault": "vault.azure.net"},
    "microsoft.containerregistry/registries": {"registry": "azurecr.io"},
    "microsoft.sql/servers": {"sqlserver": "database.windows.net"},
    "microsoft.documentdb/databaseaccounts": {"sql": "documents.azure.com"},
    "microsoft.search/searchservices": {"searchservice": "search.windows.net"},
    "microsoft.eventhub/namespaces": {"namespace": "servicebus.windows.net"},
    "microsoft.servicebus/namespaces": {"namespace": "servicebus.windows.net"},
    "microsoft.web/sites": {"sites": "azurewebsites.net"},
    "microsoft.apimanagement/service": {"gateway": "azure-api.net"},
    "microsoft.storage/storageaccounts": {
        service: f"{service}.core.windows.net" for service in ("blob", "dfs", "file", "queue", "table", "web")
    },
}
"""The type of a target and its sub-resource to the suffix of the host name that leads to its private endpoint."""


DOMAINS_OF_TARGET: Final = {
    "microsoft.machinelearningservices/workspaces": (
        "azureml.ms",
        "azureml.net",
        "notebooks.azure.net",
        "ml.azure.com",
    ),
    "microsoft.machinelearningservices/registries": ("azureml.ms",),
    "microsoft.cognitiveservices/accounts": (
        "openai.azure.com",
        "cognitiveservices.azure.com",
        "ai.azure.com",
    ),
    "microsoft.documentdb/databaseaccounts": ("cosmos.azure.com", "documents.azure.com"),
    "microsoft.cache/redis": ("redis.cache.windows.net",),
    "microsoft.databricks/workspaces": ("azuredatabricks.net",),
    "microsoft.datafactory/factories": ("datafactory.azure.net", "azure.com"),
    "microsoft.dbforpostgresql/flexibleservers": ("postgres.database.azure.com",),
    "microsoft.dbformysql/flexibleservers": ("mysql.database.azure.com",),
}
"""The type of a target to the domains of its host names, where a name does not follow from the id alone."""

ANY_NAME: Final = ("microsoft.network/applicationgateways", "microsoft.network/privatelinkservices")
"""Targets whose owners choose the host names."""


def may_include_host(tag: str, host: str) -> bool:
    """Return whether an address of the service tag may be an address of the host.

    A service answers to its own names. Only a service with custom domains also answers to other names.
    """
    service, name = service_of(tag), normal_host(host)
    if is_wildcard(name) or service in {"internet", "azurecloud"}:
        return True
    suffix = next((each for each in TAGS_OF_SUFFIX if _is_under(name, each)), None)
    if suffix is not None:
        return any(fnmatchcase(service, each) for each in TAGS_OF_SUFFIX[suffix])
    if any(_is_under(name, each) for each in OF_MICROSOFT):
        return True
    return any(fnmatchcase(service, each) for each in TAGS_WITH_CUSTOM_DOMAINS)


def is_host_of_target(host: str, resource_id: str, subresource: str) -> bool | None:
    """Return whether the host is the name of the target. None if its names do not follow from its id."""
    resource_type, name = resource_type_of(resource_id), normal_host(host)
    suffix = NAME_OF_TARGET.get(resource_type or "", {}).get(subresource.strip().lower())
    if suffix is not None:
        target = resource_id.strip().rstrip("/").rpartition("/")[2].lower()
        return covers_host(f"{target}.{suffix}", name)
    if resource_type is None or resource_type in ANY_NAME:
        return None
    domains = DOMAINS_OF_TARGET.get(resource_type, (*OF_MICROSOFT, *TAGS_OF_SUFFIX))
    return None if any(_is_under(name, each) for each in domains) else False


def _is_under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
