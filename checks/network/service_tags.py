"""Service tags, divided into those that cover resources of any customer and those of a single service.

Source of the names: "Virtual network service tags"
(https://learn.microsoft.com/azure/virtual-network/service-tags-overview, table "Available service tags", read
2026-11) and Microsoft's file of tags (ServiceTags_Public, change 376 of 2025-11). The split into shared and single
services is ours: a tag is shared if any customer may own an endpoint behind it that takes data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_network
from typing import Final

SHARED_TAGS: Final[Mapping[str, str]] = {
    "Internet": "every address on the internet",
    "AzureCloud": "every public address of Azure, of every customer",
    "Storage": "storage accounts of every customer",
    "AzureDataLake": "Data Lake Storage Gen1 accounts of every customer",
    "AppService": "web apps and functions of every customer",
    "AppConfiguration": "configuration stores of every customer",
    "ApiManagement": "API gateways of every customer",
    "AzureHealthcareAPIs": "health data services of every customer",
    "AzureBotService": "bots of every customer",
    "AzureCognitiveSearch": "search services of every customer",
    "AzureConnectors": "managed connectors, which write into services of every customer",
    "AzureContainerRegistry": "container registries of every customer",
    "AzureAttestation": "attestation providers of every customer",
    "AzureDeviceUpdate": "device update accounts of every customer",
    "AzureManagedGrafana": "dashboards of every customer",
    "AzureCosmosDB": "databases of every customer",
    "KustoAnalytics": "data clusters of every customer",
    "AzureDatabricks": "Databricks workspaces of every customer",
    "AzureDevOps": "organisations and repositories of every customer",
    "AzureDevSpaces": "development spaces of every customer",
    "AzureDigitalTwins": "digital twins of every customer",
    "AzureEventGrid": "event topics of every customer",
    "AzureFrontDoor": "without a suffix it holds AzureFrontDoor.Frontend",
    "AzureFrontDoor.Frontend": "web sites of every customer behind Front Door",
    "AzureIoTHub": "device hubs of every customer",
    "AzureKeyVault": "key vaults of every customer",
    "AzureMachineLearningInference": "online endpoints of every customer",
    "AzureSignalR": "message hubs of every customer",
    "AzureWebPubSub": "message hubs of every customer",
    "AzureSpringCloud": "applications of every customer",
    "CognitiveServices*": "AI services of every customer",
    "Dynamics365BusinessCentral": "business applications of every customer",
    "EventHub": "event hubs of every customer",
    "GuestAndHybridManagement": "automation accounts, with their webhooks, of every customer",
    "Grafana": "dashboards of every customer",
    "LogicApps": "workflows of every customer",
    "LogicAppsManagement": "workflow triggers of every customer",
    "MicrosoftAzureFluidRelay": "shared documents of every customer",
    "PowerBI": "reports and data sets of every customer",
    "PowerPlatform*": "apps and flows of every customer",
    "PowerQueryOnline": "data flows of every customer",
    "ServiceBus": "message queues of every customer",
    "Sql": "databases of every customer",
    "VideoIndexer": "video accounts of every customer",
}
"""Tags behind which any customer may own an endpoint that takes data, and whose endpoints those are.

A name ends in `*` if several tags begin so. Regional forms such as `Storage.WestEurope` belong to their tag.
"""

SINGLE_SERVICE_TAGS: Final = (
    "ActionGroup",
    "AppServiceManagement",
    "ApplicationInsightsAvailability",
    "AzureActiveDirectory",
    "AzureActiveDirectoryDomainServices",
    "AzureAdvancedThreatProtection",
    "AzureArcInfrastructure",
    "AzureBackup",
    "AzureContainerAppsService",
    "AzureFrontDoor.Backend",
    "AzureFrontDoor.FirstParty",
    "AzureFrontDoor.MicrosoftSecurity",
    "AzureInformationProtection",
    "AzureLoadBalancer",
    "AzureLoadTestingInstanceManagement",
    "AzureMachineLearning",
    "AzureMonitor",
    "AzureMonitorForSAP",
    "AzureDataExplorerManagement",
    "AzureOpenDatasets",
    "AzurePortal",
    "AzurePlatformDNS",
    "AzurePlatformIMDS",
    "AzurePlatformLKM",
    "AzureResourceManager",
    "AzureSecurityCenter",
    "AzureSentinel",
    "AzureSiteRecovery",
    "AzureSphere",
    "AzureStack",
    "AzureTrafficManager",
    "AzureUpdateDelivery",
    "BatchNodeManagement",
    "ChaosStudio",
    "DataFactory",
    "DataFactoryManagement",
    "Dynamics365ForMarketingEmail",
    "EOPExternalPublishedIPs",
    "GatewayManager",
    "HDInsight",
    "M365ManagementActivityApi",
    "M365ManagementActivityApiWebhook",
    "Marketplace",
    "MicrosoftCloudAppSecurity",
    "MicrosoftContainerRegistry",
    "MicrosoftDefenderForEndpoint",
    "MicrosoftPurviewPolicyDistribution",
    "OneDsCollector",
    "SCCservice",
    "SecurityCopilot",
    "SerialConsole",
    "ServiceFabric",
    "SqlManagement",
    "StorageMover",
    "StorageSyncService",
    "VirtualNetwork",
    "WindowsAdminCenter",
    "WindowsVirtualDesktop",
)
"""Tags of one service that Microsoft runs, or of the customer's own network."""

_SUFFIXES_THAT_ARE_NO_REGION: Final = ("azurefrontdoor.",)


def is_shared(
    tag: str, *, shared: Iterable[str] = SHARED_TAGS, single: Iterable[str] = SINGLE_SERVICE_TAGS
) -> bool | None:
    """Return whether the tag covers endpoints of every customer. None if no list has the tag.

    `shared` may hold globs. A regional form counts as its tag, and an exact name in either list decides before a
    glob does.
    """
    word = service_of(tag)
    exact = {name.lower() for name in single}
    listed = [name.lower() for name in shared]
    if word in listed:
        return True
    if word in exact:
        return False
    return True if any(fnmatchcase(word, name) for name in listed if "*" in name) else None


def service_of(tag: str) -> str:
    """Return the tag in lower case without its region."""
    word = tag.strip().lower()
    if word.startswith(_SUFFIXES_THAT_ARE_NO_REGION):
        return ".".join(word.split(".")[:2])
    return word.partition(".")[0]


def region_of(tag: str) -> str:
    """Return the region of a regional tag in lower case, "" for a tag of the whole cloud."""
    return tag.strip().lower().removeprefix(service_of(tag)).removeprefix(".")


def covers_tag(wide: str, narrow: str) -> bool:
    """Return whether every address of the tag `narrow` is an address of the tag `wide`."""
    if wide.strip().lower() == "internet":
        return service_of(narrow) != "virtualnetwork"
    return service_of(wide) == service_of(narrow) and region_of(wide) in {"", region_of(narrow)}


def is_no_tag(text: str) -> bool:
    """Return whether the text cannot be a service tag: a wildcard, `Any`, an address or another non-name."""
    word = text.strip()
    if word.lower() == "any" or not word.replace(".", "").replace("_", "").isalnum():
        return True
    try:
        ip_network(word, strict=False)
    except ValueError:
        return False
    return True
