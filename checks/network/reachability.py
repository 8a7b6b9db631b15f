"""Decide whether outbound rules let traffic through to a destination.

Every answer is three-valued: None if the reported values do not decide. A rule opens its destination if it is in force
and allows. A host-name rule opens ports 80 and 443 of a host, or of every host under a wildcard. A service-tag rule
opens its tag, or its address prefixes instead of the tag. A private-endpoint rule opens one sub-resource of one target.
The category of a rule changes nothing. Sources: "Workspace managed virtual network isolation" and the contract of
api-version 2025-12-01, both read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable

from checks.network.claims import all_of, any_of
from checks.network.destinations import (
    HOST_PORTS,
    Address,
    Destination,
    Endpoint,
    Host,
    Service,
    is_public_place,
)
from checks.network.hosts import (
    covers_a_part,
    covers_host,
    is_storage,
    is_wildcard,
    normal_host,
    reaches_storage,
)
from checks.network.ip_ranges import EVERY_IPV4, covers, is_public, network_of, overlaps, union
from checks.network.outbound_rules import OutboundRule, allows, is_in_force
from checks.network.ports import parsed_ports
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.network.service_names import is_host_of_target, may_include_host
from checks.network.service_tags import WHOLE_TAGS, covers_tag, service_of
from checks.network.targets import resource_type_of, same_id


def reachable(
    rules: Iterable[OutboundRule], mode: str | None, destination: Destination, *, complete: bool = True
) -> bool | None:
    """Return whether computes of a managed network in that mode reach the destination.

    In AllowInternetOutbound every public destination is reachable. Otherwise a rule has to open it. The answer is None
    in these cases:

    - Isolation is off: the customer's own network decides.
    - The mode is not known, or rules may be missing (not `complete`).
    - Only a part of the destination is open.
    - One rule opens the destination and another denies it: Azure does not document which wins.
    """
    word = (mode or "").lower()
    if word == "allowinternetoutbound" and is_public_place(destination) is not False:
        return is_public_place(destination)
    if word not in {"allowinternetoutbound", "allowonlyapprovedoutbound"} or not complete:
        return None
    listed = tuple(rules)
    is_open = any_of(opens(rule, destination) for rule in listed)
    if is_open and any_of(denies(rule, destination) for rule in listed) is not False:
        return None
    return is_open


def opens(rule: OutboundRule, destination: Destination) -> bool | None:
    """Return whether the rule by itself lets traffic through to all of the destination."""
    if needs_private_endpoint(rule, destination):
        return False
    claims = [leads_to(rule, destination), allows(rule), is_in_force(rule)]
    if _includes_storage(rule, destination):
        claims.append(None)
    return all_of(claims)


def opens_a_part(rule: OutboundRule, destination: Destination) -> bool:
    """Return whether the rule certainly lets traffic through to some, but not all, of the destination."""
    if opens(rule, destination) is not None or not (allows(rule) and is_in_force(rule)):
        return False
    if isinstance(destination, Host):
        return bool(rule.fqdn) and covers_a_part(rule.fqdn or "", destination.name)
    if isinstance(destination, Address) and rule.address_prefixes:
        known = map(network_of, rule.address_prefixes.split(","))
        return overlaps((each for each in known if each is not None), destination.network)
    if isinstance(destination, Service) and not rule.address_prefixes and rule.service_tag:
        return covers_tag(destination.tag, rule.service_tag) is True
    return False


def _includes_storage(rule: OutboundRule, destination: Destination) -> bool:
    """Return whether a host-name rule is asked about a wildcard of which a part is storage."""
    if (rule.type or "").lower() != "fqdn" or not isinstance(destination, Host):
        return False
    return is_wildcard(destination.name) and reaches_storage(destination.name)


def needs_private_endpoint(rule: OutboundRule, destination: Destination) -> bool:
    """Return whether a host-name rule names storage, which a managed network reaches by private endpoint only.

    From "Workspace managed virtual network isolation", limitations: a host-name rule cannot lead to a storage account.
    The hosts that the scenarios of that page name exactly are the exception.
    """
    if (rule.type or "").lower() != "fqdn" or not isinstance(destination, Host):
        return False
    return is_storage(destination.name) and normal_host(destination.name) not in DOCUMENTED_HOSTS


def denies(rule: OutboundRule, destination: Destination) -> bool | None:
    """Return whether the rule by itself denies traffic to the destination. Only a service-tag rule can."""
    allowed = allows(rule)
    refuses = None if allowed is None else not allowed
    return all_of((leads_to(rule, destination), refuses, is_in_force(rule)))


def leads_to(rule: OutboundRule, destination: Destination) -> bool | None:
    """Return whether the rule is about the destination, in force or not, allowing or not. None for a part of it."""
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
    if destination.protocol.lower() != "tcp":
        return False
    if not rule.fqdn or covers_a_part(rule.fqdn, destination.name):
        return None
    return covers_host(rule.fqdn, destination.name)


def _addresses_lead_to(rule: OutboundRule, destination: Destination) -> bool | None:
    if isinstance(destination, Endpoint):
        return False
    return all_of(
        (
            _covers(rule, destination),
            _carries(rule.protocol, destination.protocol),
            _includes_port(rule.port_ranges, destination.port),
        )
    )


def _covers(rule: OutboundRule, destination: Host | Address | Service) -> bool | None:
    if rule.address_prefixes is None:
        return None
    if rule.address_prefixes:
        return _prefixes_cover(rule.address_prefixes.split(","), destination)
    if not rule.service_tag:
        return None
    tag = rule.service_tag.strip().lower()
    if isinstance(destination, Service):
        return covers_tag(tag, destination.tag)
    if isinstance(destination, Address):
        return _tag_covers_address(tag, destination)
    return True if tag == "internet" else _tag_covers_host(tag, destination.name)


def _prefixes_cover(prefixes: list[str], destination: Host | Address | Service) -> bool | None:
    """Return whether the prefixes include the destination. None for a part of it.

    A text that is no prefix decides nothing. A public prefix may include addresses of a host, which only DNS knows, and
    of a service tag. Host names lead to IPv4 addresses here.
    """
    known = [network for network in map(network_of, prefixes) if network is not None]
    networks = union(map(str, known)) or []
    is_unsure = len(known) < len(prefixes)
    if isinstance(destination, Address):
        if covers(networks, [destination.network]):
            return True
        return None if is_unsure or overlaps(networks, destination.network) else False
    if covers(networks, [EVERY_IPV4]):
        return True
    if not (isinstance(destination, Service) and service_of(destination.tag) in WHOLE_TAGS):
        is_unsure = is_unsure or any(is_public(network) is not False for network in networks)
    return None if is_unsure else False


def _tag_covers_host(tag: str, host: str) -> bool | None:
    service, _, region = tag.partition(".")
    if service in {"storage", "azurecloud"} and is_storage(host):
        return None if region or host.startswith("*") else True
    return None if may_include_host(tag, host) else False


def _tag_covers_address(tag: str, destination: Address) -> bool | None:
    public = is_public(destination.network)
    if tag == "internet":
        return public
    if tag == "virtualnetwork":
        return False if public else None
    if public is False:
        return False
    is_known = destination.listed is None or tag in destination.listed
    return tag in destination.tags if is_known and destination.tags is not None else None


def _carries(protocol: str | None, wanted: str) -> bool | None:
    known = (protocol or "").strip().lower()
    if known == "*":
        return True
    return known == wanted.lower() if known in {"tcp", "udp", "icmp"} else None


def _includes_port(ranges: str | None, port: int) -> bool | None:
    ports = parsed_ports(ranges) if ranges is not None else None
    return None if ports is None else any(low <= port <= high for low, high in ports)


def _endpoint_leads_to(rule: OutboundRule, destination: Destination) -> bool | None:
    target, part = rule.service_resource_id, rule.subresource_target
    if isinstance(destination, Host):
        return is_host_of_target(destination.name, target, part) if target and part else None
    if isinstance(destination, Address):
        return False if is_public(destination.network) else None
    if isinstance(destination, Service):
        return False
    is_part = part.strip().lower() == destination.subresource.lower() if part else None
    return all_of((is_part, _is_target(target, destination) if target else None))


def _is_target(target: str, destination: Endpoint) -> bool | None:
    if destination.resource_type:
        found = resource_type_of(target)
        return None if found is None else found == destination.resource_type.lower()
    return same_id(target) == same_id(destination.resource_id)
