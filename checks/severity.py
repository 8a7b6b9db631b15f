"""The severities of checks and findings."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """The severity of a violation. The first is the worst."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"

    @property
    def rank(self) -> int:
        """The place in the order, 0 for the worst."""
        return list(Severity).index(self)

    def reaches(self, threshold: Severity) -> bool:
        """Return whether this is at least as bad as `threshold`."""
        return self.rank <= threshold.rank


SEVERITIES = tuple(sorted(severity.value for severity in Severity))
"""The categories of a column of severities, whether they occur or not."""
