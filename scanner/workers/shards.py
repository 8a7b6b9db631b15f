"""Reads some subscriptions on a worker, for a while: what it did not get to, or what waits, goes back.

A worker makes its own credential, so none is ever sent, and hands back payloads and gaps as they are.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import time

from azure.core.credentials_async import AsyncSupportsTokenInfo

from scanner.azure.arm import Arm
from scanner.azure.clouds import Cloud
from scanner.azure.pipeline import Patience
from scanner.payloads.answers import is_answer
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask
from scanner.reading.collection import Collection
from scanner.reading.live import Here
from scanner.reading.scope import Subscription
from scanner.version import VERSION
from scanner.workers.gates import Gates, WatchedArm

_SETTLED = 0.05
_TAKEN_UP_A_SECOND = 1000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How every worker reads. All of it can be pickled; `credential` makes one where it is called."""

    cloud: Cloud
    credential: Callable[[], AsyncSupportsTokenInfo]
    collection: Collection
    patience: Patience
    clock: Callable[[], datetime]
    ca_bundle: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Portion:
    """A subscription to be read, and how far that is. Payloads are without their parsed documents.

    `had` was told to this scan and is not handed back again, `known` to an interrupted one. Its time was up
    in so many `slices`; Azure made it wait `waited` seconds, and another `wait` before it may go on.
    """

    subscription: Subscription
    had: tuple[Payload, ...] = ()
    known: tuple[Payload, ...] = ()
    slices: int = 0
    waited: float = 0.0
    wait: float = 0.0

    @property
    def is_begun(self) -> bool:
        """Whether this scan has asked something about it."""
        return bool(self.had or self.slices or self.waited)


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Some subscriptions, to be read by one worker for so many `seconds` at most.

    Those begun before are not together with others. `ends_at` is when the deadline is over, in seconds since
    the epoch: a shard may wait for its worker.
    """

    reading: Reading
    portions: tuple[Portion, ...]
    seconds: float
    ends_at: float | None = None

    @property
    def patience(self) -> Patience:
        """That of the scan, less what is used up: the time, the waits, the first burst of requests."""
        whole = self.reading.patience
        left = None if self.ends_at is None else max(0.0, self.ends_at - time())
        is_begun = any(portion.is_begun for portion in self.portions)
        waited = max((portion.waited for portion in self.portions), default=0.0)
        return replace(
            whole,
            deadline=left,
            burst=min(whole.burst, whole.reads_per_second) if is_begun else whole.burst,
            throttle_budget=max(0.0, whole.throttle_budget - waited),
        )


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a worker hands back: the `items` of the subscriptions it `read` whole, named by their keys.

    `left` are portions it began, with what was answered meanwhile in `had`, and nothing in `known`; the
    others it did not get to. `throttled` are the waits Azure asked for, by scope and in seconds.
    """

    items: tuple[Payload | Gap, ...] = ()
    read: frozenset[str] = frozenset()
    left: tuple[Portion, ...] = ()
    throttled: tuple[tuple[str, float], ...] = ()


def reader_version() -> str:
    """The version of what reads shards, where it is called: on a worker."""
    return VERSION


def read_shard(shard: Shard) -> Handed:
    """Read for a slice of time, or until only waiting is left to do; runs on the worker."""
    return asyncio.run(_read(shard))


async def _read(shard: Shard) -> Handed:
    how, desk = shard.reading, _Desk(shard)
    arm = WatchedArm(
        how.cloud,
        how.credential(),
        clock=how.clock,
        patience=shard.patience,
        ca_bundle=how.ca_bundle,
        progress=desk.gates,
        recall=desk.recalled,
    )
    arm.watch(desk.gates)
    async with arm:
        await desk.read(arm)
    return desk.handed()


