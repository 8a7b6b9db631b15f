"""Counts the findings of each workspace for the page: its rows, cards and heat map."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.model import Severity, Status
from checks.severity import Verdict
from checks.vocabulary import Vocabulary, grouped
from reports.audit import Audit

_COUNTED_BY = ("policy", "workspace_id", "family", "severity", "status", "verdict")


def counted_findings(audit: Audit) -> pd.DataFrame:
    """Return one row for all findings that agree in policy, workspace, family, severity, status and verdict.

    It adds `subscription_id` of the workspace (`<NA>` if it is not known) and the counts `failing`, `unknown`,
    `waived` and `total`. A waived finding counts as waived and in the total alone, a
    consequence in the total alone.
    """
    alike = grouped([Vocabulary.of(audit.findings[name]) for name in _COUNTED_BY])
    found = audit.findings[list(_COUNTED_BY)].iloc[alike.pool].reset_index(drop=True)
    ids = found["workspace_id"].astype("string").str.lower().fillna("")
    total = pd.Series(np.bincount(alike.codes, minlength=len(alike.pool)), index=found.index)
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
    """Return by lower-cased workspace id `unknown`, the failures of each severity, `waived` and `total`."""
    of_policy = counted[counted["policy"].eq(policy)]
    failures = {
        severity.value: of_policy["failing"].where(of_policy["severity"].eq(severity), 0)
        for severity in Severity
    }
    columns = ["unknown", *failures, "waived", "total"]
    return of_policy.assign(**failures).groupby("workspace")[columns].sum()
