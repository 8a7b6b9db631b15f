"""The progress of a scan: the interface, the silent default, and the rate of its requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

_RECENT = 10.0
"""Seconds over which the rate of requests is measured."""


class Progress(Protocol):
    """Receive every step of a scan. No method may raise or block."""

    def subscriptions_found(self, count: int) -> None:
        """Add the number of subscriptions to read."""

    def subscription_read(self) -> None:
        """Count one subscription as done, whether it could be read or not."""

    def workspaces_found(self, count: int) -> None:
        """Add the number of workspaces that a page listed."""

    def workspace_read(self) -> None:
        """Count one workspace as done."""

    def request_answered(self) -> None:
        """Count one request that was answered or failed."""

    def throttled(self, scope: str, seconds: float) -> None:
        """Report that Azure throttles, and asked to wait before the next request about `scope`."""

    def unavailable(self, scope: str, seconds: float) -> None:
        """Report that Azure asked to wait before the next request about `scope`, and does not throttle."""

    def paced(self, scope: str, seconds: float) -> None:
        """Report that a request about `scope` waits for its turn, to keep to Azure's rate."""


class Silent:
    """Ignore every step."""

    def subscriptions_found(self, count: int) -> None:
        """Ignore it."""

    def subscription_read(self) -> None:
        """Ignore it."""

    def workspaces_found(self, count: int) -> None:
        """Ignore it."""

    def workspace_read(self) -> None:
        """Ignore it."""

    def request_answered(self) -> None:
        """Ignore it."""

    def throttled(self, scope: str, seconds: float) -> None:
        """Ignore it."""

    def unavailable(self, scope: str, seconds: float) -> None:
        """Ignore it."""

    def paced(self, scope: str, seconds: float) -> None:
        """Ignore it."""


class Requests:
    """Counts the requests that were answered, and how many of them each second of late. Any thread may read it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Start without requests."""
        self.count = 0
        self._clock = clock
        self._recent: deque[tuple[float, int]] = deque()

    def add(self) -> None:
        """Count one request."""
        now = self._clock()
        self.count += 1
        if not self._recent or now - self._recent[-1][0] >= 1:
            self._recent.append((now, self.count - 1))
        while len(self._recent) > 1 and now - self._recent[1][0] > _RECENT:
            self._recent.popleft()

    def a_second(self) -> float:
        """Return how many requests were answered each second in the last ten seconds."""
        now = self._clock()
        recent = (each for each in list(self._recent) if now - each[0] <= _RECENT)
        since, before = next(recent, (now, self.count))
        return (self.count - before) / max(now - since, 1.0)
