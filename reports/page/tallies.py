"""How many findings say the same of the same workspace: what the page counts, counted once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.model import Severity, Status
from checks.policy.judge import Verdict
from checks.vocabulary import Coded, combined
from reports.audit import Audit
from reports.tables.pools import Pooled

_COUNTED_BY = ("policy", "workspace_id", "family", "severity", "status", "verdict")


def counted_findings(audit: Audit) -> pd.DataFrame:
    """A row for all findings that agree in policy, workspace, family, severity, status and verdict.

    With `subscription_id`, that of the workspace (`<NA>` where it is not known), and the counts `failing`,
    `unknown`, `waived` and `total`, where a waived finding is only waived and a consequence is in `total` alone.
    """
    columns = [Pooled.of(audit.findings[name]) for name in _COUNTED_BY]
    parts = [Coded(codes=each.places.astype(np.int64) + 1, count=len(each.pool)) for each in columns]
    alike = combined(parts, len(audit.findings))
    found = audit.findings[list(_COUNTED_BY)].iloc[alike.first].reset_index(drop=True)
    ids = found["workspace_id"].astype("string").str.lower().fillna("")
    total = pd.Series(np.bincount(alike.codes, minlength=alike.count), index=found.index)
    waived = found["verdict"].eq(Verdict.WAIVED)
    counts = ~waived & ~found["verdict"].eq(Verdict.CONSEQUENCE)
    return found.assign(
        workspace=ids,
        subscription_id=audit.tables.workspaces["subscription_id"].reindex(ids).set_axis(found.index),
        failing=total.where(found["status"].eq(Status.FAIL) & counts, 0),
        unknown=total.where(found["status"].isin([Status.UNKNOWN, Status.ERROR]) & counts, 0),
        waived=total.where(waived, 0),
        total=total,
    )


def tallies(counted: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Per lower-cased workspace id: `unknown`, failures of each severity, `waived` and `total`."""
    of_policy = counted[counted["policy"].eq(policy)]
    failures = {
        severity.value: of_policy["failing"].where(of_policy["severity"].eq(severity), 0)
        for severity in Severity
    }
    columns = ["unknown", *failures, "waived", "total"]
    return of_policy.assign(**failures).groupby("workspace")[columns].sum()
