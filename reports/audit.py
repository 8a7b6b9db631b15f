"""The one frozen record every report is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from checks.contract.tables import Tables
from checks.model import Check
from checks.policy.judge import PolicyVerdict

if TYPE_CHECKING:
    from checks.drift.comparison import Drift


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was read, what was found and what each policy makes of it.

    `tables` are as reported (Projects keep their own values); `findings` has the columns of
    `checks.run.FINDING_COLUMNS` with `verdict`, `waiver` and `policy` added, for all policies, in the
    order of `verdicts`. `source` says where the facts come from, in words for the reader; `is_azure` is
    False for the emulator, and every report must then say so.
    """

    tool_version: str
    source: str
    is_azure: bool
    started_at: datetime
    finished_at: datetime
    tables: Tables
    findings: pd.DataFrame
    verdicts: tuple[PolicyVerdict, ...]
    checks: Mapping[str, Check]
    """The checks any of the policies chose, by id."""
    root_digest: str = ""
    """The digest of the evidence bundle that was sealed with the report; "" where there is none."""
    drift: Drift | None = None
    """What differs from an earlier audit, where one was named."""

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for was read."""
        return self.tables.gaps.empty
