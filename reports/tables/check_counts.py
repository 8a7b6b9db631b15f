"""The findings that need no action, counted by check: formats with a record for each violation count the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from reports.selection import OPEN


@dataclass(frozen=True, kw_only=True)
class CheckCount:
    """The number of a check's findings with one status, pass or not-applicable, under one policy."""

    policy: str
    check_id: str
    title: str
    status: str
    count: int


def counts_by_check(findings: pd.DataFrame) -> list[CheckCount]:
    """Return the counts of the findings that need no action, sorted by policy, check and status."""
    rows = findings[~findings["status"].isin(list(OPEN))]
    columns = [rows[name].astype(object) for name in ("policy", "check_id", "status", "title")]
    counts = Counter(zip(*columns, strict=True))
    return [
        CheckCount(policy=policy, check_id=check_id, title=title, status=status, count=counts[key])
        for key in sorted(counts)
        for policy, check_id, status, title in [key]
    ]
