"""Shares subscriptions out among the workers of any `concurrent.futures.Executor`.

Every worker has one shard at a time, and hands it back after a while, whole or not. The order in which that
happens does not matter, because it does not matter to `scanner.tables.tabulate`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from math import ceil, inf
from time import monotonic, time

from checks.errors import AuditError
from scanner.payloads import gaps, json_members
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.progress import Progress, Silent
from scanner.reading.scope import Subscription
from scanner.workers.pools import Pool
from scanner.workers.shards import Handed, Portion, Reading, Shard, read_shard

ATTEMPTS = 3
"""How often in a row the workers may be lost before anything is handed back."""

MOST = 100
"""Subscriptions in a shard, at most: what an interrupted scan knew of them goes along."""

SLICE = 10.0
"""Seconds after which a worker hands back what it has read; twice as many each time that is not enough."""

GRACE = 10.0
"""Seconds past the deadline in which workers, who keep it too, may hand back what they read."""

WITHOUT_WORKERS = 60.0
"""Seconds without any worker after which what is outstanding is given up."""

LOOKED_AFTER = 1.0
_WAITED_ALIKE = 10.0
_LATE = "No worker had read it when the time budget was used up."

Known = Callable[[Set[str]], Sequence[Payload]]
"""What is known about subscriptions, named by their lower-cased ids."""

_log = logging.getLogger("azml_audit.workers")


class _Outstanding:
    """The portions still to be read, ready at once or later; lanes take some and put back what is left."""

    def __init__(self, portions: Iterable[Portion], lanes: int, ends_at: float | None) -> None:
        """All ready. What waits is ready by `ends_at`, too, to be told that the time is up."""
        self._waiting = {portion.subscription.key: (0.0, portion) for portion in portions}
        self._lanes = self._free = lanes
        self._ends_at = inf if ends_at is None else ends_at
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Portion]:
        """What no lane has taken."""
        return iter([portion for _, portion in self._waiting.values()])

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that no lane has taken."""
        return not self._waiting

    async def taken(self) -> list[Portion]:
        """Some that are ready, as soon as there are any; none where nothing is left to be read."""
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
        """A part of those alike, so that some remain for the lanes that come back soon."""
        alike = [portion for portion in ready if _likeness(portion) == _likeness(ready[0])]
        some = alike[: min(MOST, ceil(len(alike) / (2 * self._free)))]
        self._free -= 1
        for portion in some:
            del self._waiting[portion.subscription.key]
        return [replace(portion, wait=0.0) for portion in some]

    def put_back(self, left: Iterable[Portion]) -> None:
        """What a lane took is read but for these, which are ready when they have waited."""
        now = asyncio.get_running_loop().time()
        for portion in left:
            self._waiting[portion.subscription.key] = min(now + portion.wait, self._ends_at), portion
        self._free += 1
        self._changed.set()


def _likeness(portion: Portion) -> tuple[bool, int, int]:
    """What portions of one shard have in common: they share its slice of time and its budget for waits."""
    return portion.is_begun, portion.slices, ceil(portion.waited / _WAITED_ALIKE)


