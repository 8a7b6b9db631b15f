"""Compare the destinations of outbound rules, and describe them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from checks.contract.three_valued import items
from checks.network.claims import all_of
from checks.network.destinations import HOST_PORTS, Endpoint, Host, Service
from checks.network.hosts import is_wildcard, normal_host
from checks.network.ip_ranges import Network, covers, network_of, union
from checks.network.outbound_rules import OutboundRule
from checks.network.ports import covers_ports, normal_ports, parsed_ports
from checks.network.reachability import leads_to
from checks.network.targets import same_id

_ANY_PROTOCOL = "*"


def rule_of(row: Mapping[str, str]) -> OutboundRule:
    """Return the rule in a row of texts, in the form in which rules are compared; "" is not reported.

    Prefixes that were not reported count as none, because the files do not distinguish the two.
    """
    ports = row["port_ranges"]
    return OutboundRule(
        type=row["type"].lower() or None,
        status=row["status"].lower() or None,
        action=row["action"].lower() or None,
        fqdn=normal_host(row["fqdn"]) or None,
        service_tag=row["service_tag"].strip().lower() or None,
        protocol=row["protocol"].strip().lower() or None,
        port_ranges=normal_ports(ports) if ports else None,
        address_prefixes=_normal_prefixes(row["address_prefixes"]),
        service_resource_id=same_id(row["service_resource_id"]) or None,
        subresource_target=row["subresource_target"].strip().lower() or None,
    )


def includes(wide: OutboundRule, narrow: OutboundRule) -> bool | None:
    """Return whether `wide` leads to everything that `narrow` leads to, whether in force or not.

    None if the reported values do not decide. True for a rule and itself if all its values can be parsed.
    """
    match narrow.type:
        case "fqdn":
            return all_of(leads_to(wide, Host(name=narrow.fqdn or "", port=port)) for port in HOST_PORTS)
        case "privateendpoint":
            return _includes_endpoint(wide, narrow)
        case "servicetag":
            return _includes_addresses(wide, narrow) if wide.type == "servicetag" else False
    return None


def is_denial(rule: OutboundRule) -> bool:
    """Return whether the rule denies. Only a service-tag rule can."""
    return rule.type == "servicetag" and rule.action == "deny"


def is_broad(rule: OutboundRule) -> bool:
    """Return whether the rule may include another, different rule."""
    return rule.type == "servicetag" or is_wildcard(rule.fqdn or "")


def is_private(rule: OutboundRule) -> bool:
    """Return whether the rule leads to a private endpoint. No isolation mode opens one by itself."""
    return rule.type == "privateendpoint"


def admits_more(old: str, new: str) -> bool:
    """Return whether a firewall admits an address or a subscription now that it did not admit before.

    `old` and `new` are the observed values of a check that judges who may come in, such as NET003 or RES001.
    """
    before, after = admitted(old), admitted(new)
    return not covers(before.networks, after.networks) or not after.subscriptions <= before.subscriptions


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """The addresses and the subscriptions that a firewall admits."""

    networks: tuple[Network, ...] = ()
    subscriptions: frozenset[str] = frozenset()


def admitted(observed: str) -> Admitted:
    """Return what an observed value of a firewall admits. Words that are no network admit nobody."""
    text = observed.lower()
    if "publicnetworkaccess disabled" in text:
        return Admitted()
    if "defaultaction allow" in text or "which allows" in text:
        return Admitted(networks=_EVERY_ADDRESS)
    words = re.split(r"[,\s]+", text)
    networks = union(word for word in words if network_of(word) is not None) or []
    subscriptions = frozenset(word for word in words if word.startswith("/subscriptions/"))
    return Admitted(networks=tuple(networks), subscriptions=subscriptions)


_EVERY_ADDRESS = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


def destination_text(row: Mapping[str, str]) -> str:
    """Return the destination of a rule in one line: host, tag or prefixes with protocol and ports, or endpoint."""
    deny = "Deny " if row["action"].lower() == "deny" else ""
    if row["type"].lower() == "fqdn":
        return row["fqdn"] or "a host that was not reported"
    if row["type"].lower() == "privateendpoint":
        target = row["service_resource_id"] or "a target that was not reported"
        return f"{row['subresource_target'] or 'an endpoint'} of {target}"
    where = row["address_prefixes"] or row["service_tag"] or row["destination"] or "not reported"
    of_tag = f" ({row['service_tag']})" if row["address_prefixes"] and row["service_tag"] else ""
    return f"{deny}{where}{of_tag} {row['protocol'] or 'protocol ?'} {row['port_ranges'] or 'ports ?'}"


def _includes_endpoint(wide: OutboundRule, narrow: OutboundRule) -> bool | None:
    if wide.type != "privateendpoint":
        return False
    if not (narrow.service_resource_id and narrow.subresource_target):
        return None
    endpoint = Endpoint(subresource=narrow.subresource_target, resource_id=narrow.service_resource_id)
    return leads_to(wide, endpoint)


def _includes_addresses(wide: OutboundRule, narrow: OutboundRule) -> bool | None:
    ports = parsed_ports(narrow.port_ranges or "")
    if not ports or not narrow.protocol:
        return None
    return all_of((_includes_place(wide, narrow, ports[0][0]), _includes_ports(wide, ports)))


def _includes_place(wide: OutboundRule, narrow: OutboundRule, port: int) -> bool | None:
    """Return whether `wide` includes the tag or the prefixes over the protocol; `port` is a port of `narrow`."""
    protocol = narrow.protocol or _ANY_PROTOCOL
    if not narrow.address_prefixes:
        return leads_to(wide, Service(tag=narrow.service_tag or "", protocol=protocol, port=port))
    everywhere = leads_to(wide, Service(tag=_NO_TAG, protocol=protocol, port=port))
    if everywhere or not wide.address_prefixes:
        return everywhere
    inner, outer = _networks(narrow.address_prefixes), _networks(wide.address_prefixes)
    if inner is None or outer is None:
        return None
    carried = wide.protocol in {_ANY_PROTOCOL, protocol}
    return carried and covers(outer, inner)


_NO_TAG = "a tag that does not exist"
"""A destination that only a rule to everywhere leads to."""


def _includes_ports(wide: OutboundRule, ports: tuple[tuple[int, int], ...]) -> bool | None:
    opened = parsed_ports(wide.port_ranges or "")
    return None if opened is None else covers_ports(opened, ports)


@lru_cache(maxsize=4096)
def _networks(prefixes: str) -> list[Network] | None:
    return union(items(prefixes))


def _normal_prefixes(prefixes: str) -> str:
    """Return the union of the prefixes, so that a network and its parts are equal; else the texts, sorted."""
    networks = _networks(prefixes)
    texts = items(prefixes.lower()) if networks is None else map(str, networks)
    return ", ".join(sorted(texts))
