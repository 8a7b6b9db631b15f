"""Verdicts: what a policy makes of findings and of what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from checks.model import Severity, Status


class Verdict(StrEnum):
    """What a finding, or a whole policy, comes to."""

    COMPLIANT = "compliant"
    VIOLATED = "violated"
    UNDETERMINED = "undetermined"


_VERDICT_OF = {
    Status.PASS: Verdict.COMPLIANT,
    Status.NOT_APPLICABLE: Verdict.COMPLIANT,
    Status.FAIL: Verdict.VIOLATED,
    Status.UNKNOWN: Verdict.UNDETERMINED,
    Status.ERROR: Verdict.UNDETERMINED,
}


@dataclass(frozen=True, kw_only=True)
class PolicyVerdict:
    """What one policy says of a whole collection.

    `verdict` is violated where a violated finding reaches `fail_on`, undetermined where none does but
    a finding is undetermined or something was not read, and compliant otherwise.
    """

    policy: str
    description: str
    verdict: Verdict
    fail_on: Severity
    checks: tuple[str, ...]
    statuses: dict[str, int]
    violated: dict[str, int]
    """Violated findings by severity."""
    crashed: bool


def judged(findings: pd.DataFrame, policy: str) -> pd.DataFrame:
    """The findings with the columns `verdict` and `policy`."""
    verdicts = findings["status"].map(
        {status.value: verdict.value for status, verdict in _VERDICT_OF.items()}
    )
    return findings.assign(
        verdict=verdicts.astype("string"), policy=pd.array([policy] * len(findings), "string")
    )


def concluded(
    findings: pd.DataFrame,
    *,
    policy: str,
    description: str,
    checks: tuple[str, ...],
    fail_on: Severity,
    complete: bool,
) -> PolicyVerdict:
    """The verdict of one policy over its judged findings; not `complete`: something was not read."""
    violated = findings[findings["verdict"].eq(Verdict.VIOLATED)]["severity"].value_counts()
    statuses = findings["status"].value_counts()
    undetermined = findings["verdict"].eq(Verdict.UNDETERMINED).any()
    verdict = Verdict.UNDETERMINED if undetermined or not complete else Verdict.COMPLIANT
    if any(Severity(severity).reaches(fail_on) for severity in violated.index):
        verdict = Verdict.VIOLATED
    return PolicyVerdict(
        policy=policy,
        description=description,
        verdict=verdict,
        fail_on=fail_on,
        checks=checks,
        statuses={status.value: int(statuses.get(status.value, 0)) for status in Status},
        violated={severity.value: int(violated.get(severity.value, 0)) for severity in Severity},
        crashed=bool(statuses.get(Status.ERROR.value, 0)),
    )
