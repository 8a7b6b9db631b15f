"""A private endpoint that exists before a fix closes a resource: the texts close nothing without one."""

from __future__ import annotations

from dataclasses import replace

from scanner.emulator.tenants.tenant import Resource, Tenant


def reached(tenant: Tenant, target: str) -> Tenant:
    """Return the tenant with an approved private endpoint of the target, or a component's private link scope."""
    resources = tuple(
        _with_endpoint(each) if each.id.lower() == target else each for each in tenant.resources
    )
    return replace(tenant, resources=resources)


def _with_endpoint(resource: Resource) -> Resource:
    properties = resource.body["properties"]
    if "/components/" in resource.id:
        scoped = [{"ScopeId": f"{resource.id}/scope", "ResourceId": f"{resource.id}/scope/scoped"}]
        return replace(
            resource,
            body={**resource.body, "properties": {**properties, "PrivateLinkScopedResources": scoped}},
        )
    known = properties.get("privateEndpointConnections") or []
    if any(each["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved" for each in known):
        return resource
    group = resource.id.partition("/providers/")[0]
    endpoint = {
        "id": f"{resource.id}/privateEndpointConnections/pe-start",
        "name": "pe-start",
        "properties": {
            "privateEndpoint": {"id": f"{group}/providers/Microsoft.Network/privateEndpoints/pe-start"},
            "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-Approved"},
            "provisioningState": "Succeeded",
        },
        "systemData": {"createdAt": "2026-01-15T09:00:00Z"},
    }
    changed = {**properties, "privateEndpointConnections": [*known, endpoint]}
    return replace(resource, body={**resource.body, "properties": changed})
