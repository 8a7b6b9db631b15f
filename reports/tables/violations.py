"""The table behind `violations.csv`: what fails or is unknown, the worst first, with its fix in one sentence."""

from __future__ import annotations

import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.model import Status
from checks.severity import Severity, Verdict
from reports.audit import Audit
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
