"""Builds the private endpoints and virtual networks behind the connections of a tenant's resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scanner.emulator.tenants.network import SPOKE
from scanner.emulator.tenants.tenant import Resource
from scanner.emulator.versions import Document

_USUAL = ("10.20.0.0/16",)


def networks(
    resources: Iterable[Resource], *, of: Iterable[str], prefixes: Mapping[str, Sequence[str]] | None = None
) -> list[Resource]:
    """Return the endpoints that the resources' connections name in the subscriptions `of`, and their networks.

    `prefixes` are the address prefixes of virtual networks by name, if they are not the usual ones.
    """
    subnets = {}
    for resource in resources:
        for connection in resource.body.get("properties", {}).get("privateEndpointConnections") or ():
            endpoint = connection["properties"]["privateEndpoint"]
            group = str(endpoint["id"]).rpartition("/privateEndpoints/")[0]
            usual = f"{group}/virtualNetworks/{SPOKE}/subnets/snet-endpoints"
            if str(endpoint["id"]).split("/")[2] in of:
                subnets[str(endpoint["id"])] = str(endpoint.get("subnetArmId", usual))
    held = defaultdict(list)
    for endpoint_id, subnet in subnets.items():
        held[subnet].append(endpoint_id)
    return [
        *(Resource(body=_endpoint(endpoint_id, subnet)) for endpoint_id, subnet in subnets.items()),
        *(Resource(body=_network(subnet, endpoints, prefixes or {})) for subnet, endpoints in held.items()),
    ]


def _endpoint(endpoint_id: str, subnet: str) -> Document:
    properties = {"provisioningState": "Succeeded", "subnet": {"id": subnet}}
    return _envelope(endpoint_id, properties)


def _network(subnet: str, endpoints: Sequence[str], prefixes: Mapping[str, Sequence[str]]) -> Document:
    network_id = subnet.partition("/subnets/")[0]
    addresses = list(prefixes.get(network_id.rpartition("/")[2], _USUAL))
    listed = {"addressPrefix": addresses[0], "privateEndpoints": [{"id": each} for each in endpoints]}
    properties = {
        "provisioningState": "Succeeded",
        "addressSpace": {"addressPrefixes": addresses},
        "subnets": [{"id": subnet, "name": subnet.rpartition("/")[2], "properties": listed}],
    }
    return _envelope(network_id, properties)


def _envelope(resource_id: str, properties: Document) -> Document:
    *_, namespace, kind, name = resource_id.split("/")
    return {
        "id": resource_id,
        "name": name,
        "type": f"{namespace}/{kind}",
        "location": "westeurope",
        "properties": properties,
    }
