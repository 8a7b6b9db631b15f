"""Records, while the payloads of a bundle are read, which questions were asked and answered.

`verification` fills a ledger; `completeness` and `agreement` judge it. Of bodies it keeps the rules alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from scanner.azure.pipeline import is_same_origin
from scanner.evidence.population import learning_of
from scanner.evidence.replaying import PAGE_MISSING
from scanner.evidence.statement import ScanRecord
from scanner.evidence.verifying.graph_questions import GraphQueries
from scanner.evidence.verifying.places import RULES, Place, misplacement, place_of
from scanner.payloads import json_members
from scanner.payloads.answers import PRIVATE_ENDPOINTS, payload_or_gap
from scanner.payloads.pages import items_on, next_link, subscriptions_below
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Matter, path_of
from scanner.reading.api_versions import offered_versions
from scanner.reading.learning import Learning
from scanner.reading.workspace_reader import Listed, associated, endpoints, listed, rules_by_name
from scanner.scope.subscriptions import SubscriptionFacts
from scanner.scope.wanted import Wanted
from scanner.scope.workspaces import Sorting
from scanner.tables.associated import AssociatedType
from scanner.tables.children import CHILDREN, OF_KIND
from scanner.tables.graph_rows import GRAPH, asked_subscriptions
from scanner.tables.networks import PlacedEndpoint, approved_endpoints, subnet_of
from scanner.tables.subscriptions import facts_of, listed_id

_PARENTS = frozenset(child.below for child in CHILDREN if child.below)


@dataclass(frozen=True, kw_only=True)
class Superseded:
    """A superseded answer: its id, its question, and the refusal that it is, None if it is no refusal."""

    id: str
    place: Place
    api_version: str
    subscriptions: tuple[str, ...]
    matter: Matter
    refusal: Gap | None


@dataclass
class Ledger:
    """Questions and answers of one bundle. Ids of subscriptions and resources are lower-cased."""

    endpoint: str
    learning: Learning
    answered: dict[Matter, str] = field(default_factory=dict)
    twice: list[tuple[str, str, str]] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)
    gaps: set[Place] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    """The kinds of questions of which one was refused or ended in a gap."""
    asked_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    superseded: list[Superseded] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    later_pages: list[tuple[str, Matter]] = field(default_factory=list)
    links: set[Matter] = field(default_factory=set)
    hosts: dict[str, str] = field(default_factory=dict)
    files: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    first: str = ""
    last: str = ""
    wanted: Wanted = field(default_factory=Wanted)
    visible: dict[str, SubscriptionFacts] = field(default_factory=dict)
    below: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    workspaces: dict[str, tuple[str, Listed]] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)
    sortings: dict[str, Sorting] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """The workspaces that a rule of the scope leaves out, each with its subscription."""
    associated: set[tuple[str, AssociatedType, str]] = field(default_factory=set)
    parents: list[tuple[str, str]] = field(default_factory=list)
    refused: set[Place] = field(default_factory=set)
    rules: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """The properties of the rules that a workspace's list names, by its id."""
    own_endpoints: dict[str, tuple[PlacedEndpoint, ...]] = field(default_factory=dict)
    """The endpoints that a workspace's own answer names, by its id."""
    listed_endpoints: dict[str, list[PlacedEndpoint]] = field(default_factory=lambda: defaultdict(list))
    """The endpoints that a workspace's list of connections names, by its id."""
    subnets: dict[str, str] = field(default_factory=dict)
    """The subnets of private endpoints, by the path of the endpoint."""
    offered: dict[str, list[str]] = field(default_factory=dict)
    """The api-versions of workspaces that the provider offers, by subscription."""
    graph: GraphQueries = field(default_factory=GraphQueries)
    excused: list[tuple[str, str]] = field(default_factory=list)
    """The answers about rules to which a 404 was an answer: id and workspace."""
    listed: set[str] = field(default_factory=set)
    """The subscriptions that a list shows."""

    @staticmethod
    def of(record: ScanRecord) -> Ledger:
        """Return an empty ledger of the scan with this record."""
        return Ledger(endpoint=record.endpoint, learning=learning_of(record), wanted=record.asked_for.wanted)

    def is_in_scope(self, workspace: str) -> bool:
        """Return whether a workspace was to be read: no rule leaves it out, or a Project in scope needs it as hub."""
        owner = self.left_out.get(workspace)
        return owner is None or workspace in self.sortings[owner].hubs

    def is_settled(self, place: Place) -> bool:
        """Return whether a question has an answer, a refusal or a gap."""
        return place in self.places or place in self.gaps

    def add(self, item: Payload | Gap) -> None:
        """Record a payload, or a gap that no answer caused."""
        self.learning.add(item)
        if isinstance(item, Gap):
            self._add_gap(item)
            return
        if item.url.startswith("file:"):
            self.files += 1
        else:
            self._add_time(item)
            if not is_same_origin(item.url, self.endpoint):
                self.hosts.setdefault(item.id, item.url)
        is_answer = not item.superseded and isinstance(payload_or_gap(item), Payload)
        if item.kind == GRAPH:
            self.graph.add(item, is_answer=is_answer)
        if item.superseded:
            self._add_superseded(item)
            return
        self._add_question(item)
        if not is_answer:
            self.broken.add(item.kind)
            self.refused.add(_place(item))
        else:
            _READERS.get(item.kind, Ledger._read_parents)(self, item)

    def _add_gap(self, gap: Gap) -> None:
        if gap.code == PAGE_MISSING:
            self.misplaced.append(f"{gap.about}: {gap.message}")
            return
        url = gap.request.partition(" ")[2]
        self.gaps.add(place_of(gap.asked, gap.scope, url))
        if problem := misplacement(gap):
            self.misplaced.append(f"{gap.id}: {problem}")
        if gap.asked == GRAPH:
            self.graph.add_gap(gap)
        self.broken.add(gap.asked)
        if gap.subscription_id:
            self.asked_of[gap.subscription_id.lower()].add(gap.asked)
        if url.startswith(("http:", "https:")) and not is_same_origin(url, self.endpoint):
            self.hosts.setdefault(gap.id, url)

    def _add_time(self, payload: Payload) -> None:
        at = payload.retrieved_at
        if self.first_at is None or at < self.first_at:
            self.first_at, self.first = at, payload.id
        if self.last_at is None or at > self.last_at:
            self.last_at, self.last = at, payload.id

    def _add_question(self, payload: Payload) -> None:
        ask, matter = payload.ask, payload.ask.matter
        if matter in self.answered:
            self.twice.append((self.answered[matter], payload.id, ask.request))
        self.answered.setdefault(matter, payload.id)
        self.places.add(_place(payload))
        if payload.subscription_id:
            self.asked_of[payload.subscription_id.lower()].add(payload.kind)
        if payload.url.startswith("file:"):
            return
        if ask.is_later_page:
            self.later_pages.append((payload.id, matter))
        if problem := misplacement(payload):
            self.misplaced.append(f"{payload.id}: {problem}")
        if payload.kind == RULES and payload.may_be_missing:
            self.excused.append((payload.id, payload.scope.lower()))
        link = next_link(payload.document)
        if isinstance(link, str) and link:
            self.links.add(replace(ask, url=link).matter)

    def _add_superseded(self, payload: Payload) -> None:
        found = payload_or_gap(replace(payload, superseded=False))
        of_graph = asked_subscriptions(payload.request_body) if payload.kind == GRAPH else ()
        own = (payload.subscription_id.lower(),) if payload.subscription_id else ()
        self.superseded.append(
            Superseded(
                id=payload.id,
                place=_place(payload),
                api_version=payload.api_version,
                subscriptions=of_graph or own,
                matter=payload.ask.matter,
                refusal=found if isinstance(found, Gap) else None,
            )
        )

    def _read_subscriptions(self, page: Payload) -> None:
        items = [item for _, item in items_on(page).items]
        for item in [page.document] if page.kind == "subscription" else items:
            if found := listed_id(item):
                self.visible[found.lower()] = facts_of(item)
                if page.kind == "subscriptions":
                    self.listed.add(found.lower())

    def _read_descendants(self, page: Payload) -> None:
        self.below[json_members.last_part(page.scope).lower()] |= subscriptions_below(page)

    def _read_workspaces(self, page: Payload) -> None:
        owner = (page.subscription_id or "").lower()
        sorting = self.sortings.setdefault(owner, Sorting(self.wanted))
        for _, item in items_on(page).items:
            found = listed(item, page.api_version)
            known = owner, found
            if not sorting.is_in_scope(item):
                self.left_out[found.id.lower()] = owner
            if self.workspaces.setdefault(found.id.lower(), known) != known:
                self.disputed.add(found.id.lower())

    def _read_workspace(self, answer: Payload) -> None:
        owner = (answer.subscription_id or "").lower()
        for each, resource_id in associated(answer.document).items():
            self.associated.add((owner, each, resource_id))
        self.own_endpoints[answer.scope.lower()] = endpoints(answer.document)

    def _read_connections(self, page: Payload) -> None:
        self.listed_endpoints[page.scope.lower()] += approved_endpoints(
            [item for _, item in items_on(page).items]
        )

    def _read_rules(self, page: Payload) -> None:
        self.rules[page.scope.lower()] |= rules_by_name(item for _, item in items_on(page).items)

    def _read_endpoint(self, answer: Payload) -> None:
        self.subnets[path_of(answer.url)] = subnet_of(answer.document) or ""

    def _read_provider(self, answer: Payload) -> None:
        versions = offered_versions(answer.document).get("workspaces")
        if versions is not None:
            self.offered[(answer.subscription_id or "").lower()] = versions

    def _read_parents(self, page: Payload) -> None:
        """Record the items of a list that have lists of their own."""
        if page.kind in _PARENTS:
            for _, item in items_on(page).items:
                if found := json_members.named(item, "id"):
                    self.parents.append((page.kind, found))


def _place(payload: Payload) -> Place:
    return place_of(payload.kind, payload.scope, payload.url, payload.path if payload.of_list else "")


_READERS = {
    "subscriptions": Ledger._read_subscriptions,
    "subscription": Ledger._read_subscriptions,
    "descendants": Ledger._read_descendants,
    "workspaces": Ledger._read_workspaces,
    "workspace": Ledger._read_workspace,
    "provider": Ledger._read_provider,
    OF_KIND["privateEndpointConnections"].kind: Ledger._read_connections,
    RULES: Ledger._read_rules,
    PRIVATE_ENDPOINTS: Ledger._read_endpoint,
}
