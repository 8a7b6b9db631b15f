"""Reads a shard, which is a group of subscriptions, on a worker for a limited time.

The worker returns payloads and gaps, and the subscriptions that it did not finish or that have to wait. It
makes its own credential, so no credential is ever sent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass, field, replace
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
from scanner.payloads.notes import Notes
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.people import Pseudonyms
from scanner.payloads.questions import Ask
from scanner.reading.collection import Collection
from scanner.reading.live import Here
from scanner.reading.scope import Subscription
from scanner.scope.wanted import Wanted
from scanner.version import VERSION
from scanner.workers.gates import Gates, WatchedArm
from scanner.workers.steps import Channel, Report, silent

_SETTLE_SECONDS = 0.05
"""The time without a request under way after which a worker counts as idle."""

_RETURNED_A_SECOND = 1000
"""Answers that the scan takes over from a worker in a second."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The settings of every worker. Everything can be pickled: `credential` makes a credential on the worker.

    It signs in to `tenant`, "" if the scan reads one tenant; `others` are the makers for the other tenants.
    """

    cloud: Cloud
    credential: Callable[[], AsyncSupportsTokenInfo]
    tenant: str = ""
    others: Mapping[str, Callable[[], AsyncSupportsTokenInfo]] = field(default_factory=dict)
    collection: Collection
    wanted: Wanted = field(default_factory=Wanted)
    patience: Patience
    clock: Callable[[], datetime]
    people: Pseudonyms = field(default_factory=Pseudonyms)
    ca_bundle: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Portion:
    """A subscription to read, and what was read of it. Payloads are without their parsed documents.

    `had` are answers that this scan has already, `known` those of an interrupted scan. In `slices` shards
    the time ended before it was read. Azure has made it wait `waited` seconds so far, and it has to wait
    another `wait` before it is read again.
    """

    subscription: Subscription
    had: tuple[Payload, ...] = ()
    known: tuple[Payload, ...] = ()
    slices: int = 0
    waited: float = 0.0
    wait: float = 0.0

    @property
    def is_begun(self) -> bool:
        """Return whether this scan has sent a question about it."""
        return bool(self.had or self.slices or self.waited)


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Some subscriptions that one worker reads for at most `seconds`.

    Either all of them were begun before or none. `ends_at` is the scan's deadline in seconds since the epoch,
    because a shard may wait for its worker. In `notes` the worker keeps what it has not returned yet. It reports its
    waits through `channel`.
    """

    reading: Reading
    portions: tuple[Portion, ...]
    seconds: float
    ends_at: float | None = None
    notes: Notes | None = None
    channel: Channel | None = None

    @property
    def patience(self) -> Patience:
        """The scan's patience without what is used up: time, waits and the first burst of requests."""
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
class ShardResult:
    """The return of a worker: the `items` of the subscriptions that it read completely, and their keys (`read`).

    `left` are the portions that it began and did not finish, with the new answers in `had`. It did not begin
    the others. `throttled` lists the waits that Azure asked for, by scope and in seconds; those in
    `unavailable` were not for throttling.
    """

    items: tuple[Payload | Gap, ...] = ()
    read: frozenset[str] = frozenset()
    left: tuple[Portion, ...] = ()
    throttled: tuple[tuple[str, float], ...] = ()
    unavailable: tuple[tuple[str, float], ...] = ()


def reader_version() -> str:
    """Return the version of azml-audit on the worker that calls this."""
    return VERSION


def read_shard(shard: Shard) -> ShardResult:
    """Read until the time ends or only waiting is left. This runs on the worker."""
    return asyncio.run(_read(shard))


async def _read(shard: Shard) -> ShardResult:
    with shard.channel.connected() if shard.channel else nullcontext(silent) as report:
        return await _read_reporting(shard, report)


async def _read_reporting(shard: Shard, report: Report) -> ShardResult:
    how, reader = shard.reading, _ShardReader(shard, Gates(report))
    makers = {how.tenant: how.credential, **how.others}
    arms: dict[str, Arm] = {}
    async with AsyncExitStack() as stack:
        for tenant in {portion.subscription.tenant for portion in shard.portions}:
            arm = WatchedArm(
                how.cloud,
                makers[tenant](),
                clock=how.clock,
                patience=shard.patience,
                ca_bundle=how.ca_bundle,
                progress=reader.gates,
                recall=reader.recalled,
                tenant=tenant,
                people=how.people,
            )
            arm.watch(reader.gates)
            arms[tenant] = await stack.enter_async_context(arm)
        await reader.read(arms)
    return reader.result()


class _ShardReader:
    """Reads the portions of a shard, as many at once as keep the worker busy."""

    def __init__(self, shard: Shard, gates: Gates) -> None:
        self.gates = gates
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

    async def read(self, arms: Mapping[str, Arm]) -> None:
        """Read until everything is read, the time ends, or only waiting is left."""
        until = asyncio.get_running_loop().time() + self._shard.seconds
        try:
            while self._goes_on(arms) and not await self._only_waits():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await self.gates.changed.wait()
                self._late = asyncio.get_running_loop().time() >= until
                if self._late:
                    break
            self._settle()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def result(self) -> ShardResult:
        """Return everything of the finished subscriptions, and only the answers of the others."""
        return ShardResult(
            items=tuple(item for key in sorted(self._read) for item in self._found[key]),
            read=frozenset(self._read),
            left=tuple(self._left(portion) for portion in self._running.values()),
            throttled=tuple(self.gates.asked_waits),
            unavailable=tuple(self.gates.unavailable_waits),
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

    def _goes_on(self, arms: Mapping[str, Arm]) -> bool:
        """Begin portions while the worker has free slots. Return whether any portion is being read."""
        self.gates.changed.clear()
        self._settle()
        free = self._shard.patience.max_concurrency - self._busy()
        while self._todo and free > 0:
            portion = self._todo.popleft()
            self._begin(portion, arms[portion.subscription.tenant])
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
        reading = self._shard.reading
        here = Here(arm, collection=reading.collection, wanted=reading.wanted)
        keep = partial(self._keep, portion.subscription.key)
        task = asyncio.create_task(here.read([portion.subscription], keep))
        task.add_done_callback(lambda _: self.gates.changed.set())
        self._running[task] = portion

    async def _only_waits(self) -> bool:
        """Check whether the worker could only wait, for longer than it takes to return its answers.

        It looks twice, because for a moment between an answer and the next question nothing is under way.
        """
        if self._todo or not self._is_idle():
            return False
        await asyncio.sleep(_SETTLE_SECONDS)
        answers = sum(len(self._answers[each.subscription.key]) for each in self._running.values())
        wait = min(self.gates.waits().values(), default=0.0)
        return self._is_idle() and wait > answers / _RETURNED_A_SECOND

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
            if self._shard.notes:
                self._shard.notes.add(slim)
