"""Check the addresses of a rule: defects of one address, and how much several of them open together."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

EVERY_IPV4: Final = IPv4Network("0.0.0.0/0")

_IPV4_MAPPED: Final = IPv6Network("::ffff:0:0/96")

NOT_PUBLIC: Final = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
        "::1/128", "::/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
        "3fff::/20", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"""Blocks that are not public, from IANA's registries of special-purpose addresses, read 2026-11."""

RESERVED_IPV4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
"""Special-purpose IPv4 blocks, from https://www.iana.org/assignments/iana-ipv4-special-registry."""

MIN_PREFIX: Final = 24
"""The widest IPv4 network that a rule may open unless the policy sets another."""

MAX_ADDRESSES: Final = 1024
"""The most addresses that the rules of a resource may open together unless the policy sets another number."""


def network_of(text: str) -> Network | None:
    """Return the address or CIDR range as a network, IPv4 for IPv4-mapped IPv6. None if the text is neither.

    An address with a zone, such as fe80::1%eth0, is none: it has a meaning on one machine only.
    """
    if "%" in text:
        return None
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.subnet_of(_IPV4_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def address_defect(rule: str) -> str:
    """Return what is wrong with one address rule of a public endpoint, "" if nothing is.

    Azure accepts public IPv4 addresses and CIDR ranges only. `opening_defect` judges how much the rules open
    together.
    """
    network = network_of(rule)
    if network is None:
        return "is not an address or a CIDR range"
    if ":" in rule or isinstance(network, IPv6Network):
        return "is IPv6, and only IPv4 is supported"
    if network.prefixlen and any(network.overlaps(reserved) for reserved in RESERVED_IPV4):
        return "has private or reserved addresses"
    return ""


def union(prefixes: Iterable[str]) -> list[Network] | None:
    """Return the smallest set of networks with the same addresses. None if a prefix is no network."""
    networks = [network_of(prefix) for prefix in prefixes]
    if None in networks:
        return None
    return _collapsed(network for network in networks if network is not None)


def opening_defect(prefixes: Iterable[str], *, min_prefix: int, max_addresses: int) -> str | None:
    """Return why the prefixes open too much together, "" if they do not, None if that is not known.

    The union of the prefixes decides: 1,024 adjacent /24 are the same opening as a /14. The union may have no network
    wider than an IPv4 /`min_prefix`, and at most `max_addresses` addresses. The same numbers of addresses apply to
    IPv6. None if the union is narrow and a text is no prefix.
    """
    networks = [network_of(prefix) for prefix in prefixes]
    opened = _collapsed(network for network in networks if network is not None)
    if any(network.prefixlen == 0 for network in opened):
        return "every address there is"
    widest = max(opened, key=lambda network: network.num_addresses, default=None)
    if widest is not None and widest.num_addresses > 2 ** (32 - min_prefix):
        family = "an IPv4 " if isinstance(widest, IPv6Network) else ""
        return f"{widest}, which is wider than {family}/{min_prefix}"
    total = sum(network.num_addresses for network in opened)
    if total > max_addresses:
        return f"{total:,} addresses, more than {max_addresses:,}"
    return None if None in networks else ""


def covers(wide: Iterable[Network], narrow: Iterable[Network]) -> bool:
    """Return whether every address of `narrow` is an address of `wide`; both are unions."""
    listed = list(wide)
    return all(any(_includes(outer, inner) for outer in listed) for inner in narrow)


def overlaps(networks: Iterable[Network], other: Network) -> bool:
    """Return whether an address of `other` is an address of a network."""
    return any(_includes(each, other) or _includes(other, each) for each in networks)


def is_public(network: Network) -> bool | None:
    """Return whether the internet routes the addresses. None if it routes a part of them."""
    if covers(NOT_PUBLIC, [network]):
        return False
    return None if overlaps(NOT_PUBLIC, network) else True


def _includes(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, IPv6Network) and isinstance(inner, IPv6Network):
        return inner.subnet_of(outer)
    return False


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    listed = list(networks)
    return [
        *collapse_addresses(each for each in listed if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in listed if isinstance(each, IPv6Network)),
    ]
