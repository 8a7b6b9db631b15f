"""Reads subscriptions on several workers: on any `concurrent.futures.Executor`, of processes or of Dask.

A worker makes its own credential, so none is ever sent, and hands back payloads and gaps as they are. The
order in which workers finish does not matter, because it does not matter to `scanner.tabulate`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import time

from azure.core.credentials_async import AsyncSupportsTokenInfo

from checks.errors import AuditError
from scanner import gaps
from scanner.arm import Arm
from scanner.clouds import Cloud
from scanner.collection import Collection
from scanner.gaps import Ask
from scanner.live import Here
from scanner.payloads import Gap, Keep, Payload, parsed
from scanner.pipeline import Patience
from scanner.pools import Pool
from scanner.progress import Progress, Silent
from scanner.resuming import Recollection
from scanner.scope import Subscription
from scanner.version import VERSION

SHARDS_PER_WORKER = 4
"""More shards than workers, so that one with large subscriptions does not leave the others idle."""

ATTEMPTS = 3
"""How often a shard is handed out before it is given up: a worker that dies takes others' shards along."""

Known = Callable[[Set[str]], Sequence[Payload]]
"""What is known about subscriptions, named by their lower-cased ids."""

GRACE = 10.0
"""Seconds past the deadline in which workers, who keep it too, may hand back what they read."""

_log = logging.getLogger("azml_audit.workers")


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
class Shard:
    """Some subscriptions, to be read by one worker."""

    number: int
    reading: Reading
    subscriptions: tuple[Subscription, ...]
    ends_at: float | None = None
    """When the deadline is over, in seconds since the epoch: a shard may wait long for its worker."""
    known: tuple[Payload, ...] = ()
    """What an interrupted scan was told about them, documents left out."""


def reader_version() -> str:
    """The version of what reads shards, where it is called: on a worker."""
    return VERSION


def read_shard(shard: Shard) -> list[Payload | Gap]:
    """Every payload (its parsed document left out) and gap of the shard; runs on the worker."""
    return asyncio.run(_read(shard))


async def _read(shard: Shard) -> list[Payload | Gap]:
    found: list[Payload | Gap] = []

    def keep(item: Payload | Gap) -> None:
        found.append(replace(item, document=None) if isinstance(item, Payload) else item)

    how = shard.reading
    left = None if shard.ends_at is None else max(0.0, shard.ends_at - time())
    patience = replace(how.patience, deadline=left)
    arm = Arm(
        how.cloud,
        how.credential(),
        clock=how.clock,
        patience=patience,
        ca_bundle=how.ca_bundle,
        recall=Recollection(shard.known).recalled,
    )
    async with arm:
        await Here(arm, collection=how.collection).read(shard.subscriptions, keep)
    return found


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

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> None:
        """Hand every payload and gap of these subscriptions to `keep`, a shard at a time."""
        waiting = {shard.number: shard for shard in self._shards(chosen)}
        deadline = self._reading.patience.deadline
        code, message = "WorkersLost", f"{ATTEMPTS} workers in a row ended while they read it."
        try:
            async with asyncio.timeout(None if deadline is None else deadline + GRACE):
                await self._attempts(waiting, keep)
        except TimeoutError:
            code, message = gaps.PAST_DEADLINE, "No worker had read it when the time budget was used up."
        for shard in waiting.values():
            for subscription in shard.subscriptions:
                keep(self._unread(subscription, code, message))

    async def _attempts(self, waiting: dict[int, Shard], keep: Keep) -> None:
        """Hand out the shards that wait, again where workers are lost."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._pool.open() as executor:
                    await self._attempt(executor, waiting, keep)
            except self._pool.lost as error:
                _log.info("the workers were lost: %s", error)
            if not waiting:
                return
            _log.warning("%d shards lost their worker in attempt %d of %d", len(waiting), attempt, ATTEMPTS)

    async def _attempt(self, executor: Executor, waiting: dict[int, Shard], keep: Keep) -> None:
        """Hand out every waiting shard; those that come back wait no longer."""

        async def one(shard: Shard) -> None:
            try:
                items = await asyncio.wrap_future(executor.submit(read_shard, shard))
            except self._pool.lost as error:
                _log.info("shard %d lost its worker: %s", shard.number, error)
                return
            except AuditError as error:
                is_late = shard.ends_at is not None and time() >= shard.ends_at
                code = gaps.PAST_DEADLINE if is_late else "WorkerRefused"
                items = [self._unread(each, code, str(error)) for each in shard.subscriptions]
            del waiting[shard.number]
            self._took(shard, items, keep)

        async with asyncio.TaskGroup() as group:
            for shard in list(waiting.values()):
                group.create_task(one(shard))

    def _took(self, shard: Shard, items: list[Payload | Gap], keep: Keep) -> None:
        for item in items:
            keep(replace(item, document=parsed(item.body)) if isinstance(item, Payload) else item)
            self._progress.request_answered()
        for _ in shard.subscriptions:
            self._progress.subscription_read()

    def _shards(self, chosen: Sequence[Subscription]) -> Iterator[Shard]:
        """The subscriptions dealt out like cards, because neighbours are often alike in size."""
        count = min(len(chosen), self._pool.count * SHARDS_PER_WORKER)
        deadline = self._reading.patience.deadline
        ends_at = None if deadline is None else time() + deadline
        for number in range(count):
            dealt = tuple(chosen[number::count])
            known = tuple(replace(each, document=None) for each in self._known({each.key for each in dealt}))
            yield Shard(
                number=number, reading=self._reading, subscriptions=dealt, ends_at=ends_at, known=known
            )

    def _unread(self, subscription: Subscription, code: str, message: str) -> Gap:
        scope = f"/subscriptions/{subscription.id}"
        ask = Ask(
            kind="workspaces",
            scope=scope,
            url=f"{self._reading.cloud.arm_endpoint}{scope}",
            api_version="",
            subscription_id=subscription.id,
        )
        return gaps.told(ask, code, message, "Look at the workers' logs, their memory and their sign-in.")
