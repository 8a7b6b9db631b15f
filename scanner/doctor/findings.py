"""Defines the findings of an examination."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The meaning of a finding for a scan: no problem, not tested, gaps, or no scan at all."""

    FINE = "fine"
    UNTRIED = "untried"
    LIMITED = "limited"
    STOPPED = "stopped"

    @property
    def word(self) -> str:
        """The result of the test that led to the finding: ok, failed or skipped."""
        return {State.FINE: "ok", State.UNTRIED: "skipped"}.get(self, "failed")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The subject of a test, its result, and the fix if there is a problem."""

    what: str
    state: State
    seen: str
    fix: str = ""


def fine(what: str, seen: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(what=what, state=State.FINE, seen=seen)


def untried(what: str, seen: str, fix: str = "") -> Finding:
    """Return a finding about something that could not be tested."""
    return Finding(what=what, state=State.UNTRIED, seen=seen, fix=fix)


def limited(what: str, seen: str, fix: str) -> Finding:
    """Return a finding that leaves gaps in a scan."""
    return Finding(what=what, state=State.LIMITED, seen=seen, fix=fix)


def stopped(what: str, seen: str, fix: str) -> Finding:
    """Return a finding that makes a scan impossible."""
    return Finding(what=what, state=State.STOPPED, seen=seen, fix=fix)
