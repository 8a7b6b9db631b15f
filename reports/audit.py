"""The frozen record that every report is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from checks.contract.tables import Tables
from checks.frames import pd
from checks.model import Check, Status
from checks.policy.judge import PolicyVerdict
from reports.selection import USUAL, Selection, Statuses

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
    selection: Selection = USUAL
    """The findings that the formats list. The page, `findings.parquet` and every count cover all findings."""

    @property
    def is_complete(self) -> bool:
        """Return whether there is no gap."""
        return self.tables.gaps.empty

    def listed(self, usual: Statuses) -> pd.DataFrame:
        """Return the findings that a format lists. `usual` is the choice of the format."""
        return self.findings[self.findings["status"].isin(list(self.selection.of(usual)))]

    def not_listed(self, usual: Statuses) -> dict[str, int]:
        """Return by status how many findings a format leaves out. A status without any is not named."""
        counts = self.findings["status"].astype(object).value_counts()
        wanted = self.selection.of(usual)
        return {
            status.value: int(counts[status.value])
            for status in Status
            if status.value not in wanted and counts.get(status.value, 0)
        }
