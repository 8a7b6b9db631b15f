"""How often each policy is violated where: check families by subscription, and per workspace."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.model import Severity, Status
from reports.audit import Audit
from reports.population import SubscriptionRow, subscription_rows

HEAT_STEPS = (0.0, 0.1, 0.25, 0.5)
"""Shares of failing answers above which a cell of the heat map takes the next shade."""

Counts = dict[str, dict[str, tuple[int, int, int]]]
"""Lower-cased subscription id to family to how many answers fail, are undecided, and there are."""


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """One family (or "" for all) in one subscription: how many answers failed, were undecided, there were."""

    family: str
    failing: int
    unknown: int
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
    """One subscription of the heat map; no cells where it was not read at all."""

    subscription: str
    subscription_id: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """Families by subscription under one policy."""

    policy: str
    families: tuple[str, ...]
    rows: tuple[HeatRow, ...]


def located_findings(audit: Audit) -> pd.DataFrame:
    """The audit's findings with the `subscription_id` of their workspace; `<NA>` where it is not known."""
    ids = audit.findings["workspace_id"].str.lower().fillna("")
    found = audit.tables.workspaces["subscription_id"].reindex(ids).set_axis(audit.findings.index)
    return audit.findings.assign(subscription_id=found)


def heat_maps(audit: Audit, findings: pd.DataFrame) -> tuple[HeatMap, ...]:
    """One heat map for each policy, in their order.

    `findings` are the audit's with `subscription_id`. Rows are the subscriptions with an answer under
    any policy or not read, by name; answers about no known workspace have a row of their own.
    """
    return tuple(
        _heat_map(audit, verdict.policy, findings[findings["policy"].eq(verdict.policy)])
        for verdict in audit.verdicts
    )


def _heat_map(audit: Audit, policy: str, findings: pd.DataFrame) -> HeatMap:
    families = tuple(sorted(set(findings["family"].dropna())))
    counts = _counts(findings)
    rows = [
        _heat_row(row, families, counts)
        for row in subscription_rows(audit.tables)
        if not row.is_read or row.id.lower() in counts
    ]
    known = {row.subscription_id.lower() for row in rows}
    strays = [
        HeatRow(subscription=id or "(no workspace)", subscription_id=id, cells=_cells(id, families, counts))
        for id in sorted(set(counts) - known)
    ]
    return HeatMap(policy=policy, families=families, rows=(*sorted(rows, key=_unread_first), *strays))


def _unread_first(row: HeatRow) -> tuple[bool, str, str]:
    return bool(row.cells), row.subscription.lower(), row.subscription_id


def _heat_row(row: SubscriptionRow, families: tuple[str, ...], counts: Counts) -> HeatRow:
    cells = _cells(row.id.lower(), families, counts) if row.id.lower() in counts else ()
    return HeatRow(subscription=row.name, subscription_id=row.id, cells=cells)


def _cells(id: str, families: tuple[str, ...], counts: Counts) -> tuple[HeatCell, ...]:
    found = [counts[id].get(family, (0, 0, 0)) for family in families]
    failing, unknown, total = (sum(numbers) for numbers in zip(*found, strict=True))
    return tuple(
        HeatCell(family=family, failing=failing, unknown=unknown, total=total)
        for family, (failing, unknown, total) in zip(
            (*families, ""), (*found, (failing, unknown, total)), strict=True
        )
    )


def _counts(findings: pd.DataFrame) -> Counts:
    """Lower-cased subscription id to family to how many answers fail, are undecided, and there are."""
    keys = findings.assign(
        subscription=findings["subscription_id"].str.lower().fillna(""),
        failing=findings["status"].eq(Status.FAIL).astype(int),
        unknown=findings["status"].isin([Status.UNKNOWN, Status.ERROR]).astype(int),
        total=1,
    )
    sums = keys.groupby(["subscription", "family"])[["failing", "unknown", "total"]].sum()
    result: Counts = {}
    for (subscription, family), failing, unknown, total in zip(
        sums.index, sums["failing"], sums["unknown"], sums["total"], strict=True
    ):
        result.setdefault(subscription, {})[family] = (int(failing), int(unknown), int(total))
    return result


def tallies(findings: pd.DataFrame) -> pd.DataFrame:
    """Per lower-cased workspace id and policy: `unknown`, the failures of each severity, `total`."""
    failing = findings["status"].eq(Status.FAIL)
    keys = findings.assign(
        workspace=findings["workspace_id"].str.lower().fillna(""),
        unknown=findings["status"].isin([Status.UNKNOWN, Status.ERROR]).astype(int),
        total=1,
        **{severity: (failing & findings["severity"].eq(severity)).astype(int) for severity in Severity},
    )
    columns = ["unknown", *(severity.value for severity in Severity), "total"]
    return keys.groupby(["workspace", "policy"])[columns].sum()
