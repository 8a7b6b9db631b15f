"""Translates Azure's words into tables, once: payloads and gaps in, `checks.schema.Tables` out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from checks.schema import Tables
from scanner import wire
from scanner.api_versions import PROVIDER, registration_state
from scanner.outbound_rule_rows import rule_row, united
from scanner.payloads import Gap, Payload
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
        self._subscriptions: dict[str, Row] = {}
        self._listed: dict[str, int] = {}
        self._unregistered: dict[str, str] = {}
        self._workspaces: dict[str, Row] = {}
        self._details: dict[str, Row] = {}
        self._body_rules: dict[str, list[Row]] = {}
        self._listed_rules: dict[str, list[Row]] = {}
        self._connections: dict[str, Row] = {}
        self._asked: set[tuple[str, str]] = set()
        self._gaps: dict[str, Gap] = {}
        self._broken: set[tuple[str, str]] = set()
        self._problems: dict[str, set[str]] = {}

    def add(self, item: Payload | Gap) -> None:
        """Take in one payload or gap."""
        if isinstance(item, Gap):
            self._gap(item)
            return
        self._asked.add((item.kind, item.scope.lower()))
        take = {
            "subscriptions": self._subscription_page,
            "subscription": self._single_subscription,
            "workspaces": self._workspace_page,
            "workspace": self._workspace_details,
            "outboundRules": self._rules_page,
            "privateEndpointConnections": self._connections_page,
            "provider": self._provider,
        }.get(item.kind)
        if take:
            take(item)

    def finished(self) -> Tables:
        """The tables of everything taken in."""
        for key, details in self._details.items():
            self._workspaces[key] = merged(self._workspaces.get(key, {}), details)
        rules = self._finish_rules()
        for row in self._workspaces.values():
            self._finish_workspace(row)
        return Tables.of(
            subscriptions=[self._finished_subscription(row) for row in self._subscriptions.values()],
            workspaces=list(self._workspaces.values()),
            outbound_rules=rules,
            private_endpoint_connections=list(self._connections.values()),
            gaps=[_gap_row(key, gap) for key, gap in self._gaps.items()],
        )

    def _gap(self, gap: Gap) -> None:
        self._gaps[f"{gap.asked} of {gap.scope}: {gap.code} {gap.request}"] = gap
        self._broken.add((gap.asked, gap.scope.lower()))
        if gap.asked in ("workspaces", "subscription") and gap.subscription_id:
            problems = self._problems.setdefault(gap.subscription_id.lower(), set())
            problems.add(f"{gap.code}: {gap.message}")
        if gap.asked == "subscription" and gap.subscription_id:
            row = {"subscription_resource_id": gap.scope, "subscription_id": gap.subscription_id}
            self._subscriptions.setdefault(gap.subscription_id.lower(), row)

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
                closes="Open an Azure support case with the request id.",
                request_id=page.request_id,
            )
        )

    def _items(self, page: Payload) -> list[dict[str, Any]]:
        """The items of a list page that carry an id; the others become one gap."""
        values = page.document.get("value") if isinstance(page.document, dict) else None
        if not isinstance(values, list):
            return []
        readable = [item for item in values if isinstance(item, dict) and wire.named(item, "id")]
        if len(readable) < len(values):
            self._lost(page, f"{len(values) - len(readable)} of {len(values)} items carry no id.")
        return readable

    def _subscription_page(self, page: Payload) -> None:
        for item in self._items(page):
            self._subscription(item)

    def _single_subscription(self, page: Payload) -> None:
        self._subscription(page.document)

    def _subscription(self, item: dict[str, Any]) -> None:
        subscription_id = wire.named(item, "subscriptionId") or wire.subscription_of(item["id"]) or ""
        tenants = wire.objects(item, "managedByTenants")
        self._subscriptions[subscription_id.lower()] = {
            "subscription_resource_id": item["id"],
            "subscription_id": subscription_id,
            "subscription": wire.text(item, "displayName"),
            "state": wire.text(item, "state"),
            "tenant_id": wire.text(item, "tenantId"),
            "authorization_source": wire.text(item, "authorizationSource"),
            "managed_by_tenants": wire.joined([t["tenantId"] for t in tenants if "tenantId" in t])
            if tenants is not None
            else None,
        }

    def _workspace_page(self, page: Payload) -> None:
        items = self._items(page)
        key = (page.subscription_id or "").lower()
        self._listed[key] = self._listed.get(key, 0) + len(items)
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

    def _take_body(self, item: dict[str, Any]) -> None:
        rules = wire.member(item, "properties", "managedNetwork", "outboundRules")
        if isinstance(rules, dict):
            self._body_rules[item["id"].lower()] = [
                rule_row(item["id"], str(name), rule, None, "workspace") for name, rule in rules.items()
            ]
        for connection in wire.objects(item, "properties", "privateEndpointConnections") or ():
            self._connection(item["id"], connection)

    def _rules_page(self, page: Payload) -> None:
        rows = self._listed_rules.setdefault(page.scope.lower(), [])
        for item in self._items(page):
            name = wire.named(item, "name") or item["id"].rsplit("/", 1)[-1]
            rows.append(rule_row(page.scope, name, item.get("properties"), item["id"], "outboundRules"))

    def _connections_page(self, page: Payload) -> None:
        for item in self._items(page):
            self._connection(page.scope, item)

    def _connection(self, workspace_id: str, item: dict[str, Any]) -> None:
        identity = wire.named(item, "id")
        if not identity:
            identity = f"{workspace_id}/privateEndpointConnections/{wire.text(item, 'name') or 'unnamed'}"
        state = wire.member(item, "properties", "privateLinkServiceConnectionState")
        self._connections[identity.lower()] = {
            "connection_id": identity,
            "workspace_id": workspace_id,
            "connection": wire.text(item, "name") or identity.rsplit("/", 1)[-1],
            "status": wire.text(state, "status"),
            "description": wire.text(state, "description"),
            "private_endpoint_id": wire.named(item, "properties", "privateEndpoint", "id"),
            "provisioning_state": wire.text(item, "properties", "provisioningState"),
        }

    def _provider(self, page: Payload) -> None:
        state = registration_state(page)
        if state.lower() != "registered":
            self._unregistered[(page.subscription_id or "").lower()] = state

    def _finish_rules(self) -> list[Row]:
        rows: list[Row] = []
        for key in sorted(self._body_rules.keys() | self._listed_rules.keys()):
            listed = self._listed_rules.get(key) if self._was_read("outboundRules", key) else None
            rules, discrepancy = united(self._body_rules.get(key), listed, self._listed_rules.get(key, ()))
            rows += rules
            if key in self._workspaces:
                self._workspaces[key]["outbound_rules_discrepancy"] = discrepancy
        return rows

    def _was_read(self, kind: str, scope: str) -> bool | None:
        """Whether a list was read whole (True), broke off (False) or was not asked for (None)."""
        if (kind, scope) in self._broken:
            return False
        return True if (kind, scope) in self._asked else None

    def _finish_workspace(self, row: Row) -> None:
        key = row["workspace_id"].lower()
        plainly_off = (row["isolation_mode"] or "").lower() == "disabled"
        rules_read = self._was_read("outboundRules", key)
        row["outbound_rules_known"] = True if rules_read is None and plainly_off else rules_read
        connections_read = self._was_read("privateEndpointConnections", key)
        if connections_read is not None:
            row["private_endpoint_connections_known"] = connections_read

    def _finished_subscription(self, row: Row) -> Row:
        key = row["subscription_id"].lower()
        problems = self._problems.get(key)
        count = self._listed.get(key)
        read: bool | None = None if count is None else True
        note = None if read else "Not asked for."
        if key in self._unregistered and count is None:
            read, count = True, 0
            note = f"{PROVIDER} is {self._unregistered[key]} here: no workspace can exist."
        if problems:
            read, note = False, "; ".join(sorted(problems))
        return row | {"read": read, "workspaces": count, "note": note}


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
        "request_id": gap.request_id or None,
    }