class Workers:
    """Reads subscriptions on the workers of an executor."""

    def __init__(
        self,
        pool: Pool,
        *,
        reading: Reading,
        progress: Progress | None = None,
        known: Known | None = None,
    ) -> None:
        """Use the workers of a pool; the concurrency that `reading` allows is shared out among them.

        `known` tells what an interrupted scan was told about some subscriptions.
        """
        share = max(1, reading.patience.max_concurrency // pool.count)
        self._pool = pool
        self._reading = replace(reading, patience=replace(reading.patience, max_concurrency=share))
        self._progress = progress or Silent()
        self._known = known or (lambda _subscription_ids: ())
        self._ends_at: float | None = None
        self._returned = 0

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> None:
        """Hand every payload and gap of these subscriptions to `keep`, as workers hand them back."""
        deadline, loop_ends_at = self._reading.patience.deadline, None
        if deadline is not None:
            self._ends_at, loop_ends_at = time() + deadline, asyncio.get_running_loop().time() + deadline
        portions = [Portion(subscription=each) for each in chosen]
        outstanding = _Outstanding(portions, self._pool.count, loop_ends_at)
        code = "WorkersLost"
        try:
            async with asyncio.timeout(None if deadline is None else deadline + GRACE):
                message = await self._attempts(outstanding, keep)
        except TimeoutError:
            code, message = gaps.PAST_DEADLINE, _LATE
        for portion in outstanding:
            keep(self._unread(portion.subscription, code, message))

    async def _attempts(self, outstanding: _Outstanding, keep: Keep) -> str:
        """Have all of it read, with new workers where some are lost; why it ended, where some is left."""
        lost_in_a_row = 0
        while lost_in_a_row < ATTEMPTS:
            returned = self._returned
            try:
                with self._pool.open() as executor:
                    given_up = await self._attempt(executor, outstanding, keep)
                if given_up or outstanding.is_empty:
                    return given_up
            except* self._pool.lost as errors:
                _log.info("workers were lost: %s", errors.exceptions)
            lost_in_a_row = lost_in_a_row + 1 if self._returned == returned else 1
            _log.warning("workers were lost; what they were reading is read again (%d)", lost_in_a_row)
        return f"{ATTEMPTS} times in a row, workers ended before anything was read."

    async def _attempt(self, executor: Executor, outstanding: _Outstanding, keep: Keep) -> str:
        """Read until nothing is left or a worker is lost; or until there is none, and why that is the end."""
        reading = asyncio.create_task(self._lanes(executor, outstanding, keep))
        watching = asyncio.create_task(self._given_up())
        try:
            await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
            is_given_up = watching.done()
        finally:
            reading.cancel()
            watching.cancel()
            await asyncio.wait({reading, watching})
        if is_given_up:
            return watching.result()
        reading.result()
        return ""

    async def _given_up(self) -> str:
        """Why the workers are given up, as soon as they are."""
        since = monotonic()
        while monotonic() - since < WITHOUT_WORKERS:
            await asyncio.sleep(LOOKED_AFTER)
            if self._pool.has_workers is None or await asyncio.to_thread(self._pool.has_workers):
                since = monotonic()
        return f"For {WITHOUT_WORKERS:g} s there was no worker."

    async def _lanes(self, executor: Executor, outstanding: _Outstanding, keep: Keep) -> None:
        """One shard for every worker at a time; a worker that is lost ends them all."""

        async def lane() -> None:
            while taken := await outstanding.taken():
                left = taken
                try:
                    handed = await self._handed(executor, taken)
                    left = self._took(taken, handed, keep)
                finally:
                    outstanding.put_back(left)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._pool.count):
                group.create_task(lane())

    async def _handed(self, executor: Executor, taken: Sequence[Portion]) -> Handed:
        """What a worker makes of these; gaps where it cannot even begin."""
        if self._is_late:
            return self._refused(taken, gaps.PAST_DEADLINE, _LATE)
        portions = tuple(replace(each, known=self._known_of(each)) for each in taken)
        seconds = SLICE * 2 ** taken[0].slices
        shard = Shard(reading=self._reading, portions=portions, seconds=seconds, ends_at=self._ends_at)
        try:
            return await asyncio.wrap_future(executor.submit(read_shard, shard))
        except AuditError as error:
            return self._refused(taken, gaps.PAST_DEADLINE if self._is_late else "WorkerRefused", str(error))

    @property
    def _is_late(self) -> bool:
        return self._ends_at is not None and time() >= self._ends_at

    def _refused(self, taken: Sequence[Portion], code: str, message: str) -> Handed:
        unread = tuple(self._unread(each.subscription, code, message) for each in taken)
        return Handed(items=unread, read=frozenset(each.subscription.key for each in taken))

    def _known_of(self, portion: Portion) -> tuple[Payload, ...]:
        return tuple(replace(each, document=None) for each in self._known({portion.subscription.key}))

    def _took(self, taken: Sequence[Portion], handed: Handed, keep: Keep) -> list[Portion]:
        """Keep all that was read, so that nothing of it can be lost; what of these is left to be read."""
        self._returned += 1
        _log.debug("of %d subscriptions a worker read %d whole", len(taken), len(handed.read))
        for item in (*handed.items, *(answer for portion in handed.left for answer in portion.had)):
            self._keep(item, keep)
        for scope, seconds in handed.throttled:
            self._progress.throttled(scope, seconds)
        for _ in handed.read:
            self._progress.subscription_read()
        begun = {portion.subscription.key: portion for portion in handed.left}
        left = [begun.get(each.subscription.key, each) for each in taken]
        return [
            each if each is before else replace(each, had=(*before.had, *each.had))
            for before, each in zip(taken, left, strict=True)
            if each.subscription.key not in handed.read
        ]

    def _keep(self, item: Payload | Gap, keep: Keep) -> None:
        if isinstance(item, Payload):
            item = replace(item, document=parsed(item.body))
            if item.kind == "workspaces":
                count = len(json_members.objects(item.document, "value") or ())
                self._progress.workspaces_found(count)
                for _ in range(count):
                    self._progress.workspace_read()
        keep(item)
        self._progress.request_answered()

    def _unread(self, subscription: Subscription, code: str, message: str) -> Gap:
        scope = f"/subscriptions/{subscription.id}"
        ask = Ask(
            kind="workspaces",
            scope=scope,
            url=f"{self._reading.cloud.arm_endpoint}{scope}",
            api_version="",
            subscription_id=subscription.id,
        )
        look = "Look at the workers' logs, their memory and their sign-in."
        return gaps.gap(ask, code, message, gaps.MORE_TIME if code == gaps.PAST_DEADLINE else look)
