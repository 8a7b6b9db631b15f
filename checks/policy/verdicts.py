"""The words a finding, or a whole policy, comes to."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a finding, or a whole policy, comes to; a policy is never waived."""

    COMPLIANT = "compliant"
    VIOLATED = "violated"
    WAIVED = "waived"
    UNDETERMINED = "undetermined"
