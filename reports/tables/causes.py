"""The undetermined findings by their cause: the reason why a check could not decide, or a hub that was not read."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.contract.hubs import HUB_NOT_READ
from checks.severity import Severity
from checks.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A cause with the findings that have it under one policy. `severity` is the worst of them."""

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
    texts["reason"] = Vocabulary.of(texts["reason"]).changed(_cause).expanded
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


def _cause(reason: str) -> str:
    """Return the reason. Of a Project whose hub was not read it is the hub, whatever each check needs of it."""
    before, sentence, hub = reason.partition(HUB_NOT_READ)
    return sentence + hub if sentence else before
