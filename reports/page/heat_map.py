"""The heat map of the page: findings of each check family by subscription, under each policy."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.tables.policies import scores_by_id
from reports.tables.population import subscription_rows

HEAT_STEPS = (0.0, 0.1, 0.25, 0.5)
"""A cell takes the next shade if the share of failing findings is above each of these."""

Counts = dict[str, dict[str, tuple[int, int, int, int]]]
"""Lower-cased subscription id to family to the counts failing, unknown, waived and total."""


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """The counts of one family ("" for all) in one subscription.

    A waived finding counts in `waived` and `total` only.
    """

    family: str
    failing: int
    unknown: int
    waived: int
    total: int

    @property
    def is_unsure(self) -> bool:
        """Whether at least half are unknown and more are unknown than fail, so that no shade would be right."""
        return self.unknown > self.failing and 2 * self.unknown >= self.total

    @property
    def shade(self) -> int:
        """0 (nothing fails) to 4 (more than half does)."""
        share = self.failing / self.total if self.total else 0
        return sum(share > step for step in HEAT_STEPS)


@dataclass(frozen=True, kw_only=True)
class HeatRow:
    """One subscription. It has no cells if it was not read; `score` is "" for none."""

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
    """Return one heat map for each policy, in their order.

    `counted` comes from `counted_findings`. The rows are the subscriptions with a finding, by name, after
    those that were not read. Findings about no known workspace have a row of their own.
    """
    return tuple(
        _heat_map(audit, verdict, counted[counted["policy"].eq(verdict.policy)]) for verdict in audit.verdicts
    )


def _heat_map(audit: Audit, verdict: PolicyVerdict, counted: pd.DataFrame) -> HeatMap:
    families = tuple(sorted(set(counted["family"].dropna())))
    counts, scores = _counts(counted), scores_by_id(verdict, "subscription")
    listed = [row for row in subscription_rows(audit.tables) if not row.is_read or row.id.lower() in counts]
    # Subscriptions without a finding were not read. They come first.
    listed.sort(key=lambda row: (row.id.lower() in counts, row.name.lower(), row.id))
    strays = sorted(set(counts) - {row.id.lower() for row in listed})
    named = [*((row.name, row.id) for row in listed), *((id or "(no workspace)", id) for id in strays)]
    rows = tuple(
        HeatRow(
            subscription=name,
            subscription_id=id,
            score=scores.get(id.lower(), ""),
            cells=_cells(id.lower(), families, counts),
        )
        for name, id in named
    )
    return HeatMap(policy=verdict.policy, families=families, rows=rows)


def _cells(id: str, families: tuple[str, ...], counts: Counts) -> tuple[HeatCell, ...]:
    """Return a cell for each family and one for all; none if there is no finding."""
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
    sums = keys.groupby(["subscription", "family"])[["failing", "unknown", "waived", "total"]].sum()
    result: Counts = {}
    for (subscription, family), failing, unknown, waived, total in sums.itertuples():
        result.setdefault(subscription, {})[family] = (int(failing), int(unknown), int(waived), int(total))
    return result
