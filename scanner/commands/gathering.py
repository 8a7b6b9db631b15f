"""Collect the tables of a scan: from Azure, or from an earlier reading."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

from checks.contract.tables import Tables
from scanner.audit import collected
from scanner.azure.arm import Arm
from scanner.azure.clouds import Cloud
from scanner.azure.identity import Identity
from scanner.commands.connections import Connection
from scanner.commands.job import Job, asked_for
from scanner.payloads.payload import Payload, Store
from scanner.payloads.people import Pseudonyms
from scanner.payloads.questions import Ask
from scanner.policies import LoadedPolicy, addresses, management_groups
from scanner.progress import Progress
from scanner.reading.collection import Collection
from scanner.reading.discovery import discovery_by
from scanner.reading.live import LiveSource, SubscriptionsReader
from scanner.reading.once import Read
from scanner.scope.wanted import Wanted
from scanner.tables.provenance import Traces
from scanner.version import VERSION

if TYPE_CHECKING:
    from scanner.commands.replay import Earlier
    from scanner.evidence.statement import ScanRecord
    from scanner.workers.pools import Pool


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The tables of one scan, a description of their source, and the time of reading.

    `traces` records the payload of every row, if evidence is wanted. `cloud`, `endpoint` and `identities`
    describe the cloud that was read. `record` and `replay_of` describe the bundle that was read instead.
    """

    tables: Tables
    source: str
    is_azure: bool
    started_at: datetime
    finished_at: datetime
    traces: Traces | None = None
    cloud: str = ""
    endpoint: str = ""
    identities: tuple[Identity, ...] = ()
    record: ScanRecord | None = None
    replay_of: str | None = None


Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the time in UTC and whole seconds: the clock outside tests."""
    return datetime.fromtimestamp(int(time()), UTC)


def from_azure(
    job: Job,
    policies: Sequence[LoadedPolicy],
    connected: Connection,
    progress: Progress,
    store: Store,
    clock: Clock,
) -> Gathered:
    """Read everything the job asks for from the cloud, and keep the payloads in `store`."""
    started_at = clock()
    traces = Traces() if job.evidence else None
    read = Read()
    tables, identities = _run(_live(job, policies, connected, progress, store, clock, traces, read))
    return Gathered(
        tables=tables,
        source=connected.source,
        is_azure=connected.is_azure,
        started_at=read.first_at or started_at,
        finished_at=max(clock(), read.last_at or started_at),
        traces=traces,
        cloud=connected.cloud.name,
        endpoint=connected.cloud.arm_endpoint,
        identities=identities,
    )


def from_earlier(job: Job, earlier: Earlier, store: Store, clock: Clock) -> Gathered:
    """Read an earlier reading again, with its times if they are known."""
    started_at = earlier.started_at or clock()
    traces = Traces() if job.evidence else None
    tables = _run(collected(earlier.source, store, traces, earlier.wanted))
    return Gathered(
        tables=tables,
        source=earlier.words,
        is_azure=earlier.is_azure,
        started_at=started_at,
        finished_at=earlier.finished_at or clock(),
        traces=traces,
        record=earlier.record,
        replay_of=earlier.root,
    )


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result.

    `asyncio.run` of Python 3.11 ends in a repr of the task with its result, so the task returns nothing: the repr of
    the tables takes 10 ms and more, and nobody sees it.
    """
    results: list[T] = []

    async def kept() -> None:
        results.append(await work)

    asyncio.run(kept())
    return results[0]


async def _live(
    job: Job,
    policies: Sequence[LoadedPolicy],
    connected: Connection,
    progress: Progress,
    store: Store,
    clock: Clock,
    traces: Traces | None,
    read: Read,
) -> tuple[Tables, tuple[Identity, ...]]:
    wanted = replace(job.wanted, known_groups=management_groups(policies))
    collection = asked_for(job, policies)
    pool = job.workers() if job.workers else None
    signing_in = [
        arm_of(each, job, connected, clock=clock, progress=progress, recall=store.recalled)
        for each in (connected, *connected.others)
    ]
    async with AsyncExitStack() as stack:
        arm, *others = [await stack.enter_async_context(each) for each in signing_in]
        identities = tuple(each.identity for each in (arm, *others))
        named = addresses(policies) | wanted.addresses
        key = store.begin(scan_key(arm.cloud, identities, wanted, collection, named), wanted.digest)
        people = Pseudonyms(key=key, named=named)
        for each in (arm, *others):
            each.people = people
        reader = _workers(pool, job, connected, collection, progress, store, clock, people) if pool else None
        source = LiveSource(
            arm,
            wanted,
            *others,
            collection=collection,
            progress=progress,
            reader=reader,
            discovery=discovery_by(job.discover, arm, *others),
        )
        return await collected(read.once(source), store, traces, wanted), identities


def arm_of(
    each: Connection,
    job: Job,
    connected: Connection,
    *,
    clock: Clock,
    progress: Progress | None = None,
    recall: Callable[[Ask], Payload | None] | None = None,
) -> Arm:
    """Return the `Arm` of one tenant's connection. All tenants of `connected` share the job's patience."""
    return Arm(
        each.cloud,
        each.credential,
        clock=clock,
        patience=job.patience.shared_by(1 + len(connected.others)),
        ca_bundle=each.ca_bundle,
        progress=progress,
        recall=recall,
        tenant=each.tenant,
    )


def scan_key(
    cloud: Cloud,
    identities: Sequence[Identity],
    wanted: Wanted,
    collection: Collection,
    named: frozenset[str] = frozenset(),
) -> str:
    """Return the key under which a scan is resumed; "" if a token names no identity.

    Two scans have one key if they ask the same questions of one cloud as the same identities. Their policies name the
    same addresses (`named`), because these get other pseudonyms.
    """
    if any(not each.object_id and not each.client_id for each in identities):
        return ""
    parts = (
        VERSION,
        cloud.arm_endpoint,
        [str(each) for each in identities],
        wanted.digest,
        sorted(wanted.known_groups),
        sorted(collection.kinds),
        sorted(collection.members),
        sorted(named),
        collection.asks_everybody,
    )
    return sha256(json.dumps(parts).encode()).hexdigest()


def _workers(
    pool: Pool,
    job: Job,
    connected: Connection,
    collection: Collection,
    progress: Progress,
    store: Store,
    clock: Clock,
    people: Pseudonyms,
) -> SubscriptionsReader:
    from scanner.workers.shards import Reading
    from scanner.workers.workers import Workers

    reading = Reading(
        cloud=connected.cloud,
        credential=connected.make_credential,
        tenant=connected.tenant,
        others={each.tenant: each.make_credential for each in connected.others},
        collection=collection,
        wanted=job.wanted,
        patience=job.patience,
        clock=clock,
        ca_bundle=connected.ca_bundle,
        people=people,
    )
    return Workers(
        pool,
        reading=reading,
        progress=progress,
        known=store.recollection,
        new_notes=store.new_notes,
    )
