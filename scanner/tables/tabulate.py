"""Turns payloads and gaps into the tables of `checks.contract.tables`. `scanner.audit` calls it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from checks.contract.tables import Tables, frame, frame_of
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import ADDRESS_RULES, NETWORK_PROVIDER, PERIMETERS, ROLE_ASSIGNMENTS
from scanner.payloads.gaps import gap_row
from scanner.payloads.json_members import spelled
from scanner.payloads.pages import MALFORMED, items_on
from scanner.payloads.payload import Gap, Payload
from scanner.scope.wanted import Wanted
from scanner.tables import left_out
from scanner.tables.associated import ASSOCIATED, AssociatedRows, are_all_answered
from scanner.tables.children import CHILDREN, OF_KIND, Completeness, connection_row
from scanner.tables.graph_rows import GRAPH, GraphRows, asked_subscriptions, by_subscription, difference
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.outbound_rules import OutboundRules, Rule, columns
from scanner.tables.page_rows import Page, PagedRows, emptied, keep_one, page_of
from scanner.tables.provenance import BY_RULE_NAME, BY_SUBSCRIPTION, Traces
from scanner.tables.role_assignments import RoleAnswers
from scanner.tables.subscriptions import (
    NOTHING_READ,
    SUBSCRIPTION_KINDS,
    SubscriptionRows,
    proves_absence,
    registration_state,
)
from scanner.tables.workspaces import address_rules, merged, workspace_row

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_log = logging.getLogger("azml_audit.tables")

_CHILD_TABLES = tuple(dict.fromkeys(child.table for child in CHILDREN if child.row))


def tables(items: Iterable[Payload | Gap]) -> Tables:
    """Return the tables of a whole collection. The order of the items does not matter."""
    tabulation = Tabulation()
    for item in items:
        tabulation.add(item)
    return tabulation.finished()


class _Answers(Protocol):
    def add(self, answer: Payload | Gap, /) -> None: ...


class Tabulation:
    """Collects rows while payloads arrive, so that no parsed body is kept."""

    def __init__(self, traces: Traces | None = None, wanted: Wanted | None = None) -> None:
        """Start empty. `traces` records which payload every row came from. `wanted` leaves out some of them."""
        self._traces = traces
        self._wanted = wanted or Wanted()
        self._selection = left_out.Selection()
        self._subscriptions = SubscriptionRows(self._wanted)
        self._listed = PagedRows[Row](lambda row: str(row["workspace_id"]))
        self._details: dict[str, Row] = {}
        self._address_rules: dict[str, Row] = {}
        self._workspaces = self._listed.rows
        self._rules = OutboundRules()
        self._body_connections: dict[str, dict[str, Row]] = {"workspaces": {}, "workspace": {}}
        self._children: dict[str, dict[str, Row]] = defaultdict(dict)
        self._associated = AssociatedRows()
        self._roles = RoleAnswers()
        self._answers: Mapping[str, _Answers] = {
            ASSOCIATED: self._associated,
            PERIMETERS: self._associated.perimeters,
            **dict.fromkeys(NETWORK_TYPES, self._associated.networks),
            ROLE_ASSIGNMENTS: self._roles,
        }
        self._completeness = Completeness()
        self._gaps: dict[str, Row] = {}
        self._graph = GraphRows()

    def add(self, item: Payload | Gap) -> None:
        """Add one payload or gap. An answer that cannot be tabulated is the gap of its question."""
        try:
            self._add(item)
        except Exception as error:
            if isinstance(item, Gap):
                raise
            _log.debug("%s cannot be tabulated", item.ask.request, exc_info=True)
            self._gap(gaps.unexpected(item.ask, error, about=item.id))

    def _add(self, item: Payload | Gap) -> None:
        """Add one payload or gap. A superseded payload only shows that Resource Graph refused."""
        if isinstance(item, Payload) and item.superseded:
            self._subscriptions.note_superseded(item)
            return
        kind = item_kind(item)
        if kind in self._answers:
            self._answers[kind].add(item)
        if self._traces:
            self._traces.part(kind, json_members.key(item.scope), item)
        if isinstance(item, Gap):
            self._gap(item)
            return
        self._completeness.answered(kind, item.scope)
        if kind in _ADDERS:
            _ADDERS[kind](self, item)
        elif kind in OF_KIND:
            self._children_page(item)

    def finished(self) -> Tables:
        """Return the tables of everything added. The rows are removed on the way, to save memory."""
        for gap in chain(self._listed.disputes(), self._rules.disputes()):
            self._gap(gap)
        self._compare_discoveries()
        for gap in list(self._subscriptions.unsettled()):
            self._gap(gap)
        self._selection = left_out.selection(self._wanted, self._workspaces)
        self._find_nothing_read()
        subscriptions, rows_left_out = self._finished_subscriptions()
        for key in self._selection.dropped:
            del self._workspaces[key]
            self._details.pop(key, None)
        for key, details in self._details.items():
            self._workspaces[key] = merged(self._workspaces.get(key, {}), details)
        for key in self._address_rules.keys() & self._workspaces.keys():
            row = self._workspaces[key]
            row |= {name: each for name, each in self._address_rules[key].items() if row[name] is None}
        rules = self._finished_rules()
        outbound_rules = frame_of(
            "outbound_rules", [*columns(rules), ("target_roles", self._target_roles(rules))]
        )
        self._finish_connections()
        associated = frame("associated_resources", self._finished_associated())
        workspaces = frame("workspaces", self._finished_workspaces())
        return Tables(
            subscriptions=frame("subscriptions", subscriptions),
            left_out=frame("left_out", rows_left_out),
            workspaces=workspaces,
            outbound_rules=outbound_rules,
            associated_resources=associated,
            gaps=_frame("gaps", self._gaps),
            **{table: _frame(table, self._children[table]) for table in _CHILD_TABLES},
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

    def _lost(self, page: Payload, code: str, message: str) -> None:
        self._gap(self._page(page).gap(message, code))

    def _items(self, page: Payload) -> Sequence[tuple[int, json_members.Object]]:
        """Return the items of a page that belong to its list, with their positions. The others become gaps."""
        found = items_on(page)
        for flaw in found.flaws:
            self._lost(page, flaw.code, flaw.message)
        return found.items

    def _subscription_details(self, page: Payload) -> None:
        self._trace(BY_SUBSCRIPTION, self._subscriptions.add(page.document), page)

    def _subscription_page(self, page: Payload) -> None:
        for position, item in self._items(page):
            self._trace(BY_SUBSCRIPTION, self._subscriptions.add(item), page, *_place(page, position))

    def _descendants_page(self, page: Payload) -> None:
        for key in self._subscriptions.add_descendants(page):
            self._trace(BY_SUBSCRIPTION, key, page)

    def _provider(self, page: Payload) -> None:
        self._subscriptions.note_provider(page)
        if proves_absence(registration_state(page)):
            self._trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)

    def _network_provider(self, page: Payload) -> None:
        self._subscriptions.note_network(page)
        self._trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)

    def _workspace_page(self, page: Payload) -> None:
        if page.status != 200:
            self._subscriptions.note_unusable(page)
            self._trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)
            return
        items = self._items(page)
        subscription_id = page.subscription_id or ""
        self._subscriptions.count(subscription_id, (json_members.key(item["id"]) for _, item in items))
        self._trace(BY_SUBSCRIPTION, subscription_id.lower(), page)
        rows = ((json_members.key(item["id"]), workspace_row(item, page.api_version)) for _, item in items)
        self._listed.add_page(self._page(page), rows)
        for position, item in items:
            self._take_body(item, page, *_place(page, position))

    def _workspace_details(self, page: Payload) -> None:
        if not json_members.named(page.document, "id"):
            self._lost(page, MALFORMED, "The workspace has no id.")
            return
        row = workspace_row(page.document, page.api_version)
        keep_one(self._details, json_members.key(page.document["id"]), row)
        self._take_body(page.document, page)

    def _address_rules_page(self, page: Payload) -> None:
        for position, item in self._items(page):
            key = json_members.key(item["id"])
            keep_one(self._address_rules, key, address_rules(item))
            self._trace("workspaces", key, page, "value", position)

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
                identity = json_members.key(row["connection_id"])
                keep_one(self._body_connections[page.kind], identity, row)
                where = (*path, "properties", "privateEndpointConnections", position)
                self._trace("private_endpoint_connections", identity, page, *where)

    def _rules_page(self, page: Payload) -> None:
        items = self._items(page)
        rules = self._rules.add_page(self._page(page), [item for _, item in items])
        for (position, _), rule in zip(items, rules, strict=True) if self._traces else ():
            name = f"{json_members.key(page.scope)} {rule.name}".lower()
            self._trace(BY_RULE_NAME, name, page, *_place(page, position))

    def _children_page(self, page: Payload) -> None:
        child = OF_KIND[page.kind]
        assert child.row
        for position, item in self._items(page):
            identity = json_members.key(item["id"])
            keep_one(self._children[child.table], identity, child.row(page.scope, item))
            self._trace(child.table, identity, page, *_place(page, position))

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
        """Return the rules sorted by id, and note in each workspace how its two places disagree."""
        found: list[Rule] = []
        is_whole = partial(self._completeness.of, "outboundRules")
        for key, rules, discrepancy in self._rules.finished(is_whole):
            found += () if key in self._selection.dropped else rules
            if key in self._workspaces:
                self._workspaces[key]["outbound_rules_discrepancy"] = discrepancy
        if self._traces:
            self._traces.settle_rules(found)
        return found

    def _target_roles(self, rules: Sequence[Rule]) -> list[str | None]:
        """Return for each rule the roles that its workspace's identity has on the target."""
        principals = {key: row["identity_principal_id"] for key, row in self._workspaces.items()}
        found = list(self._roles.column(rules, principals))
        for rule, (_, answers) in zip(rules, found, strict=True):
            for answer in answers:
                self._trace("outbound_rules", rule.id.lower(), answer)
        return [roles for roles, _ in found]

    def _find_nothing_read(self) -> None:
        """Add a gap if the scope matches nothing, or if nothing was read for another reason."""
        rules = self._subscriptions.left_out()
        nothing = left_out.no_subscription_in_scope(rules, self._subscriptions.count_known())
        nothing = nothing or left_out.no_workspace_in_scope(self._wanted, self._selection, self._workspaces)
        if nothing is not None:
            self.add(nothing)
        elif not self._subscriptions.were_read and not self._gaps:
            self.add(NOTHING_READ)

    def _finished_subscriptions(self) -> tuple[list[Row], list[Row]]:
        """Return the rows of the subscriptions, and those of everything that a rule leaves out."""
        found, workspaces = self._selection, self._workspaces
        rows = self._subscriptions.finished(
            left_out.notes(found, workspaces), left_out.counts(found, workspaces)
        )
        others = [
            *left_out.subscription_rows(self._subscriptions.left_out(), rows),
            *left_out.workspace_rows(found, workspaces),
        ]
        if self._traces:
            self._traces.settle_subscriptions(rows)
            self._traces.settle_left_out(others)
            self._traces.forget("workspaces", found.dropped)
        return rows, others

    def _finish_connections(self) -> None:
        """Join the connections of bodies and lists, and give each the columns of its virtual network."""
        in_bodies = self._body_connections["workspaces"] | self._body_connections["workspace"]
        rows = in_bodies | self._children["private_endpoint_connections"]
        if dropped := self._selection.dropped:
            others = [id for id, row in rows.items() if json_members.key(row["workspace_id"]) in dropped]
            for identity in others:
                del rows[identity]
            if self._traces:
                self._traces.forget("private_endpoint_connections", others)
        for identity, row in rows.items():
            for answer in self._associated.networks.about(row):
                self._trace("private_endpoint_connections", identity, answer)
            row.update(self._associated.networks.columns(row))
        self._children["private_endpoint_connections"] = rows

    def _finished_associated(self) -> Iterator[Row]:
        connections: dict[str, list[Row]] = defaultdict(list)
        for row in self._children["private_endpoint_connections"].values():
            connections[json_members.key(row["workspace_id"])].append(row)
        for key in sorted(self._workspaces):
            rows = self._associated.of(self._workspaces[key], connections[key])
            if self._traces:
                self._traces.settle_associated(rows, self._associated.all_of)
            yield from rows

    def _finished_workspaces(self) -> Iterator[Row]:
        """Yield the rows, each marked with what was read completely."""
        parents = {child.below: self._workspaces_with(child.below) for child in CHILDREN if child.below}
        for row in emptied(self._workspaces):
            self._completeness.mark(row, parents)
            row["associated_resources_known"] = are_all_answered(row, self._associated.answers) or None
            rule = self._selection.rules.get(json_members.key(row["workspace_id"]))
            row["left_out_by"] = rule.rule if rule else None
            yield row

    def _workspaces_with(self, kind: str) -> set[str]:
        """Return the lower-cased ids of the workspaces that have a resource of this kind."""
        step = f"/{OF_KIND[kind].path.lower()}/"
        return {key.partition(step)[0] for key in self._children[OF_KIND[kind].table] if step in key}


_ADDERS: Mapping[str, Callable[[Tabulation, Payload], object]] = {
    "subscriptions": Tabulation._subscription_page,
    "subscription": Tabulation._subscription_details,
    "workspaces": Tabulation._workspace_page,
    "workspace": Tabulation._workspace_details,
    ADDRESS_RULES: Tabulation._address_rules_page,
    "outboundRules": Tabulation._rules_page,
    "provider": Tabulation._provider,
    NETWORK_PROVIDER: Tabulation._network_provider,
    "descendants": Tabulation._descendants_page,
    GRAPH: Tabulation._graph_page,
    ROLE_ASSIGNMENTS: Tabulation._items,
}


def _place(page: Payload, position: int) -> tuple[str, int]:
    """Return the path of an item in the body of its page."""
    return spelled(page.document, "value"), position


def _frame(table: str, rows: dict[str, Row]) -> pd.DataFrame:
    sorted_rows: Iterator[Row] = emptied(rows)
    return frame(table, sorted_rows)


def item_kind(item: Payload | Gap) -> str:
    """Return the kind of question that a payload or gap answers."""
    return item.kind if isinstance(item, Payload) else item.asked
