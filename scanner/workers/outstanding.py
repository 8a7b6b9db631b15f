"""Decides which portions a worker gets next. `scanner.workers.workers` has one lane for each worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from math import ceil, inf

from scanner.workers.shards import Portion

MOST = 100
"""Most subscriptions in a shard. The answers of an interrupted scan are sent with them."""

_WAITED_ALIKE = 10.0
"""Seconds by which the waits of portions in one shard may differ."""


class Outstanding:
    """The portions still to read. Lanes take some that are ready, and put back what is left of them."""

    def __init__(self, portions: Iterable[Portion], lanes: int, ends_at: float | None) -> None:
        """Start with all portions ready. At `ends_at` waiting ones become ready too, to end as gaps."""
        self._waiting = {portion.subscription.key: (0.0, portion) for portion in portions}
        self._lanes = self._free = lanes
        self._ends_at = inf if ends_at is None else ends_at
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Portion]:
        """Yield the portions that no lane has."""
        return iter([portion for _, portion in self._waiting.values()])

    @property
    def is_empty(self) -> bool:
        """Return whether no portion waits for a lane."""
        return not self._waiting

    async def taken(self) -> list[Portion]:
        """Take some portions as soon as any are ready. Return none if everything is read."""
        while self._waiting or self._free < self._lanes:
            now = asyncio.get_running_loop().time()
            ready = [portion for ready_at, portion in self._waiting.values() if ready_at <= now]
            if ready:
                return self._take(ready)
            self._changed.clear()
            opens_at = min((ready_at for ready_at, _ in self._waiting.values()), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(opens_at):
                    await self._changed.wait()
        return []

    def _take(self, ready: Sequence[Portion]) -> list[Portion]:
        """Take a part of those that are alike, and leave some for lanes that become free soon."""
        alike = [portion for portion in ready if _likeness(portion) == _likeness(ready[0])]
        some = alike[: min(MOST, ceil(len(alike) / (2 * self._free)))]
        self._free -= 1
        for portion in some:
            del self._waiting[portion.subscription.key]
        return [replace(portion, wait=0.0) for portion in some]

    def put_back(self, left: Iterable[Portion]) -> None:
        """Free a lane, and keep what it did not finish until its wait is over."""
        now = asyncio.get_running_loop().time()
        for portion in left:
            self._waiting[portion.subscription.key] = min(now + portion.wait, self._ends_at), portion
        self._free += 1
        self._changed.set()


def _likeness(portion: Portion) -> tuple[bool, int, int]:
    """Return what portions of one shard must share, because they share its time and its budget for waits."""
    return portion.is_begun, portion.slices, ceil(portion.waited / _WAITED_ALIKE)
