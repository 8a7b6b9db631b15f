"""What an examination finds, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What was found: nothing wrong, nothing to try it on, less than everything, or no way to scan."""

    FINE = "fine"
    UNTRIED = "untried"
    LIMITED = "limited"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, what was seen and, unless it is fine, what to do."""

    what: str
    state: State
    seen: str
    fix: str = ""


def fine(what: str, seen: str) -> Finding:
    """Nothing to do."""
    return Finding(what=what, state=State.FINE, seen=seen)


def untried(what: str, seen: str) -> Finding:
    """Nothing to try it on."""
    return Finding(what=what, state=State.UNTRIED, seen=seen)


def limited(what: str, seen: str, fix: str) -> Finding:
    """A scan works and will have gaps."""
    return Finding(what=what, state=State.LIMITED, seen=seen, fix=fix)


def stopped(what: str, seen: str, fix: str) -> Finding:
    """A scan cannot work."""
    return Finding(what=what, state=State.STOPPED, seen=seen, fix=fix)
