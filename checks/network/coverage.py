"""Find the rules that cover a rule, without a comparison of every rule with every other one.

A rule opens a set of parts: a host, a tag, a protocol, aligned blocks of addresses and of ports. One rule
covers another if each part of the other lies in one of its own parts. `Coverage` keeps for each part the rules that
have it as one integer, in which bit n is rule n, so a question about 10,000 rules is a few operations on integers.
OBR010 asks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, summarize_address_range

from checks.network.hosts import normal_host
from checks.network.ip_ranges import Network, union
from checks.network.ports import parsed_ports
from checks.network.service_tags import covers_tag

Part = tuple[str, str | int, int]
"""A kind, a value, and the size of what lies above: the length of a wildcard's ending or of a prefix, else 0."""

_ANY = ("protocol", "*", 0)
_WIDE_TAGS = ("internet", "azurecloud")


def host_part(host: str) -> Part:
    """Return the part of a host name or wildcard."""
    name = normal_host(host)
    return ("wildcard", name[1:], len(name) - 1) if name.startswith("*") else ("host", name, 0)


def tag_part(tag: str) -> Part:
    """Return the part of a service tag."""
    return "tag", tag.strip().lower(), 0


def protocol_part(protocol: str) -> Part:
    """Return the part of a protocol; `*` is every protocol."""
    return "protocol", protocol.lower(), 0


def target_part(target: str, *, with_spark: bool) -> Part:
    """Return the part of a private endpoint; one for Spark covers the same one without Spark."""
    return "spark target" if with_spark else "target", target, 0


def network_parts(prefixes: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of address prefixes, equal for equal addresses; one part for texts that are no prefixes."""
    networks = union(prefixes)
    if networks is None:
        return (("unreadable prefixes", ",".join(sorted(each.lower() for each in prefixes)), 0),)
    return tuple(_block(f"IPv{each.version}", each) for each in networks)


@lru_cache(maxsize=65536)
def port_parts(ranges: str) -> tuple[Part, ...]:
    """Return the parts of a port list, equal for equal ports; one part for a text that is no port list."""
    ports = parsed_ports(ranges)
    if ports is None:
        return (("unreadable ports", ranges.strip(), 0),)
    blocks = (summarize_address_range(IPv4Address(low), IPv4Address(high)) for low, high in ports)
    return tuple(_block("ports", each) for several in blocks for each in several)


def _block(kind: str, network: Network) -> Part:
    length = network.prefixlen
    return kind, int(network.network_address) >> (network.max_prefixlen - length), length


class Coverage:
    """The rules of one workspace, numbered in the order in which they come."""

    def __init__(self, opened: Iterable[frozenset[Part]]) -> None:
        """Note the rules that have each part, and the sizes of the parts of each kind."""
        self._rules: dict[Part, int] = defaultdict(int)
        for number, parts in enumerate(opened):
            for part in parts:
                self._rules[part] |= 1 << number
        self._sizes: dict[str, set[int]] = defaultdict(set)
        for kind, _, size in self._rules:
            self._sizes[kind].add(size)
        self._around: dict[Part, int] = {}

    def around(self, opened: frozenset[Part]) -> int:
        """Return the rules, as bits, that open all of these parts; equal rules are among them."""
        found = -1
        for part in opened:
            if part not in self._around:
                rules = 0
                for wide in self._above(part):
                    rules |= self._rules.get(wide, 0)
                self._around[part] = rules
            found &= self._around[part]
        return found

    def _above(self, part: Part) -> Iterator[Part]:
        """Yield the part and every part that could cover it; blocks and wildcards only of sizes that there are."""
        kind, value, size = part
        yield part
        if isinstance(value, int):
            yield from ((kind, value >> (size - wide), wide) for wide in self._sizes[kind] if wide < size)
        elif kind in ("host", "wildcard"):
            lengths = (length for length in self._sizes["wildcard"] if length <= len(value))
            yield from (("wildcard", value[len(value) - length :], length) for length in lengths)
        elif kind == "tag":
            words = value.split(".")
            wholes = (".".join(words[:count]) for count in range(1, len(words)))
            yield from (tag_part(wide) for wide in (*wholes, *_WIDE_TAGS) if covers_tag(wide, value))
        elif kind == "protocol":
            yield _ANY
        elif kind == "target":
            yield target_part(value, with_spark=True)


def members(rules: int, most: int) -> Iterator[int]:
    """Yield the numbers of the first rules of a set, at most so many."""
    while rules and most:
        lowest = rules & -rules
        yield lowest.bit_length() - 1
        rules ^= lowest
        most -= 1
