"""Service tags: which of them include resources that any customer of Azure may own.

Source of the names: "Virtual network service tags"
(https://learn.microsoft.com/azure/virtual-network/service-tags-overview, table "Available service tags", read
2026-11) and Microsoft's file of tags (ServiceTags_Public, change 376 of 2025-11). The split into shared and single
services is ours: a tag is shared if any customer may own an endpoint behind it that takes data.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from checks.network.ip_ranges import network_of

SHARED_TAGS: Final = (
    "Internet", "AzureCloud", "Storage", "AzureDataLake", "AppService", "AppConfiguration", "ApiManagement",
    "AzureHealthcareAPIs", "AzureBotService", "AzureCognitiveSearch", "AzureConnectors",
    "AzureContainerRegistry", "AzureAttestation", "AzureDeviceUpdate", "AzureManagedGrafana",
    "AzureCosmosDB", "KustoAnalytics", "AzureDatabricks", "AzureDevOps", "AzureDevSpaces",
    "AzureDigitalTwins", "AzureEventGrid", "AzureFrontDoor", "AzureFrontDoor.Frontend", "AzureIoTHub",
    "AzureKeyVault", "AzureMachineLearningInference", "AzureSignalR", "AzureWebPubSub", "AzureSpringCloud",
    "CognitiveServices*", "Dynamics365BusinessCentral", "EventHub", "GuestAndHybridManagement", "Grafana",
    "LogicApps", "LogicAppsManagement", "MicrosoftAzureFluidRelay", "PowerBI", "PowerPlatform*",
    "PowerQueryOnline", "ServiceBus", "Sql", "VideoIndexer",
)  # fmt: skip
"""Tags behind which any customer may own an endpoint that takes data, such as an account, a host or a queue.

A name ends in `*` if several tags begin with it. A regional form such as `Storage.WestEurope` counts as its tag.
`AzureFrontDoor` without a suffix includes `AzureFrontDoor.Frontend`, the web sites of every customer.
`AzureConnectors` write into services of every customer, and `GuestAndHybridManagement` includes webhooks.
"""

SINGLE_SERVICE_TAGS: Final = (
    "ActionGroup", "AppServiceManagement", "ApplicationInsightsAvailability", "AzureActiveDirectory",
    "AzureActiveDirectoryDomainServices", "AzureAdvancedThreatProtection", "AzureArcInfrastructure",
    "AzureBackup", "AzureContainerAppsService", "AzureFrontDoor.Backend", "AzureFrontDoor.FirstParty",
    "AzureFrontDoor.MicrosoftSecurity", "AzureInformationProtection", "AzureLoadBalancer",
    "AzureLoadTestingInstanceManagement", "AzureMachineLearning", "AzureMonitor", "AzureMonitorForSAP",
    "AzureDataExplorerManagement", "AzureOpenDatasets", "AzurePortal", "AzurePlatformDNS",
    "AzurePlatformIMDS", "AzurePlatformLKM", "AzureResourceManager", "AzureSecurityCenter", "AzureSentinel",
    "AzureSiteRecovery", "AzureSphere", "AzureStack", "AzureTrafficManager", "AzureUpdateDelivery",
    "BatchNodeManagement", "ChaosStudio", "DataFactory", "DataFactoryManagement",
    "Dynamics365ForMarketingEmail", "EOPExternalPublishedIPs", "GatewayManager", "HDInsight",
    "M365ManagementActivityApi", "M365ManagementActivityApiWebhook", "Marketplace",
    "MicrosoftCloudAppSecurity", "MicrosoftContainerRegistry", "MicrosoftDefenderForEndpoint",
    "MicrosoftPurviewPolicyDistribution", "OneDsCollector", "SCCservice", "SecurityCopilot",
    "SerialConsole", "ServiceFabric", "SqlManagement", "StorageMover", "StorageSyncService",
    "VirtualNetwork", "WindowsAdminCenter", "WindowsVirtualDesktop",
)  # fmt: skip
"""Tags of one service that Microsoft runs, or of the customer's own network."""

_SUFFIXES_THAT_ARE_NO_REGION: Final = ("azurefrontdoor.",)

WHOLE_TAGS: Final = frozenset({"internet", "azurecloud"})
"""The tags that name everybody's addresses and not those of one service."""

OVERLAPPING_TAGS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("logicapps", "logicappsmanagement"),
        ("datafactory", "datafactorymanagement"),
        ("azureactivedirectory", "azureactivedirectorydomainservices"),
    )
)
"""Tags of which one lies inside the other, from Microsoft's file ServiceTags_Public of 2025-11-17 (change 376)."""


def is_shared(
    tag: str, *, shared: Iterable[str] = SHARED_TAGS, single: Iterable[str] = SINGLE_SERVICE_TAGS
) -> bool | None:
    """Return whether the tag includes endpoints of every customer. None if no list has the tag.

    `shared` may have globs. A regional form counts as its tag. An exact name in either list wins over a glob.
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


def covers_tag(wide: str, narrow: str) -> bool | None:
    """Return whether every address of the tag `narrow` is an address of the tag `wide`. None for a part of them.

    `Internet` and `AzureCloud` count as wholes: no narrower tag covers a part of them. AzureCloud lists the addresses
    of Azure's data centers, so it certainly has Storage and may have those of any other service.
    """
    outer, inner = service_of(wide), service_of(narrow)
    if outer == inner or inner.startswith(f"{outer}."):
        return _covers_region(region_of(wide), region_of(narrow))
    if outer == "internet":
        return inner != "virtualnetwork"
    if inner in WHOLE_TAGS or "virtualnetwork" in (outer, inner):
        return False
    if outer == "azurecloud":
        return True if inner == "storage" and not region_of(wide) else None
    return None if outer.startswith(f"{inner}.") or frozenset((outer, inner)) in OVERLAPPING_TAGS else False


def _covers_region(wide: str, narrow: str) -> bool | None:
    if wide in ("", narrow):
        return True
    return None if narrow == "" else False


def is_no_tag(text: str) -> bool:
    """Return whether the text cannot be a service tag: a wildcard, `Any`, an address or another non-name."""
    word = text.strip()
    is_name = word.replace(".", "").replace("_", "").isalnum() and word.lower() != "any"
    return not is_name or network_of(word) is not None
