"""How fast one scan asks: a token bucket for the rate, a window for how many requests are under way."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

_log = logging.getLogger("azml_audit.concurrency")

_TOLERANCE = 1.5
_RECENT, _USUAL = 1 / 4, 1 / 32


class Bucket:
    """A token bucket: `capacity` requests at once, `rate` more each second.

    No library fits: aiolimiter and its like have no way to be told what the server counts (2026-11).
    """

    def __init__(self, *, capacity: float, rate: float) -> None:
        """A full bucket."""
        self._capacity, self._rate = capacity, rate
        self._tokens = capacity
        self._filled_at: float | None = None

    def taken(self, now: float) -> float:
        """Take one token, if need be from the future: the seconds until it may be used."""
        self._fill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def told(self, remaining: float, now: float) -> None:
        """Believe a server that counts fewer tokens than we do; another client may have used them."""
        self._fill(now)
        self._tokens = min(self._tokens, remaining)

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._rate
            self._tokens = min(self._capacity, self._tokens + gained)
        self._filled_at = now


class Window:
    """How many requests may be under way: an async context manager that adapts between 1 and `most`.

    It grows while it is full and answers are no slower than usual: by one with every answer until the
    first refusal, then by one with every round of answers. A refusal halves it, once for all requests
    that were under way by then (additive increase, multiplicative decrease, as TCP does).
    """

    def __init__(self, name: str, *, start: int, most: int) -> None:
        """`name` is what log lines call it."""
        self.limit = min(start, most)
        self._name, self._most = name, most
        self._slots = asyncio.Semaphore(self.limit)
        self._withdrawn = 0
        self._growth = 0.0
        self._cut_at: float | None = None
        self._recent = self._usual = 0.0

    async def __aenter__(self) -> None:
        """Wait for a slot."""
        await self._slots.acquire()
        while self._withdrawn:
            self._withdrawn -= 1
            await self._slots.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the slot back, unless the window has shrunk meanwhile."""
        if self._withdrawn:
            self._withdrawn -= 1
        else:
            self._slots.release()

    def answered(self, seconds: float) -> None:
        """A request was answered after so many seconds: grow, if that is as usual and there is demand."""
        self._recent += (seconds - self._recent) * _RECENT if self._recent else seconds
        self._usual += (seconds - self._usual) * _USUAL if self._usual else seconds
        is_slower = self._recent > self._usual * _TOLERANCE
        if is_slower or self.limit >= self._most or not self._slots.locked():
            return
        self._growth += 1.0 if self._cut_at is None else 1 / self.limit
        if self._growth >= 1:
            self._growth = 0.0
            self._set(self.limit + 1, "answers come as fast as usual")

    def refused(self, sent_at: float, now: float) -> None:
        """A request sent at that time was turned away: halve, unless that was done since it was sent."""
        if self._cut_at is None or sent_at > self._cut_at:
            self._cut_at, self._growth = now, 0.0
            self._set(max(1, self.limit // 2), "turned away")

    def _set(self, limit: int, why: str) -> None:
        if limit == self.limit:
            return
        _log.debug("%s: at most %d requests at once, before %d: %s", self._name, limit, self.limit, why)
        if limit < self.limit:
            self._withdrawn += self.limit - limit
        elif self._withdrawn:
            self._withdrawn -= 1
        else:
            self._slots.release()
        self.limit = limit