class _Desk:
    """Reads the portions of a shard, as many at once as keep the worker busy, and keeps them apart."""

    def __init__(self, shard: Shard) -> None:
        self.gates = Gates()
        self._shard = shard
        self._todo = deque(shard.portions)
        self._running: dict[asyncio.Task[None], Portion] = {}
        self._found: dict[str, list[Payload | Gap]] = defaultdict(list)
        self._answers: dict[str, list[Payload]] = defaultdict(list)
        self._read: set[str] = set()
        self._late = False
        had = [payload for portion in shard.portions for payload in portion.had]
        self._kept = {payload.ask.question for payload in had}
        known = [*had, *(payload for portion in shard.portions for payload in portion.known)]
        self._known = {payload.ask.question: payload for payload in known}

    def recalled(self, ask: Ask) -> Payload | None:
        """Return the answer that this scan or an interrupted one already got."""
        answer = self._known.get(ask.question)
        return replace(answer, document=parsed(answer.body)) if answer else None

    async def read(self, arm: Arm) -> None:
        """Read until all is read, the time is up, or nothing is left to do but wait."""
        until = asyncio.get_running_loop().time() + self._shard.seconds
        try:
            while self._goes_on(arm) and not await self._only_waits():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await self.gates.stirred.wait()
                self._late = asyncio.get_running_loop().time() >= until
                if self._late:
                    break
            self._settle()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def handed(self) -> Handed:
        """All of what was read whole; of the rest the answers, which need not be asked for again."""
        return Handed(
            items=tuple(item for key in sorted(self._read) for item in self._found[key]),
            read=frozenset(self._read),
            left=tuple(self._left(portion) for portion in self._running.values()),
            throttled=tuple(self.gates.told),
        )

    def _left(self, portion: Portion) -> Portion:
        key, waits = portion.subscription.key, self.gates.waits()
        own = [seconds for scope, seconds in waits.items() if scope.partition("/")[0] == key]
        elsewhere = 0.0 if self._late else min(waits.values(), default=0.0)
        return replace(
            portion,
            had=tuple(self._answers[key]),
            known=(),
            slices=portion.slices + self._late,
            waited=portion.waited + self.gates.waited(key),
            wait=max(own, default=elsewhere),
        )

    def _goes_on(self, arm: Arm) -> bool:
        """Begin as many portions as the worker has hands for; whether any is being read."""
        self.gates.stirred.clear()
        self._settle()
        free = self._shard.patience.max_concurrency - self._busy()
        while self._todo and free > 0:
            self._begin(self._todo.popleft(), arm)
            free -= 1
        return bool(self._running)

    def _settle(self) -> None:
        for task in [each for each in self._running if each.done()]:
            self._read.add(self._running.pop(task).subscription.key)
            task.result()

    def _busy(self) -> int:
        most, at_work = self._shard.patience.max_per_subscription, self.gates.at_work()
        closed = {scope.partition("/")[0] for scope in self.gates.waits()}
        keys = {portion.subscription.key for portion in self._running.values()}
        return sum(max(key not in closed, min(most, at_work[key])) for key in keys)

    def _begin(self, portion: Portion, arm: Arm) -> None:
        here = Here(arm, collection=self._shard.reading.collection)
        keep = partial(self._keep, portion.subscription.key)
        task = asyncio.create_task(here.read([portion.subscription], keep))
        task.add_done_callback(lambda _: self.gates.stirred.set())
        self._running[task] = portion

    async def _only_waits(self) -> bool:
        """Whether the worker could do nothing but wait, for longer than handing back takes.

        Between an answer and the next question there is a moment in which nothing is under way.
        """
        if self._todo or not self._is_idle():
            return False
        await asyncio.sleep(_SETTLED)
        answers = sum(len(self._answers[each.subscription.key]) for each in self._running.values())
        wait = min(self.gates.waits().values(), default=0.0)
        return self._is_idle() and wait > answers / _TAKEN_UP_A_SECOND

    def _is_idle(self) -> bool:
        is_done = any(task.done() for task in self._running)
        return bool(self.gates.waits()) and not self.gates.at_work() and not is_done

    def _keep(self, key: str, item: Payload | Gap) -> None:
        if isinstance(item, Gap):
            self._found[key].append(item)
            return
        slim, question = replace(item, document=None), item.ask.question
        if question in self._kept:
            return
        self._found[key].append(slim)
        if is_answer(item):
            self._kept.add(question)
            self._answers[key].append(slim)
