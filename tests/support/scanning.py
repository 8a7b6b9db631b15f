"""Scans of an emulator over real HTTP, as the tests of the reader need them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pandas as pd

from checks.contract.tables import Tables
from scanner.audit import collected
from scanner.azure.arm import Arm, Clock
from scanner.azure.pipeline import Patience
from scanner.commands.demo import emulator_connection
from scanner.emulator.faults import Fault
from scanner.emulator.server import Emulator, Request, emulated
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.payload import Payload, PayloadStore
from scanner.payloads.people import Pseudonyms
from scanner.progress import Progress
from scanner.reading.collection import Collection
from scanner.reading.discovery import Discovery
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from scanner.workers.pools import Opened, Pool
from scanner.workers.steps import Report

NETWORK = Collection(
    kinds=frozenset({"outboundRules", "privateEndpointConnections"}),
    members=frozenset({"publicNetworkAccess", "managedNetwork"}),
)
IMPATIENT = Patience(backoff=0.0, throttle_budget=10.0, read_timeout=5.0, connect_timeout=5.0)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Heard(list[Request]):
    """An emulator's log, which tells as soon as what it holds meets a condition."""

    def __init__(self, is_met: Callable[[Sequence[Request]], bool] = lambda _requests: False) -> None:
        super().__init__()
        self.met = Event()
        self.is_met = is_met

    def append(self, request: Request) -> None:
        super().append(request)
        if self.is_met(self):
            self.met.set()


def threads(count: int) -> Pool:
    """Workers that are threads of this process and report their waits with their shards."""

    @contextmanager
    def opened(_report: Report) -> Iterator[Opened]:
        with ThreadPoolExecutor(count) as executor:
            yield Opened(executor=executor)

    return Pool(count=count, open=opened)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain mappings."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def scanned(
    emulator: Emulator,
    *,
    wanted: Wanted | None = None,
    collection: Collection = NETWORK,
    patience: Patience = IMPATIENT,
    progress: Progress | None = None,
    hang_guard: float | None = None,
    clock: Clock = lambda: NOON,
    asks_graph: bool = False,
) -> tuple[Tables, list[Payload]]:
    """The tables and the payloads of one scan of a running emulator.

    Raises TimeoutError where it takes longer than `hang_guard` seconds, which only a hang does.
    """
    connection = emulator_connection(emulator)

    found: list[tuple[Tables, list[Payload]]] = []

    async def scan() -> None:
        arm = Arm(
            connection.cloud,
            connection.credential,
            clock=clock,
            patience=patience,
            progress=progress,
            people=Pseudonyms(named=(wanted or Wanted()).addresses),
        )
        async with asyncio.timeout(hang_guard), arm:
            source = LiveSource(
                arm,
                wanted or Wanted(),
                collection=collection,
                progress=progress,
                discovery=Discovery(arm) if asks_graph else None,
            )
            with PayloadStore() as store:
                found.append((await collected(source, store, wanted=wanted), list(store)))

    # Not returned: asyncio.run ends in a repr of the task's result (3.11), slow where that is a DataFrame.
    asyncio.run(scan())
    return found[0]


@contextmanager
def scan_of(
    tenant: Tenant,
    *faults: Fault,
    page_size: int = 2,
    wanted: Wanted | None = None,
    collection: Collection = NETWORK,
    asks_graph: bool = False,
) -> Iterator[tuple[Tables, list[Payload], Emulator]]:
    """The tables and payloads of one scan of a tenant with these faults, and the emulator they came from."""
    with emulated(tenant, faults=faults, page_size=page_size) as emulator:
        tables, payloads = scanned(emulator, wanted=wanted, collection=collection, asks_graph=asks_graph)
        yield tables, payloads, emulator
