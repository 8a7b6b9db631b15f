"""What an outbound rule opens, whether one opening holds all of another, and how to say it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from checks.contract.three_valued import items
from checks.network.addresses import Network, covers, network_of, union
from checks.network.hosts import is_wildcard, normal_host
from checks.network.ports import covers_ports, normal_ports, parsed_ports
from checks.network.reachability import HOST_PORTS, Endpoint, Host, OutboundRule, Service, all_of, leads_to
from checks.network.targets import same_id

_ANY_PROTOCOL = "*"


def rule_of(row: Mapping[str, str]) -> OutboundRule:
    """The rule of a row of texts, in the form in which rules are compared; "" is not reported.

    Prefixes that were not reported count as none: the files do not tell the two apart.
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
        address_prefixes=", ".join(sorted(map(_normal_prefix, items(row["address_prefixes"])))),
        service_resource_id=same_id(row["service_resource_id"]) or None,
        subresource_target=row["subresource_target"].strip().lower() or None,
    )


def holds(wide: OutboundRule, narrow: OutboundRule) -> bool | None:
    """Whether all that `narrow` leads to lies behind `wide` as well, be they in force or not.

    Reflexive where everything was reported and can be parsed; None where that does not settle it.
    """
    match narrow.type:
        case "fqdn":
            return all_of(leads_to(wide, Host(name=narrow.fqdn or "", port=port)) for port in HOST_PORTS)
        case "privateendpoint":
            return _holds_endpoint(wide, narrow)
        case "servicetag":
            return _holds_addresses(wide, narrow) if wide.type == "servicetag" else False
    return None


def is_denial(rule: OutboundRule) -> bool:
    """Whether the rule refuses; only a service-tag rule can."""
    return rule.type == "servicetag" and rule.action == "deny"


def is_broad(rule: OutboundRule) -> bool:
    """Whether it may hold an opening that is not its equal."""
    return rule.type == "servicetag" or is_wildcard(rule.fqdn or "")


def is_private(rule: OutboundRule) -> bool:
    """Whether it leads to a private endpoint, which no isolation mode opens by itself."""
    return rule.type == "privateendpoint"


def said(row: Mapping[str, str]) -> str:
    """The destination of a rule in one line: host, tag or prefixes with protocol and ports, or endpoint."""
    deny = "Deny " if row["action"].lower() == "deny" else ""
    if row["type"].lower() == "fqdn":
        return row["fqdn"] or "a host that was not reported"
    if row["type"].lower() == "privateendpoint":
        target = row["service_resource_id"] or "a target that was not reported"
        return f"{row['subresource_target'] or 'an endpoint'} of {target}"
    where = row["address_prefixes"] or row["service_tag"] or row["destination"] or "not reported"
    of_tag = f" ({row['service_tag']})" if row["address_prefixes"] and row["service_tag"] else ""
    return f"{deny}{where}{of_tag} {row['protocol'] or 'protocol ?'} {row['port_ranges'] or 'ports ?'}"


def _holds_endpoint(wide: OutboundRule, narrow: OutboundRule) -> bool | None:
    if wide.type != "privateendpoint":
        return False
    if not (narrow.service_resource_id and narrow.subresource_target):
        return None
    endpoint = Endpoint(subresource=narrow.subresource_target, resource_id=narrow.service_resource_id)
    return leads_to(wide, endpoint)


def _holds_addresses(wide: OutboundRule, narrow: OutboundRule) -> bool | None:
    ports = parsed_ports(narrow.port_ranges or "")
    if not ports or not narrow.protocol:
        return None
    return all_of((_holds_place(wide, narrow, ports[0][0]), _holds_ports(wide, ports)))


def _holds_place(wide: OutboundRule, narrow: OutboundRule, port: int) -> bool | None:
    """Whether tag or prefixes, over the protocol, are held; `port` is one of the narrow rule's."""
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


_NO_TAG = "a tag nobody has"
"""A place that only what leads everywhere leads to."""


def _holds_ports(wide: OutboundRule, ports: tuple[tuple[int, int], ...]) -> bool | None:
    held = parsed_ports(wide.port_ranges or "")
    if held is None:
        return None
    return covers_ports(held, ports)


@lru_cache(maxsize=4096)
def _networks(prefixes: str) -> list[Network] | None:
    return union(items(prefixes))


def _normal_prefix(prefix: str) -> str:
    network = network_of(prefix)
    return prefix.lower() if network is None else str(network)
