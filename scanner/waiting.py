"""The waits of a scan: which there are, when they end, and how they are reported."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

_log = logging.getLogger("azml_audit.waiting")

EVERY = 30.0
"""Seconds between two log lines about a wait that goes on."""

ONCE_IN = 60.0
"""Seconds in which a subscription gets one log line at most."""

THROTTLED = "Azure throttles"
UNAVAILABLE = "Azure is not available and asked to wait for"
PACED = "The scan keeps to the rate that Azure allows for"


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One wait: why, for what, and the moment of `monotonic` at which it ends."""

    why: str
    scope: str
    until: float


class Waits:
    """Collects the waits of a scan, and logs them: one line a subscription and minute, and one every 30 s."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Start without waits."""
        self._clock = clock
        self._waits: dict[str, Wait] = {}
        self._logged: dict[str, float] = {}

    def add(self, why: str, scope: str, seconds: float) -> None:
        """Add a wait, or extend the one of the same subscription."""
        now = self._clock()
        key = scope.partition("/")[0]
        known = self._waits.get(key)
        if known is None or known.until < now + seconds:
            self._waits[key] = Wait(why=why, scope=key, until=now + seconds)
        if why != PACED and now - self._logged.get(key, -ONCE_IN) >= ONCE_IN:
            self._logged[key] = now
            _log.warning("%s %s; waiting %.0f s", why, _named(scope), seconds)

    def text(self) -> str:
        """Return what the scan waits for and how long, or "" if it waits for nothing. Any thread may call it."""
        now = self._clock()
        waits = [wait for wait in list(self._waits.values()) if wait.until > now]
        if not waits:
            return ""
        last = max(waits, key=lambda wait: wait.until)
        more = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
        return f"{last.why} {_named(last.scope)}{more}: {last.until - now:.0f} s left"

    def remind(self, requests: int) -> None:
        """Log one line about what the scan waits for, if it waits."""
        text = self.text()
        if text:
            _log.warning("still waiting: %s; %d requests answered", text, requests)


def _named(scope: str) -> str:
    """Return a scope for people: a subscription, a provider in one, or the tenant."""
    if scope.startswith("microsoft.resourcegraph"):
        return "Resource Graph"
    subscription, _, provider = scope.partition("/")
    where = f"subscription {subscription}" if subscription else "the tenant"
    return f"{provider} in {where}" if provider else where
