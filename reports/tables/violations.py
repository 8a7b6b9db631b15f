"""The table behind `violations.csv`, and the violations by the fix that clears them; the worst first in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.fixes.effects import can_be_undone
from checks.model import Check, Remediation, Status
from checks.severity import Severity, Verdict
from reports.audit import Audit
from reports.statuses import SEVERITY_ORDER
from reports.tables.workspaces import with_workspaces

_STATUSES = [Status.FAIL.value, Status.UNKNOWN.value, Status.ERROR.value]
_ORDER = [Verdict.VIOLATED.value, Verdict.UNDETERMINED.value, Verdict.CONSEQUENCE.value, Verdict.WAIVED.value]
_RANKS = {severity.value: severity.rank for severity in Severity}


def violation_table(audit: Audit) -> pd.DataFrame:
    """Return the findings that fail, are unknown or crashed, in the order in which people should read them."""
    rows = audit.findings[audit.findings["status"].isin(_STATUSES)]
    found = with_workspaces(rows, audit.tables)
    resource = found["resource_id"].astype("string")
    fails = found["status"].eq(Status.FAIL.value)
    summaries = {id: check.remediation.summary for id, check in audit.checks.items()}
    fixes = found["check_id"].astype("string").map(summaries).astype("string")
    found = found.assign(
        finding_id=finding_ids(rows),
        resource=resource.str.rstrip("/").str.rpartition("/")[2] if len(found) else resource,
        fix=fixes.where(fails),
    )
    ranks = pd.DataFrame(
        {
            "verdict": found["verdict"]
            .astype("string")
            .map({word: rank for rank, word in enumerate(_ORDER)}),
            "severity": found["severity"].astype("string").map(_RANKS),
            "check": found["check_id"].astype("string"),
            "resource": resource.str.lower(),
            "policy": found["policy"].astype("string"),
        }
    )
    return found.loc[ranks.sort_values(list(ranks.columns), kind="stable").index]


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
