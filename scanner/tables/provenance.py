"""Where every row and every list came from, told beside the tables: payload ids and JSON pointers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

from scanner.payloads.payload import Gap, Payload
from scanner.tables.outbound_rule_rows import Rule

Row = dict[str, Any]
Key = TypeVar("Key", str, tuple[str, str])

ListKey = tuple[str, str]
"""What was asked for, and of which lower-cased resource id."""

Reference = str
"""`ID#POINTER`: a payload's id and a JSON pointer into its body, as a URI fragment (RFC 6901, section 6).

`ID#` is the whole body. The id may also be that of a gap that no answer left."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The evidence of rows, by table and lower-cased row id, and of lists; each sorted, each once."""

    rows: Mapping[str, Mapping[str, tuple[Reference, ...]]] = field(default_factory=dict)
    lists: Mapping[ListKey, tuple[Reference, ...]] = field(default_factory=dict)

    def of_row(self, table: str, key: str) -> tuple[Reference, ...]:
        """The evidence of a row; empty where it is not known."""
        return self.rows.get(table, {}).get(key, ())


BY_SUBSCRIPTION = "by subscription"
BY_RULE_NAME = "by rule name"
"""Where rows are noted whose id is known only when they are finished."""


class Traces:
    """Notes, while payloads are tabulated, where everything was told."""

    def __init__(self) -> None:
        """Nothing told yet; `gaps` will be those that no payload tells."""
        self.gaps: list[Gap] = []
        self._rows: dict[str, dict[str, set[Reference]]] = defaultdict(lambda: defaultdict(set))
        self._lists: dict[ListKey, set[Reference]] = defaultdict(set)

    def row(self, table: str, key: str, item: Payload | Gap, *path: str | int) -> None:
        """The row was told at this path of the item's body."""
        self._rows[table][key].add(reference(item, *path))

    def part(self, kind: str, scope: str, item: Payload | Gap) -> None:
        """The item is a page of the list, or what stands in its way."""
        self._lists[kind, scope].add(reference(item))
        if isinstance(item, Gap) and item.answer is None:
            self.gaps.append(item)

    def settle_subscriptions(self, rows: Iterable[Row]) -> None:
        """Name by their id the rows that were noted by subscription, now that they are finished."""
        for row in rows:
            self._same(
                "subscriptions", row["subscription_resource_id"], BY_SUBSCRIPTION, row["subscription_id"]
            )

    def settle_rules(self, rules: Iterable[Rule]) -> None:
        """Name by their id the rules that were noted by name."""
        for rule in rules:
            name = f"{rule.workspace_id} {rule.name}".lower()
            self._rows["outbound_rules"][rule.id.lower()] |= self._rows[BY_RULE_NAME][name]

    def settle_associated(self, rows: Iterable[Row], answers: Mapping[str, Payload | Gap]) -> None:
        """An associated resource was told by its own answer and by the workspace that names it."""
        for row in rows:
            self._same("associated_resources", row["association_id"], "workspaces", row["workspace_id"])
            answer = answers.get(row["resource_id"].lower())
            if answer:
                self.row("associated_resources", row["association_id"].lower(), answer)

    def _same(self, table: str, row_id: str, noted: str, key: str) -> None:
        self._rows[table][row_id.lower()] |= self._rows[noted][key.lower()]

    def finished(self) -> Provenance:
        """All that was noted, as it is sealed."""
        tables = sorted(self._rows.keys() - {BY_SUBSCRIPTION, BY_RULE_NAME})
        return Provenance(
            rows={table: _sorted(self._rows[table]) for table in tables},
            lists=_sorted(self._lists),
        )


def _sorted(noted: Mapping[Key, set[Reference]]) -> dict[Key, tuple[Reference, ...]]:
    return {key: tuple(sorted(noted[key])) for key in sorted(noted)}


def reference(item: Payload | Gap, *path: str | int) -> Reference:
    """The reference to a place in a payload, or to what a gap came from."""
    if isinstance(item, Gap):
        return f"{item.evidence_id}#"
    return item.id + "#" + "".join([f"/{_escaped(step)}" for step in path])


@lru_cache(maxsize=4096)
def _escaped(step: str | int) -> str:
    """A step of a pointer, its own signs escaped and then what no URI fragment may hold."""
    if isinstance(step, int):
        return str(step)
    pointed = step.replace("~", "~0").replace("/", "~1")
    return quote(pointed, safe="!$&'()*+,;=:@~-._", errors="surrogatepass")
