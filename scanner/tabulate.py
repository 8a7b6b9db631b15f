"""Translates Azure's words into tables, once: payloads and gaps in, `checks.schema.Tables` out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from checks.schema import Tables
from scanner import wire
from scanner.api_versions import PROVIDER, registration_state
from scanner.associated import KIND as ASSOCIATED
from scanner.associated_rows import COLUMN_OF_ROLE, associated_rows
from scanner.child_rows import CHILDREN, connection_row
from scanner.collection import KIND_OF
from scanner.outbound_rule_rows import rule_row, united
from scanner.payloads import Gap, Payload
from scanner.scope import subscription_ids
from scanner.subscription_rows import SubscriptionRows
from scanner.workspace_rows import merged, workspace_row

Row = dict[str, Any]


def tables(items: Iterable[Payload | Gap]) -> Tables:
    """The tables of a whole collection; the order of the items does not matter."""
    tabulation = Tabulation()
    for item in items:
        tabulation.add(item)
    return tabulation.finished()


class Tabulation:
    """Collects rows while payloads arrive, so that no parsed body need be kept."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._subscriptions = SubscriptionRows()
        self._workspaces: dict[str, Row] = {}
        self._details: dict[str, Row] = {}
        self._body_rules: dict[str, list[Row]] = {}
        self._listed_rules: dict[str, list[Row]] = {}
        self._children: dict[str, dict[str, Row]] = defaultdict(dict)
        self._associated: dict[str, Payload | Gap] = {}
        self._asked: set[tuple[str, str]] = set()
        self._broken: set[tuple[str, str]] = set()
        self._gaps: dict[str, Gap] = {}

    def add(self, item: Payload | Gap) -> None:
        """Take in one payload or gap; a superseded payload tells nothing."""
        if isinstance(item, Payload) and item.superseded:
            return
        if item_kind(item) == ASSOCIATED:
            self._associated[item.scope.lower()] = item
        if isinstance(item, Gap):
            self._gap(item)
            return
        self._asked.add((item.kind, item.scope.lower()))
        take = {
            "subscriptions": self._subscription_page,
            "subscription": lambda page: self._subscriptions.add(page.document),
            "workspaces": self._workspace_page,
            "workspace": self._workspace_details,
            "outboundRules": self._rules_page,
            "provider": self._provider,
            "descendants": self._descendants_page,
        }.get(item.kind)
        if take:
            take(item)
        elif item.kind in CHILDREN:
            self._children_page(item)

    def finished(self) -> Tables:
        """The tables of everything taken in."""
        for key, details in self._details.items():
            self._workspaces[key] = merged(self._workspaces.get(key, {}), details)
        rules = self._finished_rules()
        for row in self._workspaces.values():
            self._finish_workspace(row)
        return Tables.of(
            subscriptions=self._subscriptions.finished(),
            workspaces=list(self._workspaces.values()),
            outbound_rules=rules,
            associated_resources=self._finished_associated(),
            gaps=[_gap_row(key, gap) for key, gap in self._gaps.items()],
            **{table: list(rows.values()) for table, rows in self._children.items()},
        )

    def _gap(self, gap: Gap) -> None:
        self._gaps[f"{gap.asked} of {gap.scope}: {gap.code} {gap.request}"] = gap
        self._broken.add((gap.asked, gap.scope.lower()))
        self._subscriptions.note(gap)

    def _lost(self, page: Payload, message: str) -> None:
        self._gap(
            Gap(
                scope=page.scope,
                subscription_id=page.subscription_id,
                asked=page.kind,
                request=f"GET {page.url}",
                http_status=page.status,
                code="MalformedItem",
                message=message,
                closes="Open an Azure support case; the log names the request id.",
                request_id=page.request_id,
            )
        )

    def _items(self, page: Payload) -> list[wire.Object]:
        """The items of a list page that carry an id; the others become one gap."""
        values = wire.member(page.document, "value")
        if not isinstance(values, list):
            return []
        readable = [item for item in values if isinstance(item, dict) and wire.named(item, "id")]
        if len(readable) < len(values):
            self._lost(page, f"{len(values) - len(readable)} of {len(values)} items carry no id.")
        return readable

    def _subscription_page(self, page: Payload) -> None:
        for item in self._items(page):
            self._subscriptions.add(item)

    def _descendants_page(self, page: Payload) -> None:
        self._subscriptions.below(page.scope, subscription_ids(page))

    def _provider(self, page: Payload) -> None:
        state = registration_state(page)
        if state.lower() != "registered":
            self._subscriptions.note_unregistered(page.subscription_id or "", f"{PROVIDER} is {state}")

    def _workspace_page(self, page: Payload) -> None:
        items = self._items(page)
        self._subscriptions.count(page.subscription_id or "", len(items))
        for item in items:
            row = workspace_row(item, page.api_version)
            known = self._workspaces.setdefault(item["id"].lower(), row)
            if known != row:
                self._lost(page, f"{item['id']} is listed twice, and differently.")
                self._workspaces[item["id"].lower()] = min(known, row, key=repr)
            self._take_body(item)

    def _workspace_details(self, page: Payload) -> None:
        if wire.named(page.document, "id"):
            self._details[page.document["id"].lower()] = workspace_row(page.document, page.api_version)
            self._take_body(page.document)
        else:
            self._lost(page, "The workspace carries no id.")

    def _take_body(self, item: wire.Object) -> None:
        rules = wire.member(item, "properties", "managedNetwork", "outboundRules")
        if isinstance(rules, dict):
            self._body_rules[item["id"].lower()] = [
                rule_row(item["id"], str(name), rule, None, "workspace") for name, rule in rules.items()
            ]
        for connection in wire.objects(item, "properties", "privateEndpointConnections") or ():
            row = connection_row(item["id"], connection)
            self._children["private_endpoint_connections"][row["connection_id"].lower()] = row

    def _rules_page(self, page: Payload) -> None:
        rows = self._listed_rules.setdefault(page.scope.lower(), [])
        for item in self._items(page):
            name = wire.named(item, "name") or wire.last_part(item["id"])
            rows.append(rule_row(page.scope, name, item.get("properties"), item["id"], "outboundRules"))

    def _children_page(self, page: Payload) -> None:
        table, child_row = CHILDREN[page.kind]
        for item in self._items(page):
            self._children[table][item["id"].lower()] = child_row(page.scope, item)

    def _finished_rules(self) -> list[Row]:
        rows: list[Row] = []
        for key in sorted(self._body_rules.keys() | self._listed_rules.keys()):
            listed = self._listed_rules.get(key) if self._was_read("outboundRules", key) else None
            rules, discrepancy = united(self._body_rules.get(key), listed, self._listed_rules.get(key, ()))
            rows += rules
            if key in self._workspaces:
                self._workspaces[key]["outbound_rules_discrepancy"] = discrepancy
        return rows

    def _finished_associated(self) -> list[Row]:
        independent = [row for row in self._workspaces.values() if not _is_project(row)]
        return [row for workspace in independent for row in associated_rows(workspace, self._associated)]

    def _was_read(self, kind: str, scope: str) -> bool | None:
        """Whether a list was read whole (True), broke off (False) or was not asked for (None)."""
        if (kind, scope) in self._broken:
            return False
        return True if (kind, scope) in self._asked else None

    def _finish_workspace(self, row: Row) -> None:
        key = row["workspace_id"].lower()
        for column, kind in KIND_OF.items():
            told = self._was_read(kind, key)
            row[column] = row.get(column) if told is None else told
        if row["outbound_rules_known"] is None and (row["isolation_mode"] or "").lower() == "disabled":
            row["outbound_rules_known"] = True
        if row["online_deployments_known"] is None and row["online_endpoints_known"]:
            row["online_deployments_known"] = self._has_no_online_endpoint(key) or None
        row["associated_resources_known"] = self._is_told_of_all_associated(row) or None

    def _is_told_of_all_associated(self, row: Row) -> bool:
        named = [row.get(column) for column in COLUMN_OF_ROLE.values()]
        return all(each is not None and (not each or each.lower() in self._associated) for each in named)

    def _has_no_online_endpoint(self, workspace_key: str) -> bool:
        prefix = f"{workspace_key}/onlineendpoints/"
        return not any(key.startswith(prefix) for key in self._children["endpoints"])


def item_kind(item: Payload | Gap) -> str:
    """What a payload or gap was asked for as."""
    return item.kind if isinstance(item, Payload) else item.asked


def _is_project(row: Row) -> bool:
    return (row["kind"] or "").lower() == "project" or bool(row["hub_resource_id"])


def _gap_row(key: str, gap: Gap) -> Row:
    return {
        "gap_id": key,
        "scope": gap.scope,
        "subscription_id": gap.subscription_id,
        "asked": gap.asked,
        "request": gap.request,
        "http_status": gap.http_status,
        "code": gap.code,
        "message": gap.message,
        "closes": gap.closes,
    }
