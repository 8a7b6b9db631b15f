"""A drift as the pages and the terminal show it: a headline, counts, and the first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.counting import counted
from checks.drift.model import Drift, Snapshot, records

SHOWN = 200
"""Rows of a table on a page. The files have all rows."""

CALM = frozenset({"changed", "settled", "gone", "not comparable"})
"""Classes of findings that need no action. They are shown last, like new compliant findings."""

MEANINGS: Mapping[str, str] = {
    "regressed": "it passed or did not apply before, and fails now",
    "opened further": "it failed before, and more can leave or enter now",
    "new": "the older audit does not have its resource",
    "revealed": "it was unknown before, and fails now",
    "waiver gone": "it was waived before, and is not now",
    "newly unknown": "it was known before, and is unknown now; it never counts as fixed",
    "not comparable": "only one of the two audits ran the check",
    "newly waived": "it fails as before, and a waiver covers it now",
    "fixed": "it failed before, and passes or does not apply now",
    "gone": "the newer audit does not have its resource",
    "settled": "it was unknown before, and does not fail now",
    "changed": "the verdict is the same, but the observed value, the severity or the status changed",
}


@dataclass(frozen=True, kw_only=True)
class SideView:
    """One of the two audits."""

    role: str
    name: str
    origin: str
    """When it was made, from which source, by which version, under which policies."""
    counts: Mapping[str, int]
    """By noun in the singular: it names a column of the page, and the terminal counts with it."""


@dataclass(frozen=True, kw_only=True)
class TableView:
    """The first rows of a frame and the number of all rows. The file `path` has the rest."""

    rows: Sequence[Mapping[str, str]]
    total: int
    path: str

    @property
    def rest(self) -> int:
        """The number of rows that are not shown."""
        return self.total - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class DriftView:
    """A drift, the most important part first."""

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
    """Return the drift with at most `shown` rows of each table."""
    found = drift.findings
    harmless = found["change"].eq("new") & found["new_verdict"].eq("compliant")
    is_calm = (found["change"].isin(CALM) | harmless) & ~found["is_regression"]
    return DriftView(
        headline=headline(drift),
        is_regression=drift.is_worse,
        is_unsure=bool(drift.newly_unknown or drift.why_nothing_was_compared),
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
    """Return the counts of new violations, of openings and of findings that became unknown, in sentences."""
    worse = [
        counted(count, noun)
        for count, noun in ((drift.regressions, "violation"), (drift.openings, "opening"))
        if count
    ]
    found = f"{' and '.join(worse)} that the older audit does not have." if worse else "No regression."
    if drift.newly_unknown:
        found = f"{found} {counted(drift.newly_unknown, 'result is', 'results are')} newly unknown."
    if drift.why_nothing_was_compared:
        return f"Nothing was compared: {drift.why_nothing_was_compared}."
    if drift.is_empty:
        return "No difference."
    return found


def _side(role: str, snapshot: Snapshot) -> SideView:
    origin = [snapshot.of_audit(name) for name in ("started_at", "source")]
    version = snapshot.of_audit("tool_version")
    origin += [f"azml-audit {version}" if version else "", ", ".join(snapshot.of_policies("policy"))]
    return SideView(
        role=role,
        name=snapshot.name,
        origin=" · ".join(each for each in origin if each) or "its files do not name their source",
        counts={
            "subscription": len(snapshot.subscriptions_read),
            "workspace": len(snapshot.workspaces),
            "outbound rule": len(snapshot.outbound_rules),
            "finding": len(snapshot.findings),
            "gap": len(snapshot.gaps),
        },
    )


def _table(drift: Drift, name: str, shown: int, only: object = None) -> TableView:
    frame = getattr(drift, name)
    chosen = frame if only is None else frame[only]
    return TableView(rows=records(chosen.head(shown)), total=len(chosen), path=f"drift_{name}.csv")
