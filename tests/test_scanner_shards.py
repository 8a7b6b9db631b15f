"""Scans on several workers: the same answers as on one, whatever happens to a worker."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scanning import IMPATIENT, NETWORK, NOON

from checks.schema import Tables
from scanner.arm import Arm
from scanner.audit import collected
from scanner.commands.demo import emulator_connection
from scanner.emulator.credential import EmulatorCredential
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.generated import generated_tenant
from scanner.emulator.server import Emulator, emulated
from scanner.errors import CredentialError, UsageError
from scanner.live import LiveSource
from scanner.payloads import PayloadStore
from scanner.pools import Pool, dask, processes
from scanner.scope import Wanted
from scanner.shards import Reading, Workers

THREAD = Pool(count=1, open=lambda: ThreadPoolExecutor(1))
TENANT = generated_tenant(subscriptions=6, workspaces=3, rules=2)


def noon() -> datetime:
    return NOON


def deadly_once(marker: Path) -> datetime:
    """A clock that kills the process that asks, the first time anybody does."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return NOON
    os.kill(os.getpid(), signal.SIGKILL)
    return NOON


def lost() -> EmulatorCredential:
    raise BrokenExecutor("the worker is gone")


def no_credential() -> EmulatorCredential:
    raise CredentialError("no identity on this worker")


def scanned(emulator: Emulator, pool: Pool | None, **changes: Any) -> Tables:
    cloud = emulator_connection(emulator).cloud
    reading = Reading(
        cloud=cloud, credential=EmulatorCredential, collection=NETWORK, patience=IMPATIENT, clock=noon
    )
    reading = replace(reading, **changes)
    workers = Workers(pool, reading=reading) if pool else None

    async def scan() -> Tables:
        async with Arm(cloud, EmulatorCredential(), clock=noon, patience=IMPATIENT) as arm:
            source = LiveSource(arm, Wanted(), collection=NETWORK, reader=workers)
            with PayloadStore() as store:
                return await collected(source, store)

    return asyncio.run(scan())


def same(left: Tables, right: Tables) -> bool:
    return all(
        left[name].equals(right[name]) for name in ("subscriptions", "workspaces", "outbound_rules", "gaps")
    )


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    forbidden = Fault(
        kind=FaultKind.STATUS,
        route="workspaces",
        status=403,
        subscription=TENANT.subscriptions[1]["subscriptionId"],
    )
    with emulated(TENANT, faults=[forbidden]) as running:
        yield running


@pytest.fixture(scope="module")
def alone(emulator: Emulator) -> Tables:
    return scanned(emulator, None)


def test_two_processes_find_what_one_finds(emulator: Emulator, alone: Tables) -> None:
    assert len(alone.workspaces) == 15
    assert len(alone.gaps) == 1
    assert same(scanned(emulator, processes(2)), alone)


def test_a_process_killed_meanwhile_costs_nothing_but_time(
    emulator: Emulator, alone: Tables, tmp_path: Path
) -> None:
    clock = partial(deadly_once, tmp_path / "killed")
    assert same(scanned(emulator, processes(2), clock=clock), alone)
    assert (tmp_path / "killed").exists()


def test_shards_that_lose_every_worker_are_gaps(emulator: Emulator) -> None:
    tables = scanned(emulator, THREAD, credential=lost)
    assert set(tables.gaps["code"]) == {"WorkersLost"}
    assert len(tables.gaps) == len(TENANT.subscriptions)


def test_a_worker_that_cannot_sign_in_leaves_gaps_that_say_so(emulator: Emulator) -> None:
    tables = scanned(emulator, THREAD, credential=no_credential)
    assert set(tables.gaps["code"]) == {"WorkerRefused"}
    assert tables.gaps["message"].str.contains("no identity on this worker").all()


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def test_a_dask_cluster_finds_what_one_process_finds(
    emulator: Emulator, alone: Tables, scheduler: str
) -> None:
    pool = dask(scheduler)
    assert pool.count == 2
    assert same(scanned(emulator, pool), alone)


def test_a_dask_worker_killed_meanwhile_costs_nothing_but_time(
    emulator: Emulator, alone: Tables, scheduler: str, tmp_path: Path
) -> None:
    clock = partial(deadly_once, tmp_path / "killed")
    assert same(scanned(emulator, dask(scheduler), clock=clock), alone)
    assert (tmp_path / "killed").exists()


def test_no_scheduler_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("scanner.pools._CONNECT_SECONDS", 1)
    with pytest.raises(UsageError, match="no scheduler answers there"):
        dask("tcp://127.0.0.1:9")
