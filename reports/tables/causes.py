"""The undetermined findings by their cause: the reason why a check could not decide."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.severity import Severity


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A reason with the findings that have it under one policy. `severity` is the worst of them."""

    policy: str
    reason: str
    severity: str
    findings: int
    workspaces: int
    checks: tuple[str, ...]


def causes_of_unknown(found: pd.DataFrame) -> list[Cause]:
    """Return the causes: the worst severity first, then the cause of the most findings."""
    texts = pd.DataFrame(
        {
            name: found[name].astype(object).fillna("")
            for name in ("policy", "reason", "severity", "check_id", "workspace_id")
        }
    )
    causes = [
        Cause(
            policy=str(policy),
            reason=str(reason),
            severity=min(set(rows["severity"]), key=lambda word: Severity(word).rank),
            findings=len(rows),
            workspaces=len(set(rows["workspace_id"].str.lower()) - {""}),
            checks=tuple(sorted(set(rows["check_id"]))),
        )
        for (policy, reason), rows in texts.groupby(["policy", "reason"], sort=True)
    ]
    return sorted(causes, key=lambda each: (Severity(each.severity).rank, -each.findings))
