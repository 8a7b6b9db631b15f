"""Builds what a workspace depends on: storage account, key vault, registry, Application Insights, logs."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.emulator.tenants.builders import Site, guid
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.tenant import Resource
from scanner.emulator.versions import Document


def closed(site: Site) -> list[Resource]:
    """All four dependencies, private and hardened."""
    return [Resource(body=body) for body in (storage(site), vault(site), registry(site), insights(site))]


def opened(site: Site, *, has_endpoint: bool = False) -> list[Resource]:
    """All four dependencies as they are created by default: open to the public.

    `has_endpoint` gives the storage account a private endpoint beside.
    """
    endpoints = {"privateEndpointConnections": [_endpoint(site.storage)]} if has_endpoint else {}
    bodies = (
        storage(site, **{**_OPEN_STORAGE, **endpoints}),
        vault(site, **_OPEN_VAULT),
        registry(site, **_OPEN_REGISTRY),
    )
    return [Resource(body=body) for body in (*bodies, insights(site, is_public=True))]


def storage(site: Site, **properties: object) -> Document:
    """Return the storage account, private and hardened unless `properties` replace a value."""
    hardened = {
        "publicNetworkAccess": "Disabled",
        "networkAcls": _acls("Deny", "AzureServices", resourceAccessRules=[]),
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
        "defaultToOAuthAuthentication": True,
        "privateEndpointConnections": [_endpoint(site.storage)],
        "isHnsEnabled": False,
        "provisioningState": "Succeeded",
    }
    sku = {"name": "Standard_ZRS", "tier": "Standard"}
    return {**_envelope(site, site.storage, {**hardened, **properties}), "sku": sku, "kind": "StorageV2"}


def vault(site: Site, **properties: object) -> Document:
    """Return the key vault, private and hardened unless `properties` replace a value; None leaves it out."""
    name = site.vault.rpartition("/")[2]
    hardened = {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": TENANT_ID,
        "publicNetworkAccess": "Disabled",
        "networkAcls": _acls("Deny", "AzureServices"),
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enablePurgeProtection": True,
        "enableRbacAuthorization": True,
        "vaultUri": f"https://{name}.vault.azure.net/",
        "provisioningState": "Succeeded",
        "privateEndpointConnections": [_endpoint(site.vault)],
    }
    present = {key: part for key, part in {**hardened, **properties}.items() if part is not None}
    return _envelope(site, site.vault.replace("Keyvault", "KeyVault"), present)


def registry(site: Site, *, sku: str = "Premium", **properties: object) -> Document:
    """Return the container registry, private and Premium unless the arguments replace a value."""
    name = site.registry.rpartition("/")[2]
    hardened = {
        "loginServer": f"{name}.azurecr.io",
        "provisioningState": "Succeeded",
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "publicNetworkAccess": "Disabled",
        "networkRuleBypassOptions": "AzureServices",
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": []},
        "privateEndpointConnections": [_endpoint(site.registry)],
    }
    body = _envelope(site, site.registry, {**hardened, **properties})
    return {**body, "sku": {"name": sku, "tier": sku}}


def insights(site: Site, *, is_public: bool = False) -> Document:
    """Return the Application Insights component, closed unless `is_public`."""
    access = "Enabled" if is_public else "Disabled"
    properties = {
        "Application_Type": "web",
        "ApplicationId": site.insights.rpartition("/")[2],
        "InstrumentationKey": guid("telemetry", site.id),
        "IngestionMode": "LogAnalytics",
        "DisableLocalAuth": not is_public,
        "publicNetworkAccessForIngestion": access,
        "publicNetworkAccessForQuery": access,
        "provisioningState": "Succeeded",
    }
    return {**_envelope(site, site.insights, properties), "kind": "web"}


def perimeter(
    site: Site,
    resource_id: str,
    mode: str,
    *rules: Document,
    issues: Sequence[Document] = (),
    state: str = "Succeeded",
) -> Resource:
    """The association of a storage account or key vault with a network security perimeter, and its inbound rules."""
    name = "nsp-research"
    number = guid("perimeter", site.place.subscription)
    of = site.place.id_of("Microsoft.Network/networkSecurityPerimeters", name)
    properties = {
        "provisioningState": state,
        "provisioningIssues": list(issues),
        "networkSecurityPerimeter": {"id": of, "perimeterGuid": number, "location": site.place.location},
        "resourceAssociation": {"name": "association", "accessMode": mode},
        "profile": {
            "name": "default",
            "accessRulesVersion": 1,
            "accessRules": [
                {"name": f"inbound-{position}", "properties": {"direction": "Inbound", **rule}}
                for position, rule in enumerate(rules)
            ],
        },
    }
    kind = "networkSecurityPerimeterConfigurations"
    *_, namespace, above, _name = resource_id.split("/")
    body = {
        "id": f"{resource_id}/{kind}/{number}.association",
        "name": f"{number}.association",
        "type": f"{namespace}/{above}/{kind}",
        "properties": properties,
    }
    return Resource(body=body)


def diagnostics(site: Site, *, is_enabled: bool = True) -> Resource:
    """A diagnostic setting of the workspace that sends its logs to a Log Analytics workspace."""
    workspace = site.place.id_of("Microsoft.OperationalInsights/workspaces", "log-platform")
    categories = ("AmlComputeClusterEvent", "AmlRunStatusChangedEvent", "ModelsChangeEvent")
    properties = {
        "workspaceId": workspace,
        "storageAccountId": None,
        "eventHubAuthorizationRuleId": None,
        "logs": [{"category": name, "categoryGroup": None, "enabled": is_enabled} for name in categories],
        "metrics": [{"category": "AllMetrics", "enabled": False}],
    }
    name = "to-log-analytics"
    full_id = f"{site.id}/providers/microsoft.insights/diagnosticSettings/{name}"
    body = {
        "id": full_id,
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": name,
        "properties": properties,
    }
    return Resource(body=body)


def _envelope(site: Site, full_id: str, properties: Document) -> Document:
    *_, namespace, kind, name = full_id.split("/")
    return {
        "id": full_id,
        "name": name,
        "type": f"{namespace}/{kind}",
        "location": site.place.location,
        "tags": {},
        "properties": properties,
    }


def _acls(default_action: str, bypass: str, **rest: object) -> Document:
    return {
        "defaultAction": default_action,
        "bypass": bypass,
        "ipRules": [],
        "virtualNetworkRules": [],
        **rest,
    }


def _endpoint(target: str) -> Document:
    name = target.rpartition("/")[2]
    subscription = target.split("/")[2]
    network = f"/subscriptions/{subscription}/resourceGroups/rg-network/providers/Microsoft.Network"
    return {
        "id": f"{target}/privateEndpointConnections/{name}.{guid(target)}",
        "properties": {
            "privateEndpoint": {"id": f"{network}/privateEndpoints/pe-{name}"},
            "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-Approved"},
            "provisioningState": "Succeeded",
        },
    }


_OPEN_STORAGE: Document = {
    "publicNetworkAccess": "Enabled",
    "networkAcls": _acls("Allow", "AzureServices", resourceAccessRules=[]),
    "allowBlobPublicAccess": True,
    "allowSharedKeyAccess": None,
    "minimumTlsVersion": "TLS1_0",
    "privateEndpointConnections": [],
}
_OPEN_VAULT: Document = {
    "publicNetworkAccess": "Enabled",
    "networkAcls": _acls("Allow", "AzureServices"),
    "enablePurgeProtection": None,
    "privateEndpointConnections": None,
}
_OPEN_REGISTRY: Document = {
    "sku": "Basic",
    "adminUserEnabled": True,
    "publicNetworkAccess": "Enabled",
    "networkRuleSet": None,
    "privateEndpointConnections": [],
}
