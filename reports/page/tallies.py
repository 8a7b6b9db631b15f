"""Counts of findings by workspace and policy: the table, the nine cells and the subscriptions use them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.model import Severity, Status
from checks.severity import Verdict
from checks.vocabulary import Vocabulary, grouped
from reports.audit import Audit
from reports.statuses import SEVERITY_ORDER

_COUNTED_BY = ("policy", "workspace_id", "severity", "status", "verdict")

TALLIES = (*SEVERITY_ORDER, "unknown", "waived", "consequences", "passed", "inapplicable")
"""The columns of `tallies`. A severity counts violated findings only."""


def counted_findings(audit: Audit) -> pd.DataFrame:
    """Return one row for all findings that agree in policy, workspace, severity, status and verdict, with `total`."""
    alike = grouped([Vocabulary.of(audit.findings[name]) for name in _COUNTED_BY])
    found = audit.findings[list(_COUNTED_BY)].iloc[alike.pool].reset_index(drop=True)
    total = pd.Series(np.bincount(alike.codes, minlength=len(alike.pool)), index=found.index)
    return found.assign(workspace=found["workspace_id"].astype("string").str.lower().fillna(""), total=total)


def tallies(counted: pd.DataFrame, policy: str, index: pd.Index) -> pd.DataFrame:
    """Return the `TALLIES` of each workspace of the index under the policy."""
    rows = counted[counted["policy"].eq(policy)]
    verdict, status = rows["verdict"], rows["status"]
    violated = verdict.eq(Verdict.VIOLATED)
    masks = {severity.value: violated & rows["severity"].eq(severity) for severity in Severity}
    masks |= {
        "unknown": verdict.eq(Verdict.UNDETERMINED),
        "waived": verdict.eq(Verdict.WAIVED),
        "consequences": verdict.eq(Verdict.CONSEQUENCE),
        "passed": verdict.eq(Verdict.COMPLIANT) & status.eq(Status.PASS),
        "inapplicable": verdict.eq(Verdict.COMPLIANT) & status.eq(Status.NOT_APPLICABLE),
    }
    counts = rows.assign(**{name: rows["total"].where(mask, 0) for name, mask in masks.items()})
    return counts.groupby("workspace")[list(TALLIES)].sum().reindex(index, fill_value=0)
