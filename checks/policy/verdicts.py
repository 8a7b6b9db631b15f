"""The verdicts of findings and policies."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The verdict of a finding or of a whole policy. A policy is never waived and never a consequence.

    A consequence is a violated or undetermined finding that follows from another one, which names its cause and is
    counted there.
    """

    COMPLIANT = "compliant"
    VIOLATED = "violated"
    WAIVED = "waived"
    CONSEQUENCE = "consequence"
    UNDETERMINED = "undetermined"


VERDICTS = tuple(sorted(verdict.value for verdict in Verdict))
"""The categories of a column of verdicts, whether they occur or not."""
