"""A scan on several workers gives the answers of one process, even if workers are lost."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from checks.contract.tables import Tables
from scanner.audit import collected
from scanner.azure.arm import Arm
from scanner.choices import Auth, CloudName
from scanner.cli.main import app
from scanner.commands.connections import connection
from scanner.commands.demo import emulator_connection
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET, EmulatorCredential
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.errors import CredentialError, UsageError
from scanner.payloads.payload import PayloadStore
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from scanner.workers.pools import Opened, Pool, dask, processes
from scanner.workers.shards import Reading, Shard
from scanner.workers.steps import Report
from scanner.workers.workers import Workers
from tests.support.scanning import IMPATIENT, NETWORK, NOON, threads

THREAD = threads(1)
TENANT = generated_tenant(subscriptions=6, workspaces=3, rules=2)
FORBIDDEN = Fault(
    kind=FaultKind.STATUS,
    route="workspaces",
    status=403,
    subscription=str(TENANT.subscriptions[1]["subscriptionId"]),
)
FILES = ("findings.csv", "workspaces.csv", "outbound_rules.csv", "subscriptions.csv", "gaps.csv")

Command = Callable[..., dict[str, bytes]]


def noon() -> datetime:
    return NOON


def deadly_once(marker: Path) -> datetime:
    """A clock that kills its process when it is first read."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return NOON
    os.kill(os.getpid(), signal.SIGKILL)
    return NOON


def lost() -> EmulatorCredential:
    raise BrokenExecutor("the worker is gone")


def surprising() -> EmulatorCredential:
    raise RuntimeError("ours")


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
    with emulated(TENANT, faults=[FORBIDDEN]) as running:
        yield running


@pytest.fixture(scope="module")
def alone(emulator: Emulator) -> Tables:
    return scanned(emulator, None)


@pytest.fixture(scope="module")
def signed_in() -> Iterator[None]:
    """Set what azure-identity signs in with, here and in child processes."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AZURE_TENANT_ID", TENANT.tenant_id)
        environment.setenv("AZURE_CLIENT_ID", CLIENT_ID)
        environment.setenv("AZURE_CLIENT_SECRET", CLIENT_SECRET)
        yield


def test_what_is_sent_to_a_worker_holds_no_secret_and_makes_a_credential_there(signed_in: None) -> None:
    connected = connection(
        auth=Auth.ENVIRONMENT,
        cloud_name=CloudName.AZURE,
        arm_endpoint=None,
        tenants=[TENANT.tenant_id],
        client_id=None,
        ca_bundle=None,
        prompt=print,
    )
    reading = Reading(
        cloud=connected.cloud,
        credential=connected.make_credential,
        collection=NETWORK,
        patience=IMPATIENT,
        clock=noon,
    )
    sent = pickle.dumps(Shard(reading=reading, portions=(), seconds=1.0))
    assert TENANT.tenant_id.encode() in sent
    assert CLIENT_SECRET.encode() not in sent
    assert hasattr(pickle.loads(sent).reading.credential(), "get_token_info")


@pytest.fixture(scope="module")
def command(signed_in: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Yield a function that scans one tenant from the command line and returns the files."""
    folder = tmp_path_factory.mktemp("command")
    with emulated(TENANT, faults=[FORBIDDEN], tls=True) as running:
        (folder / "ca.pem").write_bytes(running.ca_pem or b"")
        reach = ["--auth", "environment", "--arm-endpoint", running.url, "--ca-bundle", folder / "ca.pem"]

        def scan(*options: str) -> dict[str, bytes]:
            report = folder / f"report{len(list(folder.iterdir()))}"
            arguments = ["scan", *map(str, reach), "-f", "csv", "-q", "-o", str(report), *options]
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 1, result.output
            return {name: (report / name).read_bytes() for name in FILES}

        yield scan


@pytest.fixture(scope="module")
def one_process(command: Command) -> dict[str, bytes]:
    return command()


def test_two_processes_find_what_one_finds_to_the_byte(
    command: Command, one_process: dict[str, bytes]
) -> None:
    assert len(one_process["findings.csv"].splitlines()) > 100
    assert b"AuthorizationFailed" in one_process["gaps.csv"]
    assert command("--workers", "2") == one_process


def test_a_dask_cluster_finds_what_one_process_finds_to_the_byte(
    command: Command, one_process: dict[str, bytes], scheduler: str
) -> None:
    assert dask(scheduler).count == 2
    assert command("--dask", scheduler) == one_process


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


def test_workers_that_cannot_be_had_any_more_are_gaps(emulator: Emulator) -> None:
    def gone(_report: Report) -> AbstractContextManager[Opened]:
        raise BrokenExecutor("the scheduler does not answer")

    tables = scanned(emulator, Pool(count=1, open=gone))
    assert set(tables.gaps["code"]) == {"WorkersLost"}


def test_workers_that_never_answer_do_not_outlast_the_deadline(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Waiting(Executor):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:
            return Future()

    monkeypatch.setattr("scanner.workers.workers.GRACE", 0.1)
    pool = Pool(count=1, open=lambda _: nullcontext(Opened(executor=Waiting())))
    tables = scanned(emulator, pool, patience=replace(IMPATIENT, deadline=0.1))
    assert set(tables.gaps["code"]) == {"DeadlinePassed"}
    assert len(tables.gaps) == len(TENANT.subscriptions)


def test_a_worker_that_cannot_sign_in_leaves_gaps_that_say_so(emulator: Emulator) -> None:
    tables = scanned(emulator, THREAD, credential=no_credential)
    assert set(tables.gaps["code"]) == {"WorkerRefused"}
    assert tables.gaps["message"].str.contains("no identity on this worker").all()


def test_a_surprise_on_a_worker_costs_its_subscriptions(emulator: Emulator) -> None:
    tables = scanned(emulator, THREAD, credential=surprising)
    assert set(tables.gaps["code"]) == {"InternalError"}
    assert len(tables.gaps) == len(TENANT.subscriptions)
    assert tables.gaps["message"].str.contains("RuntimeError: ours").all()


@pytest.fixture(scope="module")
def scheduler(signed_in: None) -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def test_a_dask_worker_killed_meanwhile_costs_nothing_but_time(
    emulator: Emulator, alone: Tables, scheduler: str, tmp_path: Path
) -> None:
    clock = partial(deadly_once, tmp_path / "killed")
    assert same(scanned(emulator, dask(scheduler), clock=clock), alone)
    assert (tmp_path / "killed").exists()


def test_a_dask_worker_of_another_version_is_a_usage_error(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.workers.pools.VERSION", "9.9")
    with pytest.raises(UsageError, match=r"needs azml-audit 9.9, but tcp://.* has version"):
        dask(scheduler)


def test_no_scheduler_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("scanner.workers.pools._CONNECT_SECONDS", 1)
    with pytest.raises(UsageError, match="no scheduler answers"):
        dask("tcp://127.0.0.1:9")
