"""Workers return their shards in time: a wait does not stop others, and nothing is read twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from itertools import cycle
from threading import Event
from typing import Any

import pytest

from checks.contract.tables import Tables
from scanner.audit import collected
from scanner.azure.arm import Arm
from scanner.azure.pipeline import Patience
from scanner.commands.demo import emulator_connection
from scanner.emulator.credential import EmulatorCredential
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, Request, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.payloads.payload import Payload, PayloadStore
from scanner.payloads.questions import Question
from scanner.progress import Progress, Silent
from scanner.reading.collection import EVERYTHING, Collection
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from scanner.workers.pools import Pool, dask, processes
from scanner.workers.shards import Reading
from scanner.workers.workers import Workers
from tests.support.scanning import IMPATIENT, NETWORK, NOON, Heard, threads

TENANT = generated_tenant(subscriptions=12, workspaces=2, rules=2, seed=3)
IDS = [str(each["subscriptionId"]).lower() for each in TENANT.subscriptions]
SLOW = IDS[4]
LIST_OF_SLOW = f"/subscriptions/{SLOW}/providers/microsoft.machinelearningservices/workspaces"
TABLES = ("subscriptions", "workspaces", "outbound_rules", "associated_resources", "gaps")


def noon() -> Any:
    return NOON


def throttled(seconds: float, route: str = "workspaces") -> Fault:
    return Fault(
        kind=FaultKind.STATUS, route=route, status=429, retry_after=seconds, subscription=SLOW, times=1
    )


def asked(requests: Sequence[Request]) -> Counter[str]:
    """Count the questions about what is in subscriptions."""
    return Counter(each.path.lower() for each in requests if each.path.startswith("/subscriptions/"))


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """The tables of a scan, and the questions of its payloads."""

    tables: Tables
    questions: Counter[Question]


async def scan(
    emulator: Emulator,
    pool: Pool | None,
    *,
    collection: Collection = NETWORK,
    patience: Patience = IMPATIENT,
    credential: Callable[[], EmulatorCredential] = EmulatorCredential,
    known: Callable[[Set[str]], Sequence[Payload]] | None = None,
    progress: Progress | None = None,
) -> Scanned:
    cloud = emulator_connection(emulator).cloud
    reading = Reading(
        cloud=cloud, credential=credential, collection=collection, patience=patience, clock=noon
    )
    workers = Workers(pool, reading=reading, known=known, progress=progress) if pool else None
    async with Arm(cloud, EmulatorCredential(), clock=noon, patience=patience) as arm:
        source = LiveSource(arm, Wanted(), collection=collection, reader=workers)
        with PayloadStore() as store:
            tables = await collected(source, store)
            return Scanned(tables=tables, questions=Counter(each.ask.question for each in store))


@pytest.fixture(scope="module")
def alone() -> Tables:
    with emulated(TENANT) as emulator:
        return asyncio.run(scan(emulator, None)).tables


@pytest.fixture(scope="module")
def paths() -> set[str]:
    """Return every question about what is in subscriptions."""
    with emulated(TENANT) as emulator:
        asyncio.run(scan(emulator, None))
        return set(asked(emulator.requests))


def same(left: Tables, right: Tables) -> bool:
    return all(left[name].equals(right[name]) for name in TABLES)


@pytest.mark.parametrize(
    "pool", [threads(1), threads(2), processes(2)], ids=["one-thread", "two-threads", "two-processes"]
)
def test_all_else_is_read_while_a_subscription_waits_for_an_hour(
    pool: Pool, paths: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.workers.workers.SLICE", 3600.0)
    others = {path for path in paths if SLOW not in path}

    async def stopped_when(met: Event, emulator: Emulator) -> bool:
        patience = replace(IMPATIENT, throttle_budget=7200.0)
        scanning = asyncio.create_task(scan(emulator, pool, patience=patience))
        is_met = await asyncio.to_thread(met.wait, 30)
        scanning.cancel()
        await asyncio.wait({scanning})
        return is_met and scanning.cancelled()

    with emulated(TENANT, faults=[throttled(3600.0)]) as emulator:
        emulator.requests = heard = Heard(lambda requests: set(asked(requests)) >= others)
        assert asyncio.run(stopped_when(heard.met, emulator)), "others wait for the one that is throttled"
    assert set(asked(heard)) - others == {LIST_OF_SLOW}
    assert set(asked(heard).values()) == {1}


@pytest.mark.parametrize("route", ["workspaces", "outboundRules"])
def test_what_had_to_wait_is_read_in_the_end_and_nothing_twice(route: str, alone: Tables) -> None:
    with emulated(TENANT, faults=[throttled(1.0, route)]) as emulator:
        scanned = asyncio.run(scan(emulator, threads(2)))
        (struck,) = emulator.struck_paths
    assert same(scanned.tables, alone)
    assert set(scanned.questions.values()) == {1}
    assert asked(emulator.requests)[struck] == 2
    assert asked(emulator.requests)[LIST_OF_SLOW] == 1 + (struck == LIST_OF_SLOW)


def test_waits_that_sum_up_to_more_than_allowed_are_a_gap_on_workers_too() -> None:
    fault = replace(throttled(1.0), times=None)
    with emulated(TENANT, faults=[fault]) as emulator:
        tables = asyncio.run(
            scan(emulator, threads(2), patience=replace(IMPATIENT, throttle_budget=1.5))
        ).tables
    assert list(tables.gaps["code"]) == ["SubscriptionRequestsThrottled"]
    assert asked(emulator.requests)[LIST_OF_SLOW] == 2


def test_what_would_wait_past_the_deadline_is_a_gap_as_soon_as_that_is_over(alone: Tables) -> None:
    patience = replace(IMPATIENT, throttle_budget=7200.0, deadline=2.0)
    with emulated(TENANT, faults=[throttled(3600.0, "outboundRules")]) as emulator:
        tables = asyncio.run(scan(emulator, threads(2), patience=patience)).tables
    assert set(tables.gaps["code"]) == {"DeadlinePassed"}
    assert set(tables.gaps["subscription_id"].str.lower()) == {SLOW}
    assert list(tables.workspaces["workspace_id"]) == list(alone.workspaces["workspace_id"])


def test_a_worker_hands_back_what_it_has_when_its_time_is_up(
    alone: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.workers.workers.SLICE", 0.2)
    stuck = Fault(kind=FaultKind.LATENCY, seconds=3600.0, route="outboundRules", subscription=SLOW, times=1)
    with emulated(TENANT, faults=[stuck], latency_ms=20) as emulator:
        scanned = asyncio.run(scan(emulator, threads(2), patience=replace(IMPATIENT, read_timeout=3600.0)))
        (struck,) = emulator.struck_paths
    assert same(scanned.tables, alone)
    assert set(scanned.questions.values()) == {1}
    assert asked(emulator.requests)[struck] > 1


def test_workers_may_be_lost_ever_so_often_where_others_read_on(alone: Tables) -> None:
    turns = cycle([False, True, True])

    def lost_often() -> EmulatorCredential:
        if next(turns):
            raise BrokenExecutor("the worker is gone")
        return EmulatorCredential()

    with emulated(TENANT) as emulator:
        scanned = asyncio.run(scan(emulator, threads(1), credential=lost_often))
    assert same(scanned.tables, alone)
    assert set(scanned.questions.values()) == {1}


def test_what_subscriptions_share_is_asked_for_once_a_shard() -> None:
    storage = (
        f"/subscriptions/{IDS[0]}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stshared"
    )
    only: Any = {
        "storageAccount": storage,
        "keyVault": None,
        "containerRegistry": None,
        "applicationInsights": None,
    }
    sharing = [
        replace(each, body={**each.body, "properties": {**each.body["properties"], **only}})
        for each in TENANT.resources
    ]
    with emulated(replace(TENANT, resources=tuple(sharing))) as emulator:
        asyncio.run(scan(emulator, threads(1), collection=EVERYTHING))
    assert asked(emulator.requests)[storage.lower()] == 4, "shards of 6, 3, 2 and 1 subscriptions"


def test_progress_tells_of_workspaces_and_waits_on_workers() -> None:
    class Recorded(Silent):
        def __init__(self) -> None:
            self.count: Counter[str] = Counter()

        def workspaces_found(self, count: int) -> None:
            self.count["found"] += count

        def workspace_read(self) -> None:
            self.count["read"] += 1

        def subscription_read(self) -> None:
            self.count["subscriptions"] += 1

        def throttled(self, scope: str, seconds: float) -> None:
            self.count[scope] += 1

    recorded = Recorded()
    with emulated(TENANT, faults=[throttled(1.0)]) as emulator:
        asyncio.run(scan(emulator, threads(1), progress=recorded))
    assert recorded.count == {"found": 24, "read": 24, "subscriptions": 12, SLOW: 1}


class Waited(Silent):
    """The waits that the scan reports, with the number of subscriptions that were read before each."""

    def __init__(self) -> None:
        self.read = 0
        self.waits: list[tuple[str, str, int]] = []

    def subscription_read(self) -> None:
        self.read += 1

    def throttled(self, scope: str, seconds: float) -> None:
        self.waits.append(("throttled", scope, self.read))

    def paced(self, scope: str, seconds: float) -> None:
        self.waits.append(("paced", scope, self.read))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A scheduler with two worker processes."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as running:
        yield running.scheduler_address


@pytest.mark.parametrize("by", ["processes", "dask"])
def test_waits_on_workers_reach_the_scan_before_their_shards_return(
    by: str, request: pytest.FixtureRequest
) -> None:
    pool = dask(request.getfixturevalue("cluster")) if by == "dask" else processes(2)
    slow = replace(IMPATIENT, burst=1, reads_per_second=4.0)
    waited = Waited()
    with emulated(TENANT, faults=[throttled(0.5)]) as emulator:
        asyncio.run(scan(emulator, pool, progress=waited, patience=slow))
    assert {kind for kind, _, _ in waited.waits} == {"throttled", "paced"}
    assert [scope for kind, scope, _ in waited.waits if kind == "throttled"] == [SLOW], (
        "each wait is reported once"
    )
    assert waited.waits[0][2] == 0, "nothing was returned yet"
    assert waited.read == 12


def test_dask_workers_that_are_all_gone_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("scanner.workers.workers.WITHOUT_WORKERS", 0.3)
    monkeypatch.setattr("scanner.workers.workers.LOOK_EVERY", 0.1)
    with distributed.LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        handed_out: list[str] = []

        def known(keys: Set[str]) -> Sequence[Payload]:
            """Lose all workers of the cluster when the seventh subscription is sent."""
            handed_out.extend(keys)
            if len(handed_out) == 7:
                with distributed.Client(cluster, set_as_default=False) as client:
                    client.retire_workers()
            return ()

        with emulated(TENANT) as emulator:
            tables = asyncio.run(scan(emulator, dask(cluster.scheduler_address), known=known)).tables
    assert set(tables.gaps["code"]) == {"WorkersLost"}
    assert tables.gaps["message"].str.contains("There was no worker for 0.3 s").all()
    assert sorted(tables.gaps["subscription_id"].str.lower()) == sorted(set(IDS) - set(handed_out[:6]))
    assert len(tables.workspaces) == 6 * 2
