"""What an `Arm` is being asked, and what of that waits because Azure said so."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from scanner.azure.arm import Arm
from scanner.azure.throttling import scopes
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask, Question
from scanner.progress import Silent
from scanner.reading.dependencies import KIND as ASSOCIATED


class Gates(Silent):
    """The gates that Azure closed, and which questions are under way behind them and elsewhere."""

    def __init__(self) -> None:
        """All open. `told` are the waits Azure asked for; `stirred` is set when anything may have changed."""
        self.stirred = asyncio.Event()
        self.told: list[tuple[str, float]] = []
        self._closed_until: dict[str, float] = {}
        self._under_way: Counter[tuple[str, str]] = Counter()

    def throttled(self, scope: str, seconds: float) -> None:
        """The gate of `scope` stays closed for so many seconds more."""
        self.told.append((scope, seconds))
        self._closed_until[scope] = max(self._now(), self._closed_until.get(scope, 0.0)) + seconds
        self.stirred.set()

    @contextmanager
    def asking(self, ask: Ask) -> Iterator[None]:
        """The question is under way within this context."""
        where = scopes(ask.url)
        self._under_way[where] += 1
        try:
            yield
        finally:
            self._under_way[where] -= 1
            self.stirred.set()

    def waits(self) -> dict[str, float]:
        """The gates that are closed, and for how many seconds more."""
        now = self._now()
        return {scope: until - now for scope, until in self._closed_until.items() if until > now}

    def at_work(self) -> Counter[str]:
        """How many questions are under way about each subscription, those behind closed gates left out."""
        closed, found = self.waits(), Counter[str]()
        for (scope, provider), count in self._under_way.items():
            if count and scope not in closed and provider not in closed:
                found[scope] += count
        return found

    def waited(self, key: str) -> float:
        """The seconds that the gate of this subscription closed longest was closed in all."""
        spent = Counter[str]()
        for scope, seconds in self.told:
            if scope.partition("/")[0] == key:
                spent[scope] += seconds  # type: ignore[assignment]  # a Counter adds floats as well
        return max(spent.values(), default=0.0)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class WatchedArm(Arm):
    """An `Arm` whose gates know what it is being asked, and which is asked for what many share only once."""

    def watch(self, gates: Gates) -> None:
        """To be called before anything is asked."""
        self._gates = gates
        self._locks: defaultdict[Question, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._shared: dict[Question, Payload | Gap] = {}

    async def get(self, ask: Ask) -> Payload | Gap:
        """The answer, as of any `Arm`; of an associated resource, the one that somebody else got."""
        if ask.kind != ASSOCIATED:
            return await self._asked(ask)
        question = ask.question
        async with self._locks[question]:
            if question not in self._shared:
                self._shared[question] = await self._asked(ask)
        return self._shared[question]

    async def _asked(self, ask: Ask) -> Payload | Gap:
        with self._gates.asking(ask):
            return await super().get(ask)
