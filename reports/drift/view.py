"""What a page or a terminal shows of a drift: the sentence that sums it up, counts, and the first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.drift.comparison import Drift, Snapshot
from checks.drift.model import records

SHOWN = 200
"""Rows of a table on a page; the files have them all."""

CALM = frozenset({"changed", "settled", "gone", "not comparable"})
"""Classes of findings that ask nobody to act, as new ones that comply do: shown after the others."""

MEANINGS: Mapping[str, str] = {
    "regressed": "passed, or did not apply, and fails now",
    "new": "of a resource that was not there",
    "revealed": "was not known, and fails",
    "waiver gone": "was waived, and is no longer",
    "newly unknown": "was known, and is not now: never counted as fixed",
    "not comparable": "only one of the two asked the check",
    "newly waived": "fails as before; somebody answers for it now",
    "fixed": "failed, and passes or does not apply any more",
    "gone": "its resource is not there any more",
    "settled": "was not known, and does not fail",
    "changed": "comes to the same, though something else is seen or it weighs otherwise",
}


@dataclass(frozen=True, kw_only=True)
class SideView:
    """One of the two audits."""

    role: str
    name: str
    told: str
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class TableView:
    """The first rows of a frame and how many there are in all; `rest` are in the file `path`."""

    rows: Sequence[Mapping[str, str]]
    total: int
    path: str

    @property
    def rest(self) -> int:
        """How many rows are not shown."""
        return self.total - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class DriftView:
    """A drift as a reader sees it, most important first."""

    headline: str
    is_regression: bool
    is_unsure: bool
    notes: tuple[str, ...]
    sides: tuple[SideView, SideView]
    classes: Sequence[tuple[str, int, str]]
    """Each class of findings that occurs, its count and its meaning."""
    findings: TableView
    calm: TableView
    rules: TableView
    reach: TableView
    workspaces: TableView
    waivers: TableView


def drift_view(drift: Drift, shown: int = SHOWN) -> DriftView:
    """The drift with at most `shown` rows of each table."""
    found = drift.findings
    harmless = found["change"].eq("new") & found["new_verdict"].eq("compliant")
    is_calm = (found["change"].isin(CALM) | harmless) & ~found["is_regression"]
    return DriftView(
        headline=headline(drift),
        is_regression=bool(drift.regressions),
        is_unsure=bool(drift.newly_unknown),
        notes=drift.notes,
        sides=(_side("old", drift.old), _side("new", drift.new)),
        classes=[
            (name, count, MEANINGS[name])
            for name, count in drift.finding_counts.items()
            if count and name in MEANINGS
        ],
        findings=_table(drift, "findings", shown, only=~is_calm),
        calm=_table(drift, "findings", shown, only=is_calm),
        rules=_table(drift, "rules", shown),
        reach=_table(drift, "reach", shown),
        workspaces=_table(drift, "workspaces", shown),
        waivers=_table(drift, "waivers", shown),
    )


def headline(drift: Drift) -> str:
    """One sentence: how many violations the old audit does not have, and what is not known any more."""
    violations = _counted(drift.regressions, "violation", "violations")
    found = f"{violations} that the older audit does not have." if drift.regressions else "No regression."
    if drift.newly_unknown:
        lost = _counted(drift.newly_unknown, "thing was", "things were")
        found = f"{found} {lost} known before and {'is' if drift.newly_unknown == 1 else 'are'} not now."
    if drift.is_empty:
        return "Nothing differs."
    return found


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _side(role: str, snapshot: Snapshot) -> SideView:
    told = [snapshot.told(name) for name in ("started_at", "source")]
    version = snapshot.told("tool_version")
    told += [f"azml-audit {version}" if version else "", ", ".join(snapshot.of_policies("policy"))]
    return SideView(
        role=role,
        name=snapshot.name,
        told=" · ".join(each for each in told if each) or "its files do not say what it is of",
        counts={
            "subscriptions read": len(snapshot.subscriptions_read),
            "workspaces": len(snapshot.workspaces),
            "outbound rules": len(snapshot.outbound_rules),
            "findings": len(snapshot.findings),
            "gaps": len(snapshot.gaps),
        },
    )


def _table(drift: Drift, name: str, shown: int, only: object = None) -> TableView:
    frame = getattr(drift, name)
    chosen = frame if only is None else frame[only]
    return TableView(rows=records(chosen.head(shown)), total=len(chosen), path=f"drift_{name}.csv")
