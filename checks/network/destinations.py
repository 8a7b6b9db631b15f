"""The destinations of which an audit asks whether a network reaches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from checks.network.ip_ranges import Network, is_public

HOST_PORTS: Final = (80, 443)
"""The only ports of a host-name rule."""

WORKING_PORT: Final = 443
"""The default port of a destination."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host by name, or with a wildcard every host under it."""

    name: str
    protocol: str = "TCP"
    port: int = WORKING_PORT


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address or a network. `tags` are the service tags that include it, None if they are not known.

    `listed` are the tags whose addresses are known, None for every tag.
    """

    network: Network
    protocol: str = "TCP"
    port: int = WORKING_PORT
    tags: frozenset[str] | None = None
    listed: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """All addresses of a service tag, over one protocol and port."""

    tag: str
    protocol: str = "TCP"
    port: int = WORKING_PORT


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A sub-resource by private endpoint: of one resource by its id, or of any resource of a type."""

    subresource: str
    resource_id: str = ""
    resource_type: str = ""


Destination = Host | Address | Service | Endpoint


def is_public_place(destination: Destination) -> bool | None:
    """Return whether the internet routes the destination. None for a network of which it routes a part."""
    if isinstance(destination, Address):
        return is_public(destination.network)
    return not isinstance(destination, Endpoint)
