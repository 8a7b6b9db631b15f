"""What was read to its end: lists that were asked for, and what a workspace says of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from typing import Any

from scanner.payloads import json_members
from scanner.reading.collection import KIND_OF
from scanner.tables.dependency_rows import COLUMN_OF_ROLE

Row = dict[str, Any]


class Completeness:
    """Which lists were asked for and which broke off, by kind and lower-cased scope."""

    def __init__(self) -> None:
        """Nothing asked for yet."""
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._broken: defaultdict[str, set[str]] = defaultdict(set)

    def answered(self, kind: str, scope: str) -> None:
        """A page of the list came."""
        self._asked[kind].add(json_members.key(scope))

    def broke_off(self, kind: str, scope: str) -> None:
        """Something of the list is missing."""
        self._broken[kind].add(json_members.key(scope))

    def of(self, kind: str, scope: str) -> bool | None:
        """Whether a list was read whole (True), broke off (False) or was not asked for (None)."""
        if scope in self._broken[kind]:
            return False
        return True if scope in self._asked[kind] else None

    def mark(self, row: Row, *, with_endpoints: Container[str], associated: Container[str]) -> None:
        """Say in the row of a workspace what of it is known.

        `with_endpoints` are the lower-cased ids of workspaces with an online endpoint, `associated` those of
        associated resources that were asked for.
        """
        key = json_members.key(row["workspace_id"])
        for column, kind in KIND_OF.items():
            told = self.of(kind, key)
            row[column] = row.get(column) if told is None else told
        if row["outbound_rules_known"] is None and (row["isolation_mode"] or "").lower() == "disabled":
            row["outbound_rules_known"] = True
        if row["online_deployments_known"] is None and row["online_endpoints_known"]:
            row["online_deployments_known"] = True if key not in with_endpoints else None
        row["associated_resources_known"] = _is_told_of_all(row, associated) or None


def _is_told_of_all(row: Row, associated: Container[str]) -> bool:
    named = [row.get(column) for column in COLUMN_OF_ROLE.values()]
    return all(each is not None and (not each or each.lower() in associated) for each in named)
