"""Distributes subscriptions to the workers of a `concurrent.futures.Executor`.

A worker reads one shard at a time and returns it after a while, finished or not. The order of the answers
does not matter to `scanner.tables.tabulate`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from time import monotonic, time

from checks.errors import AuditError
from scanner.payloads import gaps
from scanner.payloads.bodies import parsed
from scanner.payloads.notes import Notes
from scanner.payloads.pages import objects_on
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.progress import Progress, Silent
from scanner.reading.scope import Subscription
from scanner.workers.outstanding import Outstanding
from scanner.workers.pools import Opened, Pool
from scanner.workers.shards import Portion, Reading, Shard, ShardResult, read_shard
from scanner.workers.steps import reporting

ATTEMPTS = 3
"""The most losses of workers in a row without a return of anything."""

SLICE = 10.0
"""Seconds after which a worker returns its shard. They double each time that a subscription is not finished."""

GRACE = 10.0
"""Seconds after the deadline in which workers, which keep the deadline too, may return their shards."""

WITHOUT_WORKERS = 60.0
"""Seconds without any worker after which the rest becomes gaps."""

LOOK_EVERY = 1.0
"""Seconds between two checks for workers."""

_LOOK = "Check the workers' logs, their memory and their sign-in."
_LATE = "The time budget was used up before a worker had read it."

Known = Callable[[Set[str]], Sequence[Payload]]
"""Returns what an interrupted scan knows of subscriptions, by their lower-cased ids."""

_log = logging.getLogger("azml_audit.workers")


class Workers:
    """Reads subscriptions on the workers of an executor."""

    def __init__(
        self,
        pool: Pool,
        *,
        reading: Reading,
        progress: Progress | None = None,
        known: Known | None = None,
        new_notes: Callable[[], Notes | None] = lambda: None,
    ) -> None:
        """Use the workers of a pool, and divide the concurrency of `reading` among them.

        `known` returns the answers of an interrupted scan. `new_notes` returns a file in which a worker of this
        machine keeps what it has not returned yet.
        """
        share = max(1, reading.patience.max_concurrency // pool.count)
        self._pool = pool
        self._reading = replace(reading, patience=replace(reading.patience, max_concurrency=share))
        self._progress = progress or Silent()
        self._known = known or (lambda _subscription_ids: ())
        self._new_notes = new_notes if pool.is_local else lambda: None
        self._ends_at: float | None = None
        self._returned = 0

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> None:
        """Pass every payload and gap of these subscriptions to `keep` as workers return them."""
        deadline, loop_ends_at = self._reading.patience.deadline, None
        if deadline is not None:
            self._ends_at, loop_ends_at = time() + deadline, asyncio.get_running_loop().time() + deadline
        portions = [Portion(subscription=each) for each in chosen]
        outstanding = Outstanding(portions, self._pool.count, loop_ends_at)
        code = "WorkersLost"
        try:
            async with asyncio.timeout(None if deadline is None else deadline + GRACE):
                message = await self._attempts(outstanding, keep)
        except TimeoutError:
            code, message = gaps.PAST_DEADLINE, _LATE
        for portion in outstanding:
            keep(self._unread(portion.subscription, code, message))

    async def _attempts(self, outstanding: Outstanding, keep: Keep) -> str:
        """Read everything, with new workers after a loss. Return why it stopped early, or ""."""
        lost_in_a_row, report = 0, reporting(self._progress)
        while lost_in_a_row < ATTEMPTS:
            returned = self._returned
            try:
                with self._pool.open(report) as opened:
                    stopped = await self._attempt(opened, outstanding, keep)
                if stopped or outstanding.is_empty:
                    return stopped
            except* self._pool.lost as errors:
                _log.info("workers were lost: %s", errors.exceptions)
            lost_in_a_row = lost_in_a_row + 1 if self._returned == returned else 1
            _log.warning("workers were lost; their subscriptions are read again (%d)", lost_in_a_row)
        return f"Workers ended {ATTEMPTS} times in a row before they had read anything."

    async def _attempt(self, opened: Opened, outstanding: Outstanding, keep: Keep) -> str:
        """Read until everything is read, a worker is lost, or no worker is left. Return why it stopped, or ""."""
        reading = asyncio.create_task(self._lanes(opened, outstanding, keep))
        watching = asyncio.create_task(self._wait_for_loss())
        try:
            await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
            are_gone = watching.done()
        finally:
            reading.cancel()
            watching.cancel()
            await asyncio.wait({reading, watching})
        if are_gone:
            return watching.result()
        reading.result()
        return ""

    async def _wait_for_loss(self) -> str:
        """Wait until there were no workers for too long. Return the message."""
        since = monotonic()
        while monotonic() - since < WITHOUT_WORKERS:
            await asyncio.sleep(LOOK_EVERY)
            if self._pool.has_workers is None or await asyncio.to_thread(self._pool.has_workers):
                since = monotonic()
        return f"There was no worker for {WITHOUT_WORKERS:g} s."

    async def _lanes(self, opened: Opened, outstanding: Outstanding, keep: Keep) -> None:
        """Run one lane for each worker. A lost worker ends all lanes."""

        async def lane() -> None:
            while taken := await outstanding.taken():
                left, notes = taken, self._new_notes()
                try:
                    result = await self._read_on_worker(opened, taken, notes)
                    if opened.channel is None:
                        self._report_waits(result)
                    left = self._record(taken, result, keep)
                finally:
                    outstanding.put_back(left)
                if notes:
                    notes.remove()

        async with asyncio.TaskGroup() as group:
            for _ in range(self._pool.count):
                group.create_task(lane())

    async def _read_on_worker(
        self, opened: Opened, taken: Sequence[Portion], notes: Notes | None
    ) -> ShardResult:
        """Return a worker's result, or gaps if the worker cannot begin."""
        if self._is_late:
            return self._refused(taken, gaps.PAST_DEADLINE, _LATE)
        portions = tuple(replace(each, known=self._known_of(each)) for each in taken)
        seconds = SLICE * 2 ** taken[0].slices
        shard = Shard(
            reading=self._reading,
            portions=portions,
            seconds=seconds,
            ends_at=self._ends_at,
            notes=notes,
            channel=opened.channel,
        )
        try:
            return await asyncio.wrap_future(opened.executor.submit(read_shard, shard))
        except self._pool.lost:
            raise
        except AuditError as error:
            return self._refused(taken, gaps.PAST_DEADLINE if self._is_late else "WorkerRefused", str(error))
        except Exception as error:  # noqa: BLE001 - one shard must not end the scan
            _log.exception("a worker failed")
            return self._refused(
                taken, gaps.INTERNAL_ERROR, f"The worker failed: {type(error).__name__}: {error}"
            )

    @property
    def _is_late(self) -> bool:
        return self._ends_at is not None and time() >= self._ends_at

    def _refused(self, taken: Sequence[Portion], code: str, message: str) -> ShardResult:
        unread = tuple(self._unread(each.subscription, code, message) for each in taken)
        return ShardResult(items=unread, read=frozenset(each.subscription.key for each in taken))

    def _known_of(self, portion: Portion) -> tuple[Payload, ...]:
        return tuple(replace(each, document=None) for each in self._known({portion.subscription.key}))

    def _record(self, taken: Sequence[Portion], result: ShardResult, keep: Keep) -> list[Portion]:
        """Keep everything that was read. Return what is left of the portions."""
        self._returned += 1
        _log.debug("a worker finished %d of %d subscriptions", len(result.read), len(taken))
        for item in (*result.items, *(answer for portion in result.left for answer in portion.had)):
            self._keep(item, keep)
        for _ in result.read:
            self._progress.subscription_read()
        begun = {portion.subscription.key: portion for portion in result.left}
        left = [begun.get(each.subscription.key, each) for each in taken]
        return [
            each if each is before else replace(each, had=(*before.had, *each.had))
            for before, each in zip(taken, left, strict=True)
            if each.subscription.key not in result.read
        ]

    def _report_waits(self, result: ShardResult) -> None:
        """Report the waits of a shard whose worker could not report them while it read."""
        for wait in result.throttled:
            report = self._progress.unavailable if wait in result.unavailable else self._progress.throttled
            report(*wait)

    def _keep(self, item: Payload | Gap, keep: Keep) -> None:
        if isinstance(item, Payload):
            item = replace(item, document=parsed(item.body))
            if item.kind == "workspaces":
                count = len(objects_on(item))
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
        closes = {gaps.PAST_DEADLINE: gaps.MORE_TIME, gaps.INTERNAL_ERROR: gaps.REPORT_IT}
        return gaps.gap(ask, code, message, closes.get(code, _LOOK))
