"""Builds subscriptions and workspaces as ARM sends them; every identifier follows from names."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.versions import WORKSPACES, Document

CREATED = "2026-01-15T09:00:00.0000000Z"
_AUTHOR = "ml.platform@example.com"


def guid(*parts: object) -> str:
    """The same GUID for the same parts, always; of no real tenant."""
    return str(uuid5(NAMESPACE_URL, "/".join(["azml-audit-emulator", *map(str, parts)])))


def subscription(
    subscription_id: str,
    display_name: str,
    *,
    state: str = "Enabled",
    tenant_id: str = TENANT_ID,
    managed_by: tuple[str, ...] = (),
) -> Document:
    """An item of the subscriptions list; `managed_by` are tenants it is delegated to (Lighthouse)."""
    return {
        "id": f"/subscriptions/{subscription_id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [{"tenantId": tenant} for tenant in managed_by],
        "subscriptionId": subscription_id,
        "tenantId": tenant_id,
        "displayName": display_name,
        "state": state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def descendant(item: Document, parent: str) -> Document:
    """A subscription as an item of a management group's descendants."""
    group = f"/providers/Microsoft.Management/managementGroups/{parent}"
    return {
        "id": item["id"],
        "type": "/subscriptions",
        "name": item["subscriptionId"],
        "properties": {"displayName": item["displayName"], "parent": {"id": group}},
    }


def child_group(name: str, display_name: str, parent: str) -> Document:
    """A management group as an item of its parent's descendants."""
    prefix = "/providers/Microsoft.Management/managementGroups"
    return {
        "id": f"{prefix}/{name}",
        "type": "Microsoft.Management/managementGroups",
        "name": name,
        "properties": {"displayName": display_name, "parent": {"id": f"{prefix}/{parent}"}},
    }


@dataclass(frozen=True, kw_only=True)
class Place:
    """A resource group: subscription id, name and region."""

    subscription: str
    group: str
    location: str

    def id_of(self, provider_type: str, name: str) -> str:
        """The id of a resource of that type in this group."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{provider_type}/{name}"
        )


@dataclass(frozen=True, kw_only=True)
class Site:
    """A workspace's place and name, from which the ids of what it depends on follow."""

    place: Place
    name: str

    @property
    def id(self) -> str:
        """The workspace's resource id."""
        return self.place.id_of(WORKSPACES, self.name)

    @property
    def storage(self) -> str:
        """The id of its storage account."""
        return self.place.id_of("Microsoft.Storage/storageAccounts", f"st{self._stem}")

    @property
    def vault(self) -> str:
        """The id of its key vault, with the provider's name spelled as Machine Learning spells it."""
        return self.place.id_of("Microsoft.Keyvault/vaults", f"kv{self._stem}")

    @property
    def registry(self) -> str:
        """The id of its container registry."""
        return self.place.id_of("Microsoft.ContainerRegistry/registries", f"cr{self._stem}")

    @property
    def insights(self) -> str:
        """The id of its Application Insights component, spelled as Machine Learning spells it."""
        return self.place.id_of("Microsoft.insights/components", f"appi-{self.name.lower()}")

    @property
    def _stem(self) -> str:
        return self.name.lower().replace("-", "").replace("_", "")[:20]


def system_data() -> Document:
    """The authors of a resource, with mail addresses that no report may show."""
    return {
        "createdAt": CREATED,
        "createdBy": _AUTHOR,
        "createdByType": "User",
        "lastModifiedAt": CREATED,
        "lastModifiedBy": _AUTHOR,
        "lastModifiedByType": "User",
    }


def system_assigned(*seed: object) -> Document:
    """A system-assigned identity."""
    return {"type": "SystemAssigned", "principalId": guid("principal", *seed), "tenantId": TENANT_ID}


def workspace(
    site: Site,
    *parts: Document,
    kind: str = "Default",
    identity: Document | None = None,
    tags: dict[str, str] | None = None,
) -> Document:
    """A workspace whose properties are the usual ones, overridden by `parts` in turn."""
    properties: Document = {**_properties(site), **_links(site)}
    for part in parts:
        properties = {**properties, **part}
    return {
        "id": site.id,
        "name": site.name,
        "type": WORKSPACES,
        "location": site.place.location,
        "tags": tags or {},
        "etag": None,
        "properties": properties,
        "identity": identity or system_assigned(site.id),
        "kind": kind,
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": system_data(),
    }


def _links(site: Site) -> Document:
    return {
        "storageAccount": site.storage,
        "keyVault": site.vault,
        "containerRegistry": site.registry,
        "applicationInsights": site.insights,
    }


def _properties(site: Site) -> Document:
    location, workspace_id = site.place.location, guid("workspace", site.id)
    return {
        "friendlyName": site.name,
        "description": "",
        "hbiWorkspace": False,
        "tenantId": TENANT_ID,
        "imageBuildCompute": None,
        "provisioningState": "Succeeded",
        "allowRoleAssignmentOnRG": False,
        "v1LegacyMode": False,
        "softDeleteEnabled": False,
        "creationTime": CREATED,
        "notebookInfo": {
            "resourceId": guid("notebook", site.id).replace("-", ""),
            "fqdn": f"ml-{site.name.lower()}-{location}-{workspace_id}.{location}.notebooks.azure.net",
            "isPrivateLinkEnabled": False,
            "notebookPreparationError": None,
        },
        "storageHnsEnabled": False,
        "workspaceId": workspace_id,
        "linkedModelInventoryArmId": None,
        "privateLinkCount": 0,
        "discoveryUrl": f"https://{location}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{location}.api.azureml.ms/mlflow/v1.0{site.id}",
        "serverlessComputeSettings": None,
        "EnableSoftwareBillOfMaterials": False,
        "sdkTelemetryAppInsightsKey": guid("telemetry", site.id),
        "systemDatastoresAuthMode": "AccessKey",
        "enableDataIsolation": False,
    }
