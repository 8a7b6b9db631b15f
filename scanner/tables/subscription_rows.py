"""Subscriptions as rows, with what became of reading each."""

from __future__ import annotations

from typing import Any

from scanner.payloads import json_members
from scanner.payloads.bodies import parsed
from scanner.payloads.gaps import arm_error
from scanner.payloads.payload import Gap, Payload
from scanner.tables.graph_rows import KIND as GRAPH
from scanner.tables.graph_rows import asked_subscriptions

Row = dict[str, Any]

_NOT_LISTED = (
    "Not listed: Resource Graph shows no workspace here. It would show none that the identity may not read."
)


_ALONE = "which workspaces there are, Azure Resource Manager alone tells."

SUBSCRIPTION_KINDS = ("workspaces", "subscription", "provider")
"""The kinds of gap that leave a subscription itself unread."""


class SubscriptionRows:
    """Collects what is told of subscriptions, keyed by lower-cased id."""

    def __init__(self) -> None:
        """Nothing told yet."""
        self._rows: dict[str, Row] = {}
        self._listed: dict[str, int] = {}
        self._unregistered: dict[str, str] = {}
        self._problems: dict[str, set[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._unread_groups: set[str] = set()
        self._in_graph: dict[str, int] = {}
        self._graph_refusals: dict[str, str] = {}

    def add(self, item: json_members.Object) -> str:
        """A subscription as Azure lists it, or as it tells it on its own; returns its lower-cased id."""
        resource_id = json_members.named(item, "id") or ""
        subscription_id = (
            json_members.named(item, "subscriptionId") or json_members.subscription_of(resource_id) or ""
        )
        tenants = json_members.objects(item, "managedByTenants")
        self._rows[subscription_id.lower()] = {
            "subscription_resource_id": resource_id or f"/subscriptions/{subscription_id}",
            "subscription_id": subscription_id,
            "subscription": json_members.text(item, "displayName"),
            "state": json_members.text(item, "state"),
            "tenant_id": json_members.text(item, "tenantId"),
            "authorization_source": json_members.text(item, "authorizationSource"),
            "managed_by_tenants": None
            if tenants is None
            else json_members.joined([tenant["tenantId"] for tenant in tenants if "tenantId" in tenant]),
        }
        return subscription_id.lower()

    def count(self, subscription_id: str, workspaces: int) -> None:
        """So many more workspaces were listed in it."""
        key = subscription_id.lower()
        self._listed[key] = self._listed.get(key, 0) + workspaces

    def below(self, group_id: str, subscription_ids: set[str]) -> None:
        """These, by lower-cased id, lie below the management group, as one page of its descendants says."""
        self._groups.setdefault(json_members.last_part(group_id), set()).update(subscription_ids)

    def count_in_graph(self, subscription_id: str, workspaces: int) -> None:
        """So many workspaces Resource Graph shows in it, all in all."""
        self._in_graph[subscription_id.lower()] = workspaces

    def note_superseded(self, answer: Payload) -> None:
        """Resource Graph may not be asked about those that the query names, and need not be."""
        if answer.kind != GRAPH:
            return
        code, _ = arm_error(parsed(answer.body))
        told = f"Resource Graph answered {answer.status} {code}".strip()
        for key in asked_subscriptions(answer.request_body):
            self._graph_refusals[key] = f"{told}: {_ALONE}"

    def note_unregistered(self, subscription_id: str, told: str) -> None:
        """Machine Learning is not registered in it."""
        self._unregistered[subscription_id.lower()] = told

    def note(self, gap: Gap) -> None:
        """Remember a gap in a management group, a subscription itself or its list of workspaces."""
        if gap.asked == "descendants":
            self._unread_groups.add(json_members.last_part(gap.scope))
        if gap.asked not in SUBSCRIPTION_KINDS or not gap.subscription_id:
            return
        key = gap.subscription_id.lower()
        self._problems.setdefault(key, set()).add(f"{gap.code}: {gap.message}")
        if gap.asked == "subscription":
            named = {"subscription_resource_id": gap.scope, "subscription_id": gap.subscription_id}
            self._rows.setdefault(key, named)

    def finished(self) -> list[Row]:
        """The rows, each with whether it was read, how many workspaces it has and why it was not read."""
        return [
            row
            | self._management_groups(key)
            | {"workspaces_in_graph": self._in_graph.get(key)}
            | self._outcome(key)
            for key, row in self._rows.items()
        ]

    def _management_groups(self, key: str) -> Row:
        below = sorted(group for group, subscriptions in self._groups.items() if key in subscriptions)
        known = sorted(self._groups.keys() - self._unread_groups)
        return {
            "management_groups": json_members.joined(below) if self._groups else None,
            "known_management_groups": json_members.joined(known),
        }

    def _outcome(self, key: str) -> Row:
        outcome, refusal = self._read(key), self._graph_refusals.get(key)
        return outcome | {"note": "; ".join(filter(None, [outcome["note"], refusal]))} if refusal else outcome

    def _read(self, key: str) -> Row:
        problems, count = self._problems.get(key), self._listed.get(key)
        if problems:
            return {"read": False, "workspaces": count, "note": "; ".join(sorted(problems))}
        if count is not None:
            return {"read": True, "workspaces": count, "note": None}
        if key in self._unregistered:
            note = f"{self._unregistered[key]} here: no workspace can exist."
            return {"read": True, "workspaces": 0, "note": note}
        if self._in_graph.get(key) == 0:
            return {"read": None, "workspaces": None, "note": _NOT_LISTED}
        return {"read": None, "workspaces": None, "note": "Not asked for."}
