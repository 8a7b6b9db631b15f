"""How often each policy is violated where: check families by subscription, and per workspace."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.tables.policies import texts_by_id
from reports.tables.population import subscription_rows

HEAT_STEPS = (0.0, 0.1, 0.25, 0.5)
"""Shares of failing answers above which a cell of the heat map takes the next shade."""

Counts = dict[str, dict[str, tuple[int, int, int, int]]]
"""Lower-cased subscription id to family to how many answers fail, are undecided, waived, and there are."""


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """One family (or "" for all) in one subscription: how many answers failed, were undecided, there were.

    What is waived is counted in `waived` and `total` alone.
    """

    family: str
    failing: int
    unknown: int
    waived: int
    total: int

    @property
    def is_unsure(self) -> bool:
        """Whether half of the answers or more are not known, and more than fail: no shade would be right."""
        return self.unknown > self.failing and 2 * self.unknown >= self.total

    @property
    def shade(self) -> int:
        """0 (nothing fails) to 4 (more than half does)."""
        share = self.failing / self.total if self.total else 0
        return sum(share > step for step in HEAT_STEPS)


@dataclass(frozen=True, kw_only=True)
class HeatRow:
    """One subscription of the heat map; no cells where it was not read at all, `score` "" for none."""

    subscription: str
    subscription_id: str
    score: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """Families by subscription under one policy."""

    policy: str
    families: tuple[str, ...]
    rows: tuple[HeatRow, ...]


def heat_maps(audit: Audit, counted: pd.DataFrame) -> tuple[HeatMap, ...]:
    """One heat map for each policy, in their order.

    `counted` comes from `reports.page.tallies.counted_findings`. Rows are the subscriptions with an answer
    under any policy or not read, by name; answers about no known workspace have a row of their own.
    """
    return tuple(
        _heat_map(audit, verdict, counted[counted["policy"].eq(verdict.policy)]) for verdict in audit.verdicts
    )


def _heat_map(audit: Audit, verdict: PolicyVerdict, counted: pd.DataFrame) -> HeatMap:
    families = tuple(sorted(set(counted["family"].dropna())))
    counts, scores = _counts(counted), texts_by_id(verdict, "subscription")
    rows = [
        HeatRow(
            subscription=row.name,
            subscription_id=row.id,
            score=scores.get(row.id.lower(), ""),
            cells=_cells(row.id.lower(), families, counts),
        )
        for row in subscription_rows(audit.tables)
        if not row.is_read or row.id.lower() in counts
    ]
    known = {row.subscription_id.lower() for row in rows}
    strays = [
        HeatRow(
            subscription=id or "(no workspace)",
            subscription_id=id,
            score=scores.get(id, ""),
            cells=_cells(id, families, counts),
        )
        for id in sorted(set(counts) - known)
    ]
    ordered = (*sorted(rows, key=_unread_first), *strays)
    return HeatMap(policy=verdict.policy, families=families, rows=ordered)


def _unread_first(row: HeatRow) -> tuple[bool, str, str]:
    return bool(row.cells), row.subscription.lower(), row.subscription_id


def _cells(id: str, families: tuple[str, ...], counts: Counts) -> tuple[HeatCell, ...]:
    """A cell for each family and one for all; none where there is no answer."""
    if id not in counts:
        return ()
    found = [counts[id].get(family, (0, 0, 0, 0)) for family in families]
    every = tuple(sum(numbers) for numbers in zip(*found, strict=True))
    return tuple(
        HeatCell(family=family, failing=failing, unknown=unknown, waived=waived, total=total)
        for family, (failing, unknown, waived, total) in zip((*families, ""), (*found, every), strict=True)
    )


def _counts(counted: pd.DataFrame) -> Counts:
    keys = counted.assign(
        subscription=counted["subscription_id"].str.lower().fillna(""),
        family=counted["family"].astype("string"),
    )
    names = ["failing", "unknown", "waived", "total"]
    sums = keys.groupby(["subscription", "family"])[names].sum()
    result: Counts = {}
    for (subscription, family), failing, unknown, waived, total in zip(
        sums.index, *(sums[name] for name in names), strict=True
    ):
        result.setdefault(subscription, {})[family] = (int(failing), int(unknown), int(waived), int(total))
    return result
