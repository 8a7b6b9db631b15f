"""What outbound rules let through, and whether that reaches a destination: pure functions, no tables.

Everything is three-valued: None is "what was reported does not settle it". A rule opens its destination
where it is in force and allows. A host-name rule opens ports 80 and 443 of one name or of all under a
wildcard; a service-tag rule its tag, or its address prefixes in place of the tag; a private-endpoint rule
one sub-resource of one target. Who made a rule, its category, changes nothing. Sources: "Workspace managed
virtual network isolation" and the contract of api-version 2025-12-01, both read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from checks.network.hosts import reaches_storage, swallows
from checks.network.ports import parsed_ports
from checks.network.service_tags import covers_tag
from checks.network.targets import resource_type_of, same_id

HOST_PORTS: Final = (80, 443)
"""The only ports of a host-name rule."""

WORKING_PORT: Final = 443
"""The port of a destination unless its scenario sets another."""


@dataclass(frozen=True, kw_only=True)
class OutboundRule:
    """A rule as Azure reported it; None is not reported, and `address_prefixes` "" is none."""

    type: str | None = None
    status: str | None = None
    action: str | None = None
    fqdn: str | None = None
    service_tag: str | None = None
    protocol: str | None = None
    port_ranges: str | None = None
    address_prefixes: str | None = None
    service_resource_id: str | None = None
    subresource_target: str | None = None


@dataclass(frozen=True, kw_only=True)
class Host:
    """A public host over TCP; a wildcard asks for every host under it."""

    name: str
    port: int = WORKING_PORT


@dataclass(frozen=True, kw_only=True)
class Service:
    """The endpoints that a service tag covers, over one protocol and port."""

    tag: str
    protocol: str = "TCP"
    port: int = WORKING_PORT


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One sub-resource by private endpoint: of a resource named by its id, or of any of a type."""

    subresource: str
    resource_id: str = ""
    resource_type: str = ""


Destination = Host | Service | Endpoint


def reachable(
    rules: Iterable[OutboundRule], mode: str | None, destination: Destination, *, complete: bool = True
) -> bool | None:
    """Whether computes of a managed network in that mode reach the destination.

    In AllowInternetOutbound everything public is reachable; otherwise rules have to open it. None where
    isolation is off, because the customer's own network decides, where the mode is not known, where rules
    may be missing (not `complete`), and where an opening and a denial meet: which wins is not documented.
    """
    word = (mode or "").lower()
    if word == "allowinternetoutbound" and not isinstance(destination, Endpoint):
        return True
    if word not in {"allowinternetoutbound", "allowonlyapprovedoutbound"} or not complete:
        return None
    listed = tuple(rules)
    is_open = any_of(opens(rule, destination) for rule in listed)
    if is_open and any_of(denies(rule, destination) for rule in listed) is not False:
        return None
    return is_open


def opens(rule: OutboundRule, destination: Destination) -> bool | None:
    """Whether the rule, by itself, lets traffic through to all of the destination."""
    return all_of((leads_to(rule, destination), allows(rule), is_in_force(rule)))


def denies(rule: OutboundRule, destination: Destination) -> bool | None:
    """Whether the rule, by itself, refuses traffic to the destination; only a service-tag rule can."""
    allowed = allows(rule)
    refuses = None if allowed is None else not allowed
    return all_of((leads_to(rule, destination), refuses, is_in_force(rule)))


def is_in_force(rule: OutboundRule) -> bool | None:
    """Whether the rule is Active; None for a status that is absent or undocumented."""
    known = {"active": True} | dict.fromkeys(("inactive", "provisioning", "deleting", "failed"), False)
    return known.get((rule.status or "").lower())


def allows(rule: OutboundRule) -> bool | None:
    """Return whether the rule allows: every rule does but a service-tag rule with the action Deny.

    A service-tag rule without an action allows (recorded 2022-12-01-preview; the az exports leave it out).
    """
    if (rule.type or "").lower() in {"fqdn", "privateendpoint"}:
        return True
    return {"allow": True, "deny": False, "": True}.get((rule.action or "").lower()) if rule.type else None


def leads_to(rule: OutboundRule, destination: Destination) -> bool | None:
    """Whether all of the destination lies behind the rule, be the rule in force or not, allowing or not."""
    match (rule.type or "").lower():
        case "fqdn":
            return _name_leads_to(rule, destination)
        case "servicetag":
            return _addresses_lead_to(rule, destination)
        case "privateendpoint":
            return _endpoint_leads_to(rule, destination)
    return None


def _name_leads_to(rule: OutboundRule, destination: Destination) -> bool | None:
    if not isinstance(destination, Host) or destination.port not in HOST_PORTS:
        return False
    return swallows(rule.fqdn, destination.name) if rule.fqdn else None


def _addresses_lead_to(rule: OutboundRule, destination: Destination) -> bool | None:
    """Return whether a service-tag rule leads there. To a host, only a tag of every address or of its storage does."""
    if isinstance(destination, Endpoint):
        return False
    protocol = destination.protocol if isinstance(destination, Service) else "TCP"
    return all_of(
        (
            _covers(rule, destination),
            _carries(rule.protocol, protocol),
            _holds(rule.port_ranges, destination.port),
        )
    )


def _covers(rule: OutboundRule, destination: Host | Service) -> bool | None:
    if rule.address_prefixes is None:
        return None
    if rule.address_prefixes:
        return any_of(_is_everywhere(prefix) for prefix in rule.address_prefixes.split(","))
    if not rule.service_tag:
        return None
    tag = rule.service_tag.strip().lower()
    if tag == "internet":
        return True
    if isinstance(destination, Service):
        return covers_tag(tag, destination.tag)
    service, _, region = tag.partition(".")
    if service in {"storage", "azurecloud"} and reaches_storage(destination.name):
        return None if region or destination.name.startswith("*") else True
    return False


def _is_everywhere(prefix: str) -> bool | None:
    try:
        network = ip_network(prefix.strip(), strict=False)
    except ValueError:
        return None
    return network.version == 4 and network.prefixlen == 0


def _carries(protocol: str | None, wanted: str) -> bool | None:
    known = (protocol or "").strip().lower()
    if known == "*":
        return True
    return known == wanted.lower() if known in {"tcp", "udp", "icmp"} else None


def _holds(ranges: str | None, port: int) -> bool | None:
    ports = parsed_ports(ranges) if ranges is not None else None
    return None if ports is None else any(low <= port <= high for low, high in ports)


def _endpoint_leads_to(rule: OutboundRule, destination: Destination) -> bool | None:
    if not isinstance(destination, Endpoint):
        return False
    target, part = rule.service_resource_id, rule.subresource_target
    is_part = part.strip().lower() == destination.subresource.lower() if part else None
    return all_of((is_part, _is_target(target, destination) if target else None))


def _is_target(target: str, destination: Endpoint) -> bool | None:
    if destination.resource_type:
        found = resource_type_of(target)
        return None if found is None else found == destination.resource_type.lower()
    return same_id(target) == same_id(destination.resource_id)


def all_of(claims: Iterable[bool | None]) -> bool | None:
    """Whether every claim holds: False where one does not, else None where one is not settled."""
    found = set(claims)
    return False if False in found else None if None in found else True


def any_of(claims: Iterable[bool | None]) -> bool | None:
    """Whether any claim holds: True where one does, else None where one is not settled."""
    found = set(claims)
    return True if True in found else None if None in found else False
