"""Translates Azure's words into tables, once: payloads and gaps in, `checks.schema.Tables` out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from checks.contract.tables import Tables, frame, frame_of
from scanner.payloads import json_members
from scanner.payloads.gaps import gap_row
from scanner.payloads.payload import Gap, Payload
from scanner.reading.api_versions import PROVIDER, registration_state
from scanner.reading.dependencies import KIND as ASSOCIATED
from scanner.reading.scope import subscription_ids
from scanner.tables.child_rows import CHILDREN, connection_row
from scanner.tables.completeness import Completeness
from scanner.tables.dependency_rows import AssociatedRows
from scanner.tables.graph_rows import GraphRows, asked_subscriptions, by_subscription, difference
from scanner.tables.listings import Listings, Page, given_up, keep_one, page_of
from scanner.tables.outbound_rule_rows import Rule, columns
from scanner.tables.outbound_rules import OutboundRules
from scanner.tables.provenance import BY_RULE_NAME, BY_SUBSCRIPTION, Traces
from scanner.tables.subscription_rows import SUBSCRIPTION_KINDS, SubscriptionRows
from scanner.tables.workspace_rows import merged, workspace_row

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_ONLINE = "/onlineendpoints/"
_BELOW = ("computes", "endpoints", "online_deployments", "diagnostic_settings")
"""The tables of what lies below workspaces, told by lists alone."""

_BODIES = ("workspaces", "workspace")
"""The kinds whose bodies hold a workspace; what the later one tells counts where both tell it."""


def tables(items: Iterable[Payload | Gap]) -> Tables:
    """The tables of a whole collection; the order of the items does not matter."""
    tabulation = Tabulation()
    for item in items:
        tabulation.add(item)
    return tabulation.finished()


class Tabulation:
    """Collects rows while payloads arrive, so that no parsed body need be kept."""

    def __init__(self, traces: Traces | None = None) -> None:
        """Nothing read yet; `traces` hears where every row was told."""
        self._traces = traces
        self._subscriptions = SubscriptionRows()
        self._listings = Listings[Row](lambda row: str(row["workspace_id"]))
        self._workspaces: dict[str, Row] = {}
        self._details: dict[str, Row] = {}
        self._rules = OutboundRules()
        self._body_connections: dict[str, dict[str, Row]] = {kind: {} for kind in _BODIES}
        self._children: dict[str, dict[str, Row]] = defaultdict(dict)
        self._associated = AssociatedRows()
        self._completeness = Completeness()
        self._gaps: dict[str, Row] = {}
        self._graph = GraphRows()

    def add(self, item: Payload | Gap) -> None:
        """Take in one payload or gap; a superseded payload tells at most that Resource Graph refused."""
        if isinstance(item, Payload) and item.superseded:
            self._subscriptions.note_superseded(item)
            return
        if item_kind(item) == ASSOCIATED:
            self._associated.add(item)
        if self._traces:
            self._traces.part(item_kind(item), json_members.key(item.scope), item)
        if isinstance(item, Gap):
            self._gap(item)
            return
        self._completeness.answered(item.kind, item.scope)
        take = _TAKERS.get(item.kind)
        if take:
            take(self, item)
        elif item.kind in CHILDREN:
            self._children_page(item)

    def finished(self) -> Tables:
        """The tables of everything taken in; what they are made of is given up on the way."""
        for lost in chain(self._listings.disputes(), self._rules.disputes()):
            self._gap(lost)
        self._workspaces = self._listings.rows
        self._compare_discoveries()
        for key, details in self._details.items():
            self._workspaces[key] = merged(self._workspaces.get(key, {}), details)
        outbound_rules = frame_of("outbound_rules", columns(self._finished_rules()))
        subscriptions = frame("subscriptions", self._finished_subscriptions())
        associated = frame("associated_resources", self._finished_associated())
        workspaces = frame("workspaces", self._finished_workspaces())
        return Tables(
            subscriptions=subscriptions,
            workspaces=workspaces,
            outbound_rules=outbound_rules,
            associated_resources=associated,
            private_endpoint_connections=_frame("private_endpoint_connections", self._finished_connections()),
            gaps=_frame("gaps", self._gaps),
            **{table: _frame(table, self._children[table]) for table in _BELOW},
        )

    def _trace(self, table: str, key: str, item: Payload | Gap, *path: str | int) -> None:
        if self._traces:
            self._traces.row(table, key, item, *path)

    def _gap(self, gap: Gap) -> None:
        key = f"{gap.asked} of {gap.scope}: {gap.code} {gap.request}"
        keep_one(self._gaps, key, gap_row(key, gap))
        self._trace("gaps", key.lower(), gap)
        self._completeness.broke_off(gap.asked, gap.scope)
        self._subscriptions.note(gap)
        if gap.subscription_id and gap.asked in SUBSCRIPTION_KINDS:
            self._trace(BY_SUBSCRIPTION, gap.subscription_id.lower(), gap)

    def _page(self, payload: Payload) -> Page:
        return page_of(payload, payload.id if self._traces else "")

    def _lost(self, page: Payload, message: str) -> None:
        self._gap(self._page(page).lost(message))

    def _items(self, page: Payload) -> list[tuple[int, json_members.Object]]:
        """The items of a list page that carry an id, with their positions; the others become one gap."""
        values = json_members.member(page.document, "value")
        if not isinstance(values, list):
            return []
        readable = [
            (position, item)
            for position, item in enumerate(values)
            if isinstance(item, dict) and json_members.named(item, "id")
        ]
        if len(readable) < len(values):
            self._lost(page, f"{len(values) - len(readable)} of {len(values)} items carry no id.")
        return readable

    def _own_page(self, page: Payload) -> None:
        self._subscription(page, page.document)

    def _subscription_page(self, page: Payload) -> None:
        for position, item in self._items(page):
            self._subscription(page, item, "value", position)

    def _subscription(self, page: Payload, item: json_members.Object, *path: str | int) -> None:
        self._trace(BY_SUBSCRIPTION, self._subscriptions.add(item), page, *path)

    def _descendants_page(self, page: Payload) -> None:
        below = subscription_ids(page)
        self._subscriptions.below(page.scope, below)
        for key in below:
            self._trace(BY_SUBSCRIPTION, key, page)

    def _provider(self, page: Payload) -> None:
        state = registration_state(page)
        if state.lower() != "registered":
            self._subscriptions.note_unregistered(page.subscription_id or "", f"{PROVIDER} is {state}")
            self._trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)

    def _workspace_page(self, page: Payload) -> None:
        items = self._items(page)
        subscription_id = page.subscription_id or ""
        self._subscriptions.count(subscription_id, len(items))
        self._trace(BY_SUBSCRIPTION, subscription_id.lower(), page)
        self._listings.begin(self._page(page))
        for position, item in items:
            self._listings.add(json_members.key(item["id"]), workspace_row(item, page.api_version))
            self._take_body(item, page, "value", position)

    def _workspace_details(self, page: Payload) -> None:
        if json_members.named(page.document, "id"):
            row = workspace_row(page.document, page.api_version)
            keep_one(self._details, json_members.key(page.document["id"]), row)
            self._take_body(page.document, page)
        else:
            self._lost(page, "The workspace carries no id.")

    def _take_body(self, item: json_members.Object, page: Payload, *path: str | int) -> None:
        key = json_members.key(item["id"])
        self._trace("workspaces", key, page, *path)
        rules = json_members.member(item, "properties", "managedNetwork", "outboundRules")
        if isinstance(rules, dict):
            self._rules.add_body(item["id"], rules, is_detail=page.kind == "workspace")
            for name in rules if self._traces else ():
                where = (*path, "properties", "managedNetwork", "outboundRules", name)
                self._trace(BY_RULE_NAME, f"{key} {name}".lower(), page, *where)
        connections = json_members.member(item, "properties", "privateEndpointConnections")
        for position, connection in enumerate(connections if isinstance(connections, list) else ()):
            if isinstance(connection, dict):
                row = connection_row(item["id"], connection)
                identity = row["connection_id"].lower()
                keep_one(self._body_connections[page.kind], identity, row)
                where = (*path, "properties", "privateEndpointConnections", position)
                self._trace("private_endpoint_connections", identity, page, *where)

    def _rules_page(self, page: Payload) -> None:
        self._rules.begin(page.scope, self._page(page))
        for position, item in self._items(page):
            rule = self._rules.add(page.scope, item)
            if self._traces:
                self._trace(BY_RULE_NAME, f"{page.scope} {rule.name}".lower(), page, "value", position)

    def _children_page(self, page: Payload) -> None:
        table, child_row = CHILDREN[page.kind]
        for position, item in self._items(page):
            keep_one(self._children[table], item["id"].lower(), child_row(page.scope, item))
            self._trace(table, item["id"].lower(), page, "value", position)

    def _graph_page(self, page: Payload) -> None:
        self._graph.add(page)
        for subscription_id in asked_subscriptions(page.request_body):
            self._trace(BY_SUBSCRIPTION, subscription_id, page)

    def _compare_discoveries(self) -> None:
        listed = by_subscription(row["workspace_id"] for row in self._workspaces.values())
        for key, shown in self._graph.shown().items():
            self._subscriptions.count_in_graph(key, len(shown.workspaces))
            was_read = self._completeness.of("workspaces", f"/subscriptions/{key}")
            if was_read or (was_read is None and shown.workspaces):
                gap = difference(key, listed.get(key, {}), shown)
                if gap:
                    self._gap(gap)

    def _finished_rules(self) -> list[Rule]:
        """The rules sorted by id; their workspaces are told where the two places disagree."""
        found: list[Rule] = []
        is_whole = partial(self._completeness.of, "outboundRules")
        for key, rules, discrepancy in self._rules.finished(is_whole):
            found += rules
            if key in self._workspaces:
                self._workspaces[key]["outbound_rules_discrepancy"] = discrepancy
        if self._traces:
            self._traces.settle_rules(found)
        return found

    def _finished_subscriptions(self) -> list[Row]:
        rows = self._subscriptions.finished()
        if self._traces:
            self._traces.settle_subscriptions(rows)
        return rows

    def _finished_associated(self) -> Iterator[Row]:
        for key in sorted(self._workspaces):
            rows = self._associated.of(self._workspaces[key])
            if self._traces:
                self._traces.settle_associated(rows, self._associated.answers)
            yield from rows

    def _finished_workspaces(self) -> Iterator[Row]:
        """The rows, each given up with the next, with what of every workspace was read to its end."""
        with_endpoints = {key.partition(_ONLINE)[0] for key in self._children["endpoints"] if _ONLINE in key}
        for row in given_up(self._workspaces):
            self._completeness.mark(row, with_endpoints=with_endpoints, associated=self._associated.answers)
            yield row

    def _finished_connections(self) -> dict[str, Row]:
        in_lists = self._children.pop("private_endpoint_connections", {})
        return self._body_connections["workspaces"] | self._body_connections["workspace"] | in_lists


_TAKERS: Mapping[str, Callable[[Tabulation, Payload], None]] = {
    "subscriptions": Tabulation._subscription_page,
    "subscription": Tabulation._own_page,
    "workspaces": Tabulation._workspace_page,
    "workspace": Tabulation._workspace_details,
    "outboundRules": Tabulation._rules_page,
    "provider": Tabulation._provider,
    "descendants": Tabulation._descendants_page,
    "resourceGraph": Tabulation._graph_page,
}


def item_kind(item: Payload | Gap) -> str:
    """What a payload or gap was asked for as."""
    return item.kind if isinstance(item, Payload) else item.asked


def _frame(table: str, rows: dict[str, Row]) -> pd.DataFrame:
    told: Iterator[Row] = given_up(rows)
    return frame(table, told)
