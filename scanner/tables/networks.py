"""The virtual networks around private endpoints, as columns of connections and of what workspaces depend on.

A private endpoint names its subnet (`properties.subnet.id`); some connections name it already (`subnetArmId`). A
virtual network lists the private endpoints in its subnets, so that no endpoint of a dependency has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scanner.payloads.answers import PRIVATE_ENDPOINTS, VIRTUAL_NETWORKS
from scanner.payloads.json_members import Object, key, link, member, named, objects
from scanner.payloads.payload import Gap, Payload
from scanner.tables.rows import Row

NETWORK_API_VERSION = "2024-05-01"
"""A stable api-version of both types (contract of Microsoft.Network, 2024-05)."""

NETWORK_TYPES = {kind: f"Microsoft.Network/{kind}" for kind in (PRIVATE_ENDPOINTS, VIRTUAL_NETWORKS)}
"""The resource type of each kind."""

_SUBNET = re.compile(r"(/subscriptions/.+/virtualNetworks/[^/]+)/subnets/[^/]+", re.IGNORECASE)
_MAY_SHARE = "?"


@dataclass(frozen=True, kw_only=True)
class PlacedEndpoint:
    """The private endpoint of an Approved connection. `subnet_id` is "" if the connection does not name it."""

    id: str
    subnet_id: str = ""


def approved_endpoints(connections: Any) -> list[PlacedEndpoint]:
    """Return the private endpoints of the Approved connections in a list. Other connections carry no traffic."""
    items = connections if isinstance(connections, list) else []
    return [
        PlacedEndpoint(id=endpoint, subnet_id=link(item, *_ENDPOINT, "subnetArmId") or "")
        for item in items
        if isinstance(item, dict)
        and is_approved(named(item, *_STATE))
        and (endpoint := link(item, *_ENDPOINT, "id"))
    ]


_ENDPOINT = ("properties", "privateEndpoint")
_STATE = ("properties", "privateLinkServiceConnectionState", "status")


def is_approved(status: str | None) -> bool:
    """Return whether this is the status of a connection that carries traffic."""
    return (status or "").lower() == "approved"


def network_of(subnet_id: str | None) -> str | None:
    """Return the id of the virtual network of a subnet, None for no id of a subnet."""
    found = _SUBNET.fullmatch(subnet_id or "")
    return found.group(1) if found else None


def subnet_of(endpoint: Object) -> str | None:
    """Return the id of the subnet that a private endpoint names."""
    return link(_members(endpoint), "subnet", "id")


class NetworkAnswers:
    """Collects the answers about private endpoints and virtual networks."""

    def __init__(self) -> None:
        """Start empty."""
        self._answers: dict[str, Payload | Gap] = {}

    def add(self, answer: Payload | Gap) -> None:
        """Add an answer. If several workers asked about one resource, a payload comes before a gap."""
        known = self._answers.setdefault(key(answer.scope), answer)
        if isinstance(known, Gap) and isinstance(answer, Payload):
            self._answers[key(answer.scope)] = answer

    def about(self, connection: Row) -> Sequence[Payload | Gap]:
        """Return the answers about the endpoint of a connection, and about its virtual network."""
        network = network_of(self._subnet(connection))
        ids = (connection["private_endpoint_id"], network)
        return [self._answers[key(each)] for each in ids if each and key(each) in self._answers]

    def columns(self, connection: Row) -> Row:
        """Return the columns of a connection: its subnet, and the address prefixes of the virtual network around it."""
        subnet = self._subnet(connection)
        return {"subnet_id": subnet, "network_prefixes": self._prefixes(network_of(subnet))}

    def shared(self, connections: Iterable[Row], endpoints: Sequence[str] | None) -> str | None:
        """Return the networks of a workspace's connections that hold one of the endpoints, joined by ", ".

        "?" is a network that may hold one. None if nobody asked, or if `endpoints` are not known.
        """
        if not self._answers or endpoints is None:
            return None
        own = [row for row in connections if is_approved(row["status"])]
        found = (self._holding(row, {key(each) for each in endpoints}) for row in own if endpoints)
        return ", ".join(sorted({each for each in found if each}))

    def _holding(self, connection: Row, endpoints: set[str]) -> str:
        """Return the network of a connection if it holds one of the endpoints, "" if it does not, else "?".

        The network's own list proves an absence only if it shows the endpoint of the connection.
        """
        network = network_of(self._subnet(connection))
        if network is None:
            return _MAY_SHARE
        places = {each: network_of(self._named_subnet(each)) for each in endpoints}
        listed = self._listed(network)
        if endpoints & listed or key(network) in {key(each) for each in places.values() if each}:
            return network
        is_shown = key(connection["private_endpoint_id"] or "") in listed
        return "" if is_shown or None not in places.values() else _MAY_SHARE

    def _subnet(self, connection: Row) -> str | None:
        return connection["subnet_id"] or self._named_subnet(connection["private_endpoint_id"])

    def _named_subnet(self, endpoint_id: str | None) -> str | None:
        answer = self._read(endpoint_id)
        return subnet_of(answer.document) if answer else None

    def _prefixes(self, network: str | None) -> str | None:
        prefixes = member(self._members(network), "addressSpace", "addressPrefixes")
        if not isinstance(prefixes, list) or not prefixes:
            return None
        return ", ".join(each if isinstance(each, str) and each else _MAY_SHARE for each in prefixes)

    def _listed(self, network: str) -> set[str]:
        """Return the lower-cased ids of the private endpoints that a virtual network lists."""
        subnets = objects(self._members(network), "subnets") or []
        endpoints = (objects(_members(subnet), "privateEndpoints") or [] for subnet in subnets)
        return {key(id) for each in endpoints for item in each if (id := named(item, "id"))}

    def _members(self, resource_id: str | None) -> Any:
        answer = self._read(resource_id)
        return _members(answer.document) if answer else None

    def _read(self, resource_id: str | None) -> Payload | None:
        answer = self._answers.get(key(resource_id)) if resource_id else None
        return answer if isinstance(answer, Payload) and answer.status == 200 else None


def _members(item: Object) -> Any:
    """Return the properties of a resource. `az network` prints them beside the id."""
    return item.get("properties", item)
