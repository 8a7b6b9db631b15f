"""The history of an audit, from the earlier runs of its archive: the trend, and since when each violation is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Since:
    """Since when something is open: every run from `since` on found it open.

    `at_least` is True if it may be older: the history begins with it, or the run before could not decide it.
    `first_seen` is earlier than `since` if a run in between could not decide it.
    """

    first_seen: datetime
    since: datetime
    at_least: bool

    @property
    def text(self) -> str:
        """The words, such as "at least since 2026-03-05 (first seen 2026-03-02)"."""
        seen = f" (first seen {self.first_seen:%Y-%m-%d})" if self.first_seen < self.since else ""
        return f"{'at least ' if self.at_least else ''}since {self.since:%Y-%m-%d}{seen}"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a trend."""

    run: str
    finished_at: datetime
    is_complete: bool
    coverage: float
    """The share of subscriptions that were read, 0 to 1."""
    violations: Mapping[str, int]
    """Violations by severity, every severity named."""
    unknown: int
    opened: int
    """Violations that no earlier run of the series has open. The first run opens none: all of them may be older."""
    closed: int
    exit_code: int

    @property
    def total(self) -> int:
        """All violations."""
        return sum(self.violations.values())


@dataclass(frozen=True, kw_only=True)
class History:
    """The runs of the archive with the scope and the policies of the audit, the audit last.

    `since` has the violations of the audit by the id of their finding, `destinations` those that its rules open, by
    their text. Both come from the index of the archive alone.
    """

    points: tuple[Point, ...]
    since: Mapping[str, Since]
    destinations: Mapping[str, Since]
    others: int
    """The number of runs in the archive with another scope or other policies. They are not in `points`."""
