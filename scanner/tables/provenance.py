"""Records which payload, and which place in its body, every table row and every list came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote

from scanner.payloads.payload import Gap, Payload
from scanner.tables.outbound_rules import Rule
from scanner.tables.rows import Row

Key = TypeVar("Key", str, tuple[str, str])

ListKey = tuple[str, str]
"""The kind of a list and the lower-cased id of the resource it belongs to."""

Reference = str
"""`ID#POINTER`: a payload's id and a JSON pointer into its body, as a URI fragment (RFC 6901, section 6).

`ID#` is the whole body. For a gap that no answer caused, the id is the gap's own."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The references of rows, by table and lower-cased row id, and of lists. Sorted, without duplicates."""

    rows: Mapping[str, Mapping[str, tuple[Reference, ...]]] = field(default_factory=dict)
    lists: Mapping[ListKey, tuple[Reference, ...]] = field(default_factory=dict)

    def of_row(self, table: str, key: str) -> tuple[Reference, ...]:
        """Return the references of a row, or an empty tuple if there are none."""
        return self.rows.get(table, {}).get(key, ())


BY_SUBSCRIPTION = "by subscription"
BY_RULE_NAME = "by rule name"
"""Used in place of a table, for references whose row gets its id only when all payloads were added."""


class Traces:
    """Records, for every table row, which payload and JSON pointer it came from. `Tabulation` calls it."""

    def __init__(self) -> None:
        """Start empty. `gaps` collects the gaps that no answer of Azure caused."""
        self.gaps: list[Gap] = []
        self._rows: dict[str, dict[str, set[Reference]]] = defaultdict(lambda: defaultdict(set))
        self._lists: dict[ListKey, set[Reference]] = defaultdict(set)

    def row(self, table: str, key: str, item: Payload | Gap, *path: str | int) -> None:
        """Record that the row came from this path of the item's body."""
        self._rows[table][key].add(reference(item, *path))

    def payloads(self, table: str, key: str) -> set[str]:
        """Return the ids of the payloads and gaps that were recorded for the row."""
        return {each.partition("#")[0] for each in self._rows[table].get(key, ())}

    def part(self, kind: str, scope: str, item: Payload | Gap) -> None:
        """Record that the item is a page of the list, or the gap that ended it."""
        self._lists[kind, scope].add(reference(item))
        if isinstance(item, Gap) and item.answer is None:
            self.gaps.append(item)

    def settle_subscriptions(self, rows: Iterable[Row]) -> None:
        """Give the finished rows the references that were recorded by subscription."""
        for row in rows:
            self._copy(
                "subscriptions", row["subscription_resource_id"], BY_SUBSCRIPTION, row["subscription_id"]
            )

    def forget(self, table: str, keys: Iterable[str]) -> None:
        """Drop the references of rows that a rule of the scope leaves out."""
        for key in keys:
            self._rows[table].pop(key, None)

    def settle_left_out(self, rows: Iterable[Row]) -> None:
        """Give the rows of what is left out the references of what describes it."""
        for row in rows:
            if row["left_out"] == "subscription":
                self._copy("left_out", row["left_out_id"], BY_SUBSCRIPTION, row["subscription_id"])
            else:
                self._copy("left_out", row["left_out_id"], "workspaces", row["left_out_id"])

    def settle_rules(self, rules: Iterable[Rule]) -> None:
        """Give the finished rules the references that were recorded by name."""
        for rule in rules:
            name = f"{rule.workspace_id} {rule.name}".lower()
            self._rows["outbound_rules"][rule.id.lower()] |= self._rows[BY_RULE_NAME][name]

    def settle_associated(
        self, rows: Iterable[Row], answers: Callable[[str], Iterable[Payload | Gap]]
    ) -> None:
        """Give each row the references of the answers about its resource, and of the workspace that names it."""
        for row in rows:
            self._copy("associated_resources", row["association_id"], "workspaces", row["workspace_id"])
            for answer in answers(row["resource_id"]):
                self.row("associated_resources", row["association_id"].lower(), answer)

    def _copy(self, table: str, row_id: str, recorded_in: str, key: str) -> None:
        self._rows[table][row_id.lower()] |= self._rows[recorded_in][key.lower()]

    def finished(self) -> Provenance:
        """Return everything recorded, as an evidence bundle seals it."""
        tables = sorted(self._rows.keys() - {BY_SUBSCRIPTION, BY_RULE_NAME})
        return Provenance(
            rows={table: _sorted(self._rows[table]) for table in tables},
            lists=_sorted(self._lists),
        )


def _sorted(recorded: Mapping[Key, set[Reference]]) -> dict[Key, tuple[Reference, ...]]:
    return {key: tuple(sorted(recorded[key])) for key in sorted(recorded)}


def reference(item: Payload | Gap, *path: str | int) -> Reference:
    """Return the reference to a place in a payload, or to what caused a gap."""
    if isinstance(item, Gap):
        return f"{item.evidence_id}#"
    return item.id + "#" + "".join([f"/{_escaped(step)}" for step in path])


@lru_cache(maxsize=4096)
def _escaped(step: str | int) -> str:
    """Escape a step, first for a JSON pointer and then for a URI fragment."""
    if isinstance(step, int):
        return str(step)
    pointed = step.replace("~", "~0").replace("/", "~1")
    return quote(pointed, safe="!$&'()*+,;=:@~-._", errors="surrogatepass")
