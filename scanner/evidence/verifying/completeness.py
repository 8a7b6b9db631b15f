"""Check that every question of a scan was answered, and answered once.

The statement names what was asked for. The answers themselves name the rest: the subscriptions, their
workspaces, and the next pages of lists. `verification` calls `problems`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from checks.errors import AuditError
from scanner.evidence.statement import AskedFor, ScanRecord
from scanner.evidence.verifying import network_questions
from scanner.evidence.verifying.ledger import Ledger, Superseded
from scanner.evidence.verifying.places import KINDS, Place
from scanner.payloads import json_members
from scanner.payloads.answers import ADDRESS_RULES, PERIMETERS
from scanner.payloads.bodies import parsed
from scanner.payloads.questions import path_of
from scanner.reading.api_versions import is_refused_for_version
from scanner.reading.collection import Collection
from scanner.reading.discovery import QUERY, is_unavailable
from scanner.reading.subscription_reader import NOT_REGISTERED
from scanner.reading.workspace_reader import Listed, contradicts
from scanner.scope.file import scope_of_text
from scanner.scope.subscriptions import is_id, left_out_by, named, selected
from scanner.tables.associated import ASSOCIATED
from scanner.tables.children import CHILDREN, OF_KIND, PROVIDER, is_wanted
from scanner.tables.graph_rows import GRAPH

_OF_SUBSCRIPTION = frozenset({"workspaces", "provider", "subscription"})
_SHOWN = 5


def scope_problems(record: ScanRecord, needed: Collection) -> Iterator[str]:
    """Yield a text for everything that the policies need and the scan did not ask for.

    Another policy may judge a replay, so its statement asks for what the first scan asked for.
    """
    asked = record.asked_for
    if record.replay_of is None:
        for name in sorted((needed.kinds - {*asked.kinds}) | (needed.members - {*asked.members})):
            yield f"The policies need {name}, and the statement does not ask for it."
    if asked.scope_file is not None:
        yield from _scope_file(asked, asked.scope_file)


def _scope_file(asked: AskedFor, text: str) -> Iterator[str]:
    """Yield a text if the sealed scope file does not give the rules of the statement."""
    try:
        rules = scope_of_text(text, "the sealed scope file").rules
    except AuditError as error:
        yield f"The statement has a scope file that is none: {error}"
        return
    for name, value in asked.wanted.rules.items():
        if rules[name] != value:
            yield f"The sealed scope file asks for {name} {rules[name]}, and the statement for {value}."


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
    chosen = _chosen(ledger, asked)
    yield from _some(_subscriptions(ledger, asked, chosen))
    yield from _some(_not_asked_for(ledger, chosen))
    yield from _some(_discovery(ledger, asked, chosen))
    yield from _some(_below_workspaces(ledger, asked))
    yield from _some(_due(ledger, asked))


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
        is_replaced = bool(asked) and all(_OF_SUBSCRIPTION & each for each in asked)
    elif kind == "descendants":
        is_replaced = answer.place in ledger.places and refusal.http_status in (403, 404)
    elif kind == "provider":
        is_replaced = bool(asked) and all("workspaces" in each for each in asked)
    elif kind == "workspaces" and refusal.code in NOT_REGISTERED:
        is_replaced = bool(asked) and all("provider" in each for each in asked)
    else:
        # Every version may be refused: `network_questions` then asks for all these refusals.
        is_settled = kind not in KINDS - {ADDRESS_RULES} or _is_settled(ledger, answer.place)
        is_replaced = is_refused_for_version(refusal) and is_settled
    if is_replaced:
        return ""
    return f"{answer.id} is marked superseded, and no other answer replaces it: {refusal.request}."


def _chosen(ledger: Ledger, asked: AskedFor) -> set[str]:
    """Return the subscriptions that the statement asks for, as far as the answers name them."""
    facts, below = ledger.visible, {group.lower(): found for group, found in ledger.below.items()}
    every = facts.keys() | selected(ledger.wanted, facts, below)
    left_out = {each for each in every if left_out_by(ledger.wanted, each, facts, below)}
    return every - left_out | {each.lower() for each in asked.subscriptions if is_id(each)} - left_out


def _subscriptions(ledger: Ledger, asked: AskedFor, chosen: set[str]) -> Iterator[str]:
    if not any(kind == "subscriptions" for kind, _ in ledger.places | ledger.gaps):
        yield "No answer, refusal or gap lists the subscriptions."
    for tenant in asked.tenants if len(asked.tenants) > 1 else ():
        if tenant.lower() not in ledger.tenants:
            yield f"Tenant {tenant} was asked for, and no answer, refusal or gap lists its subscriptions."
    for group in (*asked.management_groups, *asked.excluded_management_groups):
        path = f"/providers/microsoft.management/managementgroups/{group.lower()}/descendants"
        if not _is_settled(ledger, ("descendants", path)):
            yield f"Management group {group} was asked for, and has no answer, refusal or gap."
    for wanted in asked.subscriptions:
        # Redaction replaces addresses in names, and a list that broke off may lack the name.
        if not named(wanted, ledger.visible) and "@" not in wanted and "subscriptions" not in ledger.broken:
            yield f"Subscription {wanted!r} was asked for, and no answer names it."
    shown = ledger.graph.shown() if asked.discovery == "graph" else {}
    for each in sorted(chosen):
        is_empty = each in shown and not shown[each].workspaces
        if not is_empty and not _OF_SUBSCRIPTION & _settled_kinds(ledger, each):
            yield f"Subscription {each} was asked for, and has no answer, refusal or gap."


def _settled_kinds(ledger: Ledger, subscription: str) -> set[str]:
    """Return the kinds of answers and gaps of a subscription. An answer about itself does not list anything."""
    kinds = ledger.asked_of[subscription]
    return kinds - {"subscription"} if subscription in ledger.visible else kinds


def _not_asked_for(ledger: Ledger, chosen: set[str]) -> Iterator[str]:
    for each in sorted(ledger.asked_of.keys() - chosen):
        if {"workspaces", "workspace", "provider"} & ledger.asked_of[each]:
            yield f"Subscription {each} has answers, and the statement does not ask for it."


def _discovery(ledger: Ledger, asked: AskedFor, chosen: set[str]) -> Iterator[str]:
    """Yield a text for each subscription that Resource Graph should have been asked about."""
    if asked.discovery == "arm":
        if ledger.graph_queries:
            yield "Resource Graph answered, and the statement does not ask it."
        return
    if not any(kind == GRAPH for kind, _ in ledger.gaps):
        for each in sorted((chosen & ledger.visible.keys()) - ledger.in_graph):
            yield f"Discovery asks Resource Graph about subscription {each}, and has no answer, refusal or gap."
    for body in sorted(ledger.graph_queries):
        if json_members.member(parsed(body.encode()), "query") != QUERY:
            yield "Resource Graph answered another query than azml-audit sends."
            return


def _below_workspaces(ledger: Ledger, asked: AskedFor) -> Iterator[str]:
    """Yield a text for everything that was to be read of a workspace, and has no answer, refusal or gap."""
    kinds = frozenset(asked.kinds)
    for key, (owner, workspace) in ledger.workspaces.items():
        # A list that describes a workspace in two ways leaves a gap, and only one of them was followed.
        if key in ledger.disputed or _broke_off(ledger, owner) or not ledger.is_in_scope(key):
            continue
        for place in _of_workspace(ledger, workspace, kinds, is_read_singly=asked.single_reads == "all"):
            if not _is_settled(ledger, place):
                yield _unanswered(place)
    for below, parent in ledger.parents:
        for child in CHILDREN:
            place = child.kind, path_of(child.list_path(json_members.quoted(parent)))
            if child.below == below and child.kind in kinds and not _is_settled(ledger, place):
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
    yield from (_unanswered(place) for place in sorted(places) if not _is_settled(ledger, place))


def _due(ledger: Ledger, asked: AskedFor) -> Iterator[str]:
    """Yield a text for every workspace that the samples do not make it needless to read singly."""
    for each in ledger.learning.due() if asked.single_reads == "sampled" else ():
        if each.key not in ledger.disputed and not _broke_off(ledger, each.subscription_id.lower()):
            yield _unanswered(("workspace", path_of(json_members.quoted(each.id))))


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
        yield from (_unanswered(place) for place in places if not _is_settled(ledger, place))


def _broke_off(ledger: Ledger, subscription: str) -> bool:
    """Return whether the list of a subscription's workspaces ended in a gap, so that not all was asked."""
    path = f"/subscriptions/{subscription}/providers/{PROVIDER}/workspaces".lower()
    return ("workspaces", path) in ledger.gaps


def _is_settled(ledger: Ledger, place: Place) -> bool:
    return place in ledger.places or place in ledger.gaps


def _unanswered(place: Sequence[str]) -> str:
    return f"{place[0]} of {place[1]} was asked for, and has no answer, refusal or gap."
