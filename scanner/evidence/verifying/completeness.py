"""Check that every question of a scan was answered, and answered once.

The statement names what was asked for. The answers themselves name the rest: the subscriptions, their
workspaces, and the next pages of lists. `verification` calls `problems`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from scanner.evidence.statement import AskedFor
from scanner.evidence.verifying import network_questions
from scanner.evidence.verifying.ledger import Ledger, Superseded
from scanner.evidence.verifying.places import KINDS, Place
from scanner.evidence.verifying.scope_questions import (
    OF_SUBSCRIPTION,
    chosen_subscriptions,
    discovery_problems,
    unasked_subscriptions,
    unread_subscriptions,
)
from scanner.payloads import json_members
from scanner.payloads.answers import ADDRESS_RULES, PERIMETERS
from scanner.payloads.json_members import without_tenant
from scanner.payloads.questions import path_of
from scanner.reading.api_versions import is_refused_for_version
from scanner.reading.discovery import is_unavailable
from scanner.reading.subscription_reader import NOT_REGISTERED
from scanner.reading.workspace_reader import Listed, contradicts
from scanner.tables.associated import ASSOCIATED
from scanner.tables.children import CHILDREN, OF_KIND, PROVIDER, is_wanted
from scanner.tables.graph_rows import GRAPH

_VERSIONED = frozenset({"workspaces", "workspace", ADDRESS_RULES, *(child.kind for child in CHILDREN)})
"""The kinds that are asked for at the versions that the provider of Machine Learning offers."""

_SHOWN = 5


def problems(ledger: Ledger, asked: AskedFor) -> Iterator[str]:
    """Yield a text for every question without an answer, with two, or that nobody asked."""
    yield from _some(
        f"{first} and {second} both answer {request}: one question has one answer."
        for first, second, request in ledger.twice
    )
    yield from _some(ledger.misplaced)
    yield from _some(
        f"{identity} is a later page that no answer leads to."
        for identity, matter in ledger.later_pages
        if matter not in ledger.links
    )
    yield from _some(text for each in ledger.superseded if (text := _superseded(ledger, each)))
    if ledger.files:
        return
    chosen = chosen_subscriptions(ledger, asked)
    yield from _some(unread_subscriptions(ledger, asked, chosen))
    yield from _some(unasked_subscriptions(ledger, chosen))
    yield from _some(discovery_problems(ledger, asked, chosen))
    yield from _some(_below_workspaces(ledger, asked))
    yield from _some(_due(ledger, asked))
    yield from _some(_excused(ledger))
    yield from _some(_offers(ledger))


def _some(texts: Iterable[str]) -> Iterator[str]:
    """Yield the first texts and count the others."""
    found = list(texts)
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"And {len(found) - _SHOWN:,} more of this kind."


def _superseded(ledger: Ledger, answer: Superseded) -> str:
    """Return why an answer may not be superseded; "" if another answer replaced it."""
    kind, refusal = answer.place[0], answer.refusal
    if refusal is None:
        return f"{answer.id} is marked superseded, and nothing in it was refused."
    asked = [ledger.asked_of[each] for each in answer.subscriptions]
    if kind == GRAPH and is_unavailable(refusal):
        is_replaced = bool(asked) and all(OF_SUBSCRIPTION & each for each in asked)
    elif kind == "descendants":
        path = without_tenant(answer.place[1])
        same = [each for other, each in ledger.places if other == kind and without_tenant(each) == path]
        is_replaced = bool(same) and refusal.http_status in (403, 404)
    elif kind == "provider":
        is_replaced = bool(asked) and all("workspaces" in each for each in asked)
    elif kind == "workspaces" and refusal.code in NOT_REGISTERED:
        is_replaced = bool(asked) and all("provider" in each for each in asked)
    else:
        # Every version may be refused: `network_questions` then asks for all these refusals.
        is_settled = kind not in KINDS - {ADDRESS_RULES} or ledger.is_settled(answer.place)
        is_replaced = is_refused_for_version(refusal) and is_settled
    if is_replaced:
        return ""
    return f"{answer.id} is marked superseded, and no other answer replaces it: {refusal.request}."


def _below_workspaces(ledger: Ledger, asked: AskedFor) -> Iterator[str]:
    """Yield a text for everything that was to be read of a workspace, and has no answer, refusal or gap."""
    kinds = frozenset(asked.kinds)
    for key, (owner, workspace) in ledger.workspaces.items():
        # A list that describes a workspace in two ways leaves a gap, and only one of them was followed.
        if key in ledger.disputed or _broke_off(ledger, owner) or not ledger.is_in_scope(key):
            continue
        for place in _of_workspace(ledger, workspace, kinds, is_read_singly=asked.single_reads == "all"):
            if not ledger.is_settled(place):
                yield _unanswered(place)
    for below, parent in ledger.parents:
        for child in CHILDREN:
            place = child.kind, path_of(child.list_path(json_members.quoted(parent)))
            if child.below == below and child.kind in kinds and not ledger.is_settled(place):
                yield _unanswered(place)
    if ASSOCIATED in kinds:
        yield from _associated(ledger, with_perimeters=PERIMETERS in kinds)
    yield from _networks(ledger, asked)


def _networks(ledger: Ledger, asked: AskedFor) -> Iterator[str]:
    """Yield a text for every question about networks that has no answer, refusal or gap."""
    followed: dict[str, Listed] = {}
    by_subscription: dict[str, list[Listed]] = defaultdict(list)
    disputed = {ledger.workspaces[key][0] for key in ledger.disputed}
    for key, (owner, workspace) in ledger.workspaces.items():
        if _broke_off(ledger, owner) or not ledger.is_in_scope(key):
            continue
        if key not in ledger.disputed:
            followed[key] = workspace
        if owner not in disputed:
            by_subscription[owner].append(workspace)
    kinds, members = frozenset(asked.kinds), frozenset(asked.members)
    places = {
        *network_questions.of_endpoints(ledger, followed, kinds),
        *network_questions.of_roles(ledger, followed, kinds),
        *network_questions.of_subscriptions(ledger, by_subscription, kinds, members),
    }
    yield from (_unanswered(place) for place in sorted(places) if not ledger.is_settled(place))


def _due(ledger: Ledger, asked: AskedFor) -> Iterator[str]:
    """Yield a text for every workspace that the samples do not make it needless to read singly."""
    for each in ledger.learning.due() if asked.single_reads == "sampled" else ():
        if each.key not in ledger.disputed and not _broke_off(ledger, each.subscription_id.lower()):
            yield _unanswered(("workspace", path_of(json_members.quoted(each.id))))


def _excused(ledger: Ledger) -> Iterator[str]:
    """Yield a text for rules whose absence counts as an answer although their workspace reports a network."""
    for identity, workspace in ledger.excused:
        found = ledger.workspaces.get(workspace)
        if workspace not in ledger.disputed and (found is None or found[1].reports_network):
            yield f"{identity}: a workspace that reports a managed network has a list of rules."


def _offers(ledger: Ledger) -> Iterator[str]:
    """Yield a text for each subscription that refused an api-version and was not asked for those that it offers."""
    refused = {
        subscription
        for each in ledger.superseded
        if each.place[0] in _VERSIONED and each.refusal and is_refused_for_version(each.refusal)
        for subscription in each.subscriptions
    }
    for each in sorted(refused):
        if "provider" not in ledger.asked_of[each] and not any(
            other.place[0] == "provider" and each in other.subscriptions for other in ledger.superseded
        ):
            yield _unanswered(("provider", f"/subscriptions/{each}/providers/{PROVIDER}".lower()))


def _of_workspace(
    ledger: Ledger, workspace: Listed, kinds: frozenset[str], *, is_read_singly: bool
) -> Iterator[Place]:
    """Yield what `scanner.reading.workspace_reader` asks for a workspace."""
    wanted = {child.kind for child in CHILDREN if is_wanted(child, kinds)}
    for child in CHILDREN:
        if child.below or child.kind not in wanted:
            continue
        if child.kind == "outboundRules" and (not workspace.has_own_network or workspace.is_off):
            continue
        if child.kind == "privateEndpointConnections" and (
            not workspace.has_own_network or workspace.reports_connections
        ):
            continue
        yield child.kind, path_of(child.list_path(json_members.quoted(workspace.id)))
    if workspace.is_bare or is_read_singly or _rules_differ(ledger, workspace, kinds):
        yield "workspace", path_of(json_members.quoted(workspace.id))


def _rules_differ(ledger: Ledger, workspace: Listed, kinds: frozenset[str]) -> bool:
    """Return whether the list of rules differs from the rules in the list of workspaces."""
    rules = OF_KIND["outboundRules"]
    place = rules.kind, path_of(rules.list_path(json_members.quoted(workspace.id)))
    is_read = place in ledger.places and not (place in ledger.refused or place in ledger.gaps)
    is_asked = rules.kind in kinds and workspace.has_own_network and not workspace.is_off
    return is_asked and is_read and contradicts(workspace, ledger.rules.get(workspace.id.lower(), {}))


def _associated(ledger: Ledger, *, with_perimeters: bool) -> Iterator[str]:
    found = set(ledger.associated)
    for key, (owner, workspace) in ledger.workspaces.items():
        if key not in ledger.disputed and ledger.is_in_scope(key):
            found |= {(owner, each, resource_id) for each, resource_id in workspace.associated.items()}
    for owner, each, resource_id in sorted(found, key=lambda one: one[2]):
        if _broke_off(ledger, owner):
            continue
        path = path_of(json_members.quoted(resource_id))
        places = [(ASSOCIATED, path)]
        if with_perimeters and each.perimeters and each.is_id(resource_id):
            places.append((PERIMETERS, f"{path}/{PERIMETERS}".lower()))
        yield from (_unanswered(place) for place in places if not ledger.is_settled(place))


def _broke_off(ledger: Ledger, subscription: str) -> bool:
    """Return whether the list of a subscription's workspaces ended in a gap, so that not all was asked."""
    path = f"/subscriptions/{subscription}/providers/{PROVIDER}/workspaces".lower()
    return ("workspaces", path) in ledger.gaps


def _unanswered(place: Sequence[str]) -> str:
    return f"{place[0]} of {place[1]} was asked for, and has no answer, refusal or gap."
