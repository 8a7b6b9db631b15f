"""Holds the rows, gaps and answers of a collection. `tabulate` adds to it, and `finishing` empties it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from scanner.payloads import json_members
from scanner.payloads.answers import PERIMETERS, ROLE_ASSIGNMENTS
from scanner.payloads.gaps import gap_row
from scanner.payloads.pages import items_on
from scanner.payloads.payload import Gap, Payload
from scanner.scope.wanted import Wanted
from scanner.tables import left_out
from scanner.tables.associated import ASSOCIATED, AssociatedRows
from scanner.tables.children import ChildType, Completeness
from scanner.tables.graph_rows import GraphRows
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.outbound_rules import OutboundRules
from scanner.tables.page_rows import Page, PagedRows, keep_one, page_of
from scanner.tables.provenance import BY_SUBSCRIPTION, Traces
from scanner.tables.role_assignments import RoleAnswers
from scanner.tables.rows import Row
from scanner.tables.subscriptions import (
    SUBSCRIPTION_KINDS,
    SubscriptionRows,
)


class _Answers(Protocol):
    def add(self, answer: Payload | Gap, /) -> None: ...


class Collected:
    """The rows, gaps and answers so far, by lower-cased id. No parsed body is kept."""

    def __init__(self, traces: Traces | None = None, wanted: Wanted | None = None) -> None:
        """Start empty. `traces` records which payload every row came from. `wanted` leaves out some of them."""
        self.traces = traces
        self.wanted = wanted or Wanted()
        self.selection = left_out.Selection()
        self.subscriptions = SubscriptionRows(self.wanted)
        self.listed = PagedRows[Row](lambda row: str(row["workspace_id"]))
        self.details: dict[str, Row] = {}
        self.address_rules: dict[str, Row] = {}
        self.workspaces = self.listed.rows
        self.rules = OutboundRules()
        self.body_connections: dict[str, dict[str, Row]] = {"workspaces": {}, "workspace": {}}
        self.children: dict[str, dict[str, Row]] = defaultdict(dict)
        self.associated = AssociatedRows()
        self.roles = RoleAnswers()
        self.answers: Mapping[str, _Answers] = {
            ASSOCIATED: self.associated,
            PERIMETERS: self.associated.perimeters,
            **dict.fromkeys(NETWORK_TYPES, self.associated.networks),
            ROLE_ASSIGNMENTS: self.roles,
        }
        self.completeness = Completeness()
        self.gaps: dict[str, Row] = {}
        self.graph = GraphRows()

    def part(self, kind: str, item: Payload | Gap) -> None:
        """Give an answer to those that collect its kind."""
        if kind in self.answers:
            self.answers[kind].add(item)
        if self.traces:
            self.traces.part(kind, json_members.key(item.scope), item)

    def add_gap(self, gap: Gap) -> None:
        """Add a gap like one that a source yields."""
        self.part(gap.asked, gap)
        self.gap(gap)

    def trace(self, table: str, key: str, item: Payload | Gap, *path: str | int) -> None:
        """Record where a row comes from, if the scan wants evidence."""
        if self.traces:
            self.traces.row(table, key, item, *path)

    def gap(self, gap: Gap) -> None:
        """Add the row of a gap, and mark what it leaves incomplete."""
        key = f"{gap.asked} of {gap.scope}: {gap.code} {gap.request}"
        keep_one(self.gaps, key, gap_row(key, gap))
        self.trace("gaps", key.lower(), gap)
        self.completeness.broke_off(gap.asked, gap.scope)
        self.subscriptions.note(gap)
        if gap.subscription_id and gap.asked in SUBSCRIPTION_KINDS:
            self.trace(BY_SUBSCRIPTION, gap.subscription_id.lower(), gap)

    def page(self, payload: Payload) -> Page:
        """Return a page of a list as the rows are attributed to it."""
        return page_of(payload, payload.id if self.traces else "")

    def lost(self, page: Payload, code: str, message: str) -> None:
        """Add the gap of something on a page that is lost."""
        self.gap(self.page(page).gap(message, code))

    def keep(
        self, page: Payload, child: ChildType, scope: str, kept: dict[str, Row], key: str, row: Row
    ) -> None:
        """Keep the row of a child. Two rows of one id that differ in more than case are a gap of its list.

        The gap names the list and is about each page that has the row, because the pages arrive in any order.
        """
        known = kept.get(key)
        if known is not None and known != row and repr(known).lower() != repr(row).lower():
            request = f"GET {json_members.key(scope)}/{child.kind}"
            of_list = self.page(page)._replace(kind=child.kind, scope=scope, request=request, request_id="")
            earlier = self.traces.payloads(child.table, key) if self.traces else set()
            for about in {of_list.payload_id, *earlier}:
                self.gap(of_list._replace(payload_id=about).gap(f"Two items describe {key} differently."))
        keep_one(kept, key, row)

    def items(self, page: Payload) -> Sequence[tuple[int, json_members.Object]]:
        """Return the items of a page that belong to its list, with their positions. The others become gaps."""
        found = items_on(page)
        for flaw in found.flaws:
            self.lost(page, flaw.code, flaw.message)
        return found.items
