"""The frozen record that every report is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from checks.contract.tables import Tables
from checks.frames import pd
from checks.model import Check
from checks.policy.judge import PolicyVerdict

if TYPE_CHECKING:
    from checks.drift.model import Drift
    from reports.history import History


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The tables, the findings and the verdict of each policy.

    `tables` are as reported: a Project keeps its own values. `findings` has the columns of
    `checks.run.FINDING_COLUMNS` and `verdict`, `waiver` and `policy`, for all policies in the order of
    `verdicts`. `source` names the server or file of the facts, for readers. `is_azure` is False for the
    emulator; every report then shows a warning.
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
    """The checks of all policies, by id."""
    root_digest: str = ""
    """The digest of the evidence bundle that was written with the report; "" if there is none."""
    evidence: pd.Series[str] | None = None
    """The references of every finding to payloads of the bundle, on the index of `findings`; None without a bundle."""
    drift: Drift | None = None
    """The changes since an earlier audit, if one was named."""
    history: History | None = None
    """The earlier runs of the archive, if one was named."""

    @property
    def is_complete(self) -> bool:
        """Whether there is no gap."""
        return self.tables.gaps.empty
