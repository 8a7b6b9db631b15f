"""The words that a policy gives to findings: severities and verdicts."""

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


class Verdict(StrEnum):
    """The verdict of a finding or of a whole policy. A policy is never waived and never a consequence.

    A consequence is a violated or undetermined finding that follows from another finding. It names that cause, and
    only the cause is counted.
    """

    COMPLIANT = "compliant"
    VIOLATED = "violated"
    WAIVED = "waived"
    CONSEQUENCE = "consequence"
    UNDETERMINED = "undetermined"


VERDICTS = tuple(sorted(verdict.value for verdict in Verdict))
"""The categories of a column of verdicts, whether they occur or not."""
