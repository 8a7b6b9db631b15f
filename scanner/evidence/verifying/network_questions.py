"""Name the questions about networks that a scan asks, as its answers lead to them. `completeness` calls it.

A private endpoint and its virtual network follow from a workspace's connections. The registration of
Microsoft.Network, and the second list of workspaces with address rules, follow from the list of workspaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from checks.network.resource_ids import resource_id
from scanner.evidence.verifying.ledger import Ledger
from scanner.evidence.verifying.places import Place, place_of_roles
from scanner.payloads import json_members
from scanner.payloads.answers import (
    ADDRESS_RULES,
    NETWORK_PROVIDER,
    PRIVATE_ENDPOINTS,
    ROLE_ASSIGNMENTS,
    VIRTUAL_NETWORKS,
)
from scanner.payloads.questions import path_of
from scanner.reading.api_versions import SHOW_ADDRESS_RULES
from scanner.reading.subscription_reader import NETWORK_NAMESPACE
from scanner.reading.workspace_reader import Listed
from scanner.tables.children import OF_KIND, PROVIDER
from scanner.tables.networks import NETWORK_TYPES, PlacedEndpoint, network_of
from scanner.tables.role_assignments import targets

_CONNECTIONS = OF_KIND["privateEndpointConnections"].kind


def of_endpoints(ledger: Ledger, workspaces: Mapping[str, Listed], kinds: Set[str]) -> Iterator[Place]:
    """Yield the private endpoints and virtual networks that `scanner.reading.networks` asks for."""
    if PRIVATE_ENDPOINTS not in kinds:
        return
    for key, workspace in workspaces.items():
        for endpoint in _endpoints(ledger, key, workspace, kinds):
            subnet = endpoint.subnet_id
            if not subnet:
                place = PRIVATE_ENDPOINTS, path_of(json_members.quoted(endpoint.id))
                subnet = ledger.subnets.get(place[1], "")
                yield from _of_type(place, endpoint.id)
            if network := network_of(subnet):
                yield from _of_type((VIRTUAL_NETWORKS, path_of(json_members.quoted(network))), network)


def _endpoints(ledger: Ledger, key: str, workspace: Listed, kinds: Set[str]) -> Iterable[PlacedEndpoint]:
    """Return the endpoints of a workspace, from the same answer that the reader takes them from."""
    if _CONNECTIONS in kinds and workspace.has_own_network and not workspace.reports_connections:
        return ledger.listed_endpoints.get(key, ())
    return ledger.own_endpoints.get(key) or workspace.endpoints


def _of_type(place: Place, asked: str) -> Iterator[Place]:
    """Yield the place if the id is one that is asked for."""
    parsed = resource_id(asked)
    if parsed is not None and parsed.resource_type == NETWORK_TYPES[place[0]].lower():
        yield place


def of_roles(ledger: Ledger, workspaces: Mapping[str, Listed], kinds: Set[str]) -> Iterator[Place]:
    """Yield the role assignments on the targets of rules that `scanner.reading.workspace_reader` asks for."""
    rules = OF_KIND["outboundRules"]
    if ROLE_ASSIGNMENTS not in kinds or rules.kind not in kinds:
        return
    for key, workspace in workspaces.items():
        place = rules.kind, path_of(rules.list_path(json_members.quoted(workspace.id)))
        is_whole = place not in ledger.refused and place not in ledger.gaps
        if not workspace.principal or not workspace.has_own_network or workspace.is_off or not is_whole:
            continue
        own = () if workspace.is_user_assigned else (workspace.id, *workspace.associated.values())
        judged = targets(ledger.rules.get(key, {}), but=own, with_azures_own=workspace.is_user_assigned)
        for target in filter(resource_id, judged):
            yield place_of_roles(target, workspace.principal)


def of_subscriptions(
    ledger: Ledger, workspaces: Mapping[str, Iterable[Listed]], kinds: Set[str], members: Set[str]
) -> Iterator[Place]:
    """Yield what `scanner.reading.live` asks beside the list of workspaces, which are given by subscription."""
    for subscription, listed in workspaces.items():
        shows_addresses = {each.reports_address_rules for each in listed if each.has_own_network}
        scope = f"/subscriptions/{subscription}/providers"
        if shows_addresses and NETWORK_PROVIDER in kinds:
            yield NETWORK_PROVIDER, f"{scope}/{NETWORK_NAMESPACE}".lower()
        place = ADDRESS_RULES, f"{scope}/{PROVIDER}/workspaces".lower()
        if (
            shows_addresses == {False}
            and ADDRESS_RULES in members
            and not _is_refused(ledger, place, subscription)
        ):
            yield place


def _is_refused(ledger: Ledger, place: Place, subscription: str) -> bool:
    """Return whether Azure refused, or does not offer, every version whose list has the address rules."""
    refused = {each.api_version for each in ledger.superseded if each.place == place and each.refusal}
    offered = ledger.offered.get(subscription)
    return all(
        version in refused or (offered is not None and version not in offered)
        for version in SHOW_ADDRESS_RULES
    )
