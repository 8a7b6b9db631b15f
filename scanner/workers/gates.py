"""Watches an `Arm` on a worker: which questions are under way, and which wait because Azure asked for it.

`scanner.workers.shards` uses it to notice when a worker could do nothing but wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scanner.azure.arm import Arm
from scanner.azure.throttling import scopes
from scanner.payloads.answers import PERIMETERS, ROLE_ASSIGNMENTS
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask, Question
from scanner.progress import Silent
from scanner.tables.associated import ASSOCIATED
from scanner.tables.networks import NETWORK_TYPES

_SHARED = frozenset({ASSOCIATED, PERIMETERS, *NETWORK_TYPES, ROLE_ASSIGNMENTS})
"""The kinds of question about resources that workspaces share."""

_PACED_STEP = 1.0
"""Seconds by which a wait for the scan's own rate must grow to be reported again."""


class Gates(Silent):
    """The gates that Azure closed, and the number of questions under way for each scope."""

    def __init__(self, report: Callable[[str, str, float], None] = lambda *_: None) -> None:
        """Open all gates. `asked_waits` lists every wait. `changed` is set when anything may have changed.

        `report` gets each wait at once: the name of the method of `Progress`, the scope and the seconds.
        """
        self._report = report
        self._paced_until: dict[str, float] = {}
        self.changed = asyncio.Event()
        self.asked_waits: list[tuple[str, float]] = []
        self.unavailable_waits: list[tuple[str, float]] = []
        self._closed_until: dict[str, float] = {}
        self._under_way: Counter[tuple[str, str]] = Counter()

    def throttled(self, scope: str, seconds: float) -> None:
        """Record that Azure keeps the gate of `scope` closed for `seconds` more."""
        self._report("throttled", scope, seconds)
        self._close(scope, seconds)

    def unavailable(self, scope: str, seconds: float) -> None:
        """Record the wait like one for throttling, and that it is none."""
        self._report("unavailable", scope, seconds)
        self._close(scope, seconds)
        self.unavailable_waits.append((scope, seconds))

    def paced(self, scope: str, seconds: float) -> None:
        """Report the wait if it ends at least a second later than the one before it."""
        until = self._now() + seconds
        if until - self._paced_until.get(scope, 0.0) >= _PACED_STEP:
            self._paced_until[scope] = until
            self._report("paced", scope, seconds)

    def _close(self, scope: str, seconds: float) -> None:
        self.asked_waits.append((scope, seconds))
        self._closed_until[scope] = max(self._now(), self._closed_until.get(scope, 0.0)) + seconds
        self.changed.set()

    @contextmanager
    def asking(self, ask: Ask) -> Iterator[None]:
        """Count the question as under way within this context."""
        where = scopes(ask.url)
        self._under_way[where] += 1
        try:
            yield
        finally:
            self._under_way[where] -= 1
            self.changed.set()

    def waits(self) -> dict[str, float]:
        """Return the closed gates with the seconds until they open."""
        now = self._now()
        return {scope: until - now for scope, until in self._closed_until.items() if until > now}

    def at_work(self) -> Counter[str]:
        """Return the number of questions under way for each subscription, without those at closed gates."""
        closed, found = self.waits(), Counter[str]()
        for (scope, provider), count in self._under_way.items():
            if count and scope not in closed and provider not in closed:
                found[scope] += count
        return found

    def waited(self, key: str) -> float:
        """Return the longest total time that a gate of this subscription was closed."""
        spent = Counter[str]()
        for scope, seconds in self.asked_waits:
            if scope.partition("/")[0] == key:
                spent[scope] += seconds  # type: ignore[assignment]  # a Counter adds floats as well
        return max(spent.values(), default=0.0)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class WatchedArm(Arm):
    """An `Arm` that reports to gates what it asks, and asks only once about a resource that workspaces share."""

    def watch(self, gates: Gates) -> None:
        """Report to these gates. Call this before the first question."""
        self._gates = gates
        self._locks: defaultdict[Question, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._shared: dict[Question, Payload | Gap] = {}

    async def get(self, ask: Ask) -> Payload | Gap:
        """Return the answer. Questions about one shared resource share one answer."""
        if ask.kind not in _SHARED:
            return await self._asked(ask)
        question = ask.question
        async with self._locks[question]:
            if question not in self._shared:
                self._shared[question] = await self._asked(ask)
        return self._shared[question]

    async def _asked(self, ask: Ask) -> Payload | Gap:
        with self._gates.asking(ask):
            return await super().get(ask)
