"""Turns payloads and gaps into the tables of `checks.contract.tables`. `scanner.audit` calls it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from checks.contract.tables import Tables
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import ADDRESS_RULES, NETWORK_PROVIDER, ROLE_ASSIGNMENTS
from scanner.payloads.json_members import spelled
from scanner.payloads.pages import MALFORMED
from scanner.payloads.payload import Gap, Payload
from scanner.scope.wanted import Wanted
from scanner.tables.children import OF_KIND, connection_row
from scanner.tables.collected import Collected
from scanner.tables.finishing import tables_of
from scanner.tables.graph_rows import GRAPH, asked_subscriptions
from scanner.tables.page_rows import keep_one
from scanner.tables.provenance import BY_RULE_NAME, BY_SUBSCRIPTION, Traces
from scanner.tables.subscriptions import (
    proves_absence,
    registration_state,
)
from scanner.tables.workspaces import address_rules, workspace_row

if TYPE_CHECKING:
    pass


_log = logging.getLogger("azml_audit.tables")


def tables(items: Iterable[Payload | Gap]) -> Tables:
    """Return the tables of a whole collection. The order of the items does not matter."""
    tabulation = Tabulation()
    for item in items:
        tabulation.add(item)
    return tabulation.finished()


class Tabulation:
    """Collects rows while payloads arrive, so that no parsed body is kept."""

    def __init__(self, traces: Traces | None = None, wanted: Wanted | None = None) -> None:
        """Start empty. `traces` records which payload every row came from. `wanted` leaves out some of them."""
        self._found = Collected(traces, wanted)

    def add(self, item: Payload | Gap) -> None:
        """Add one payload or gap. An answer that cannot be tabulated is the gap of its question."""
        try:
            self._add(item)
        except Exception as error:
            if isinstance(item, Gap):
                raise
            _log.debug("%s cannot be tabulated", item.ask.request, exc_info=True)
            self._found.gap(gaps.unexpected(item.ask, error, about=item.id))

    def _add(self, item: Payload | Gap) -> None:
        """Add one payload or gap. A superseded payload only shows that Resource Graph refused."""
        if isinstance(item, Payload) and item.superseded:
            self._found.subscriptions.note_superseded(item)
            return
        if isinstance(item, Gap):
            self._found.add_gap(item)
            return
        kind = item.kind
        self._found.part(kind, item)
        self._found.completeness.answered(kind, item.scope)
        if kind in _ADDERS:
            _ADDERS[kind](self, item)
        elif kind in OF_KIND:
            self._children_page(item)

    def finished(self) -> Tables:
        """Return the tables of everything added. The rows are removed on the way, to save memory."""
        return tables_of(self._found)

    def _subscription_details(self, page: Payload) -> None:
        self._found.trace(BY_SUBSCRIPTION, self._found.subscriptions.add(page.document), page)

    def _subscription_page(self, page: Payload) -> None:
        for position, item in self._found.items(page):
            self._found.trace(
                BY_SUBSCRIPTION, self._found.subscriptions.add(item), page, *_place(page, position)
            )

    def _descendants_page(self, page: Payload) -> None:
        for key in self._found.subscriptions.add_descendants(page):
            self._found.trace(BY_SUBSCRIPTION, key, page)

    def _provider(self, page: Payload) -> None:
        self._found.subscriptions.note_provider(page)
        if proves_absence(registration_state(page)):
            self._found.trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)

    def _network_provider(self, page: Payload) -> None:
        self._found.subscriptions.note_network(page)
        self._found.trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)

    def _workspace_page(self, page: Payload) -> None:
        if page.status != 200:
            self._found.subscriptions.note_unusable(page)
            self._found.trace(BY_SUBSCRIPTION, (page.subscription_id or "").lower(), page)
            return
        items = self._found.items(page)
        subscription_id = page.subscription_id or ""
        self._found.subscriptions.count(subscription_id, (json_members.key(item["id"]) for _, item in items))
        self._found.trace(BY_SUBSCRIPTION, subscription_id.lower(), page)
        rows = ((json_members.key(item["id"]), workspace_row(item, page.api_version)) for _, item in items)
        self._found.listed.add_page(self._found.page(page), rows)
        for position, item in items:
            self._take_body(item, page, *_place(page, position))

    def _workspace_details(self, page: Payload) -> None:
        if not json_members.named(page.document, "id"):
            self._found.lost(page, MALFORMED, "The workspace has no id.")
            return
        row = workspace_row(page.document, page.api_version)
        keep_one(self._found.details, json_members.key(page.document["id"]), row)
        self._take_body(page.document, page)

    def _address_rules_page(self, page: Payload) -> None:
        for position, item in self._found.items(page):
            key = json_members.key(item["id"])
            keep_one(self._found.address_rules, key, address_rules(item))
            self._found.trace("workspaces", key, page, "value", position)

    def _take_body(self, item: json_members.Object, page: Payload, *path: str | int) -> None:
        key = json_members.key(item["id"])
        self._found.trace("workspaces", key, page, *path)
        rules = json_members.member(item, "properties", "managedNetwork", "outboundRules")
        if isinstance(rules, dict):
            self._found.rules.add_body(item["id"], rules, is_detail=page.kind == "workspace")
            for name in rules if self._found.traces else ():
                where = (*path, "properties", "managedNetwork", "outboundRules", name)
                self._found.trace(BY_RULE_NAME, f"{key} {name}".lower(), page, *where)
        connections = json_members.member(item, "properties", "privateEndpointConnections")
        for position, connection in enumerate(connections if isinstance(connections, list) else ()):
            if isinstance(connection, dict):
                row = connection_row(item["id"], connection)
                identity = json_members.key(row["connection_id"])
                kept = self._found.body_connections[page.kind]
                self._found.keep(page, _CONNECTIONS, item["id"], kept, identity, row)
                where = (*path, "properties", "privateEndpointConnections", position)
                self._found.trace("private_endpoint_connections", identity, page, *where)

    def _rules_page(self, page: Payload) -> None:
        items = self._found.items(page)
        rules = self._found.rules.add_page(self._found.page(page), [item for _, item in items])
        for (position, _), rule in zip(items, rules, strict=True) if self._found.traces else ():
            name = f"{json_members.key(page.scope)} {rule.name}".lower()
            self._found.trace(BY_RULE_NAME, name, page, *_place(page, position))

    def _children_page(self, page: Payload) -> None:
        child = OF_KIND[page.kind]
        assert child.row
        for position, item in self._found.items(page):
            identity = json_members.key(item["id"])
            row = child.row(page.scope, item)
            self._found.keep(page, child, page.scope, self._found.children[child.table], identity, row)
            self._found.trace(child.table, identity, page, *_place(page, position))

    def _checked_page(self, page: Payload) -> None:
        """Add only the gaps of a page whose items another class collects."""
        self._found.items(page)

    def _graph_page(self, page: Payload) -> None:
        self._found.graph.add(page)
        for subscription_id in asked_subscriptions(page.request_body):
            self._found.trace(BY_SUBSCRIPTION, subscription_id, page)


_CONNECTIONS = OF_KIND["privateEndpointConnections"]

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
    ROLE_ASSIGNMENTS: Tabulation._checked_page,
}


def _place(page: Payload, position: int) -> tuple[str, int]:
    """Return the path of an item in the body of its page."""
    return spelled(page.document, "value"), position


def item_kind(item: Payload | Gap) -> str:
    """Return the kind of question that a payload or gap answers."""
    return item.kind if isinstance(item, Payload) else item.asked
