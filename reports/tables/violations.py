"""The table behind `violations.csv`, and the violations by the fix that clears them; the worst first in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.fixes.effects import can_be_undone
from checks.model import Check, Remediation, Status
from checks.severity import Severity, Verdict
from checks.vocabulary import Vocabulary, ordered
from reports.audit import Audit
from reports.selection import OPEN
from reports.statuses import SEVERITY_ORDER
from reports.tables.workspaces import with_workspaces

_ORDER = {
    verdict.value: rank
    for rank, verdict in enumerate(
        (Verdict.VIOLATED, Verdict.UNDETERMINED, Verdict.CONSEQUENCE, Verdict.WAIVED, Verdict.COMPLIANT)
    )
}
_APPLIES = {status.value: status is Status.NOT_APPLICABLE for status in Status}
_RANKS = {severity.value: severity.rank for severity in Severity}


def worst_first(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings in the order in which people should read them: violations first, the most severe first.

    Undetermined findings, consequences, waived and compliant ones follow. Findings that are not applicable are last.
    """
    columns = {name: Vocabulary.of(findings[name]) for name in ("verdict", "status", "severity")}
    ranks = ((columns["verdict"], _ORDER), (columns["status"], _APPLIES), (columns["severity"], _RANKS))
    keys = [column.ranked(partial(_rank, order)) for column, order in ranks]
    keys += [
        Vocabulary.of(findings[name]).ranked(str.lower)
        for name in ("check_id", "resource_id", "workspace_id", "policy")
    ]
    return findings.iloc[ordered(keys)]


def _rank(order: Mapping[str, int], word: str) -> int:
    return order.get(word, len(order))


def violation_table(audit: Audit) -> pd.DataFrame:
    """Return the findings that fail, are unknown or crashed, in the order in which people should read them."""
    chosen = audit.listed(OPEN)
    rows = worst_first(chosen[chosen["status"].isin(list(OPEN))])
    found = with_workspaces(rows, audit.tables)
    resource = found["resource_id"].astype("string")
    fails = found["status"].eq(Status.FAIL.value)
    summaries = {id: check.remediation.summary for id, check in audit.checks.items()}
    fixes = found["check_id"].astype("string").map(summaries).astype("string")
    return found.assign(
        finding_id=finding_ids(rows),
        resource=resource.str.rstrip("/").str.rpartition("/")[2] if len(found) else resource,
        fix=fixes.where(fails),
    )


@dataclass(frozen=True, kw_only=True)
class FixGroup:
    """The violations that one fix clears: rows of `Audit.findings`. `checks` have equal commands."""

    checks: tuple[Check, ...]
    rows: pd.DataFrame

    @property
    def remediation(self) -> Remediation:
        """The fix."""
        return self.checks[0].remediation

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of violations by severity, the worst first."""
        return severity_counts(self.rows)

    @property
    def workspace_count(self) -> int:
        """The number of workspaces with a violation."""
        return int(self.rows["workspace_id"].nunique())

    @property
    def order(self) -> tuple[tuple[int, ...], int, bool, str]:
        """The most violations of the worst severity first, then more workspaces, then what can be undone."""
        return (
            tuple(-count for count in self.counts),
            -self.workspace_count,
            not can_be_undone(self.remediation),
            self.checks[0].id,
        )


def violations_by_fix(violated: pd.DataFrame, checks: Mapping[str, Check]) -> list[FixGroup]:
    """Return the violations by fix, in the order in which people should apply the fixes."""
    by_fix: dict[Remediation, list[Check]] = {}
    for check_id in sorted(set(violated["check_id"].astype(object))):
        by_fix.setdefault(checks[check_id].remediation, []).append(checks[check_id])
    groups = [
        FixGroup(checks=tuple(each), rows=violated[violated["check_id"].isin([check.id for check in each])])
        for each in by_fix.values()
    ]
    return sorted(groups, key=lambda group: group.order)


def severity_counts(rows: pd.DataFrame) -> tuple[int, ...]:
    """Return the number of rows by severity, in `SEVERITY_ORDER`."""
    counts = rows["severity"].astype(object).value_counts()
    return tuple(int(counts.get(severity, 0)) for severity in SEVERITY_ORDER)
