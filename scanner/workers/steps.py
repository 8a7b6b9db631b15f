"""Passes the waits of workers to the scan while they read, so that a person sees them in time.

`scanner.workers.pools` opens a channel with its executor, and sends it to the workers with each shard. Each worker on
this machine has a connection of its own: a queue would have one lock for all workers, and a worker that is killed
while it holds the lock would stop the others. A Dask worker publishes its waits as events of its scheduler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError, current_process
from multiprocessing.connection import Client, Connection, Listener
from threading import Event, Thread
from typing import Protocol

from scanner.progress import Progress

_log = logging.getLogger("azml_audit.workers")

KINDS = ("throttled", "unavailable", "paced")
"""The methods of `Progress` that report a wait."""

Report = Callable[[str, str, float], None]
"""Takes a wait: the name of the method of `Progress`, the scope and the seconds."""


class Channel(Protocol):
    """The way a worker reports its waits. It can be pickled."""

    def connected(self) -> AbstractContextManager[Report]:
        """Connect the worker to the scan. The function that it yields never fails."""


def silent(kind: str, scope: str, seconds: float) -> None:
    """Report nothing."""


def reporting(progress: Progress) -> Report:
    """Return a function that any thread may call to pass a wait to `progress`, in the loop that runs now."""
    loop = asyncio.get_running_loop()

    def report(kind: str, scope: str, seconds: float) -> None:
        if kind in KINDS:
            with suppress(RuntimeError):  # The loop has ended, and with it the scan.
                loop.call_soon_threadsafe(getattr(progress, kind), scope, seconds)

    return report


@dataclass(frozen=True, kw_only=True)
class OwnConnection:
    """A connection to the listener of the scan on this machine."""

    address: str

    @contextmanager
    def connected(self) -> Iterator[Report]:
        """Connect to the scan. If it has ended, report nothing."""
        try:
            connection = Client(self.address, authkey=current_process().authkey)
        except (OSError, EOFError, AuthenticationError):
            yield silent
            return

        def send(kind: str, scope: str, seconds: float) -> None:
            with suppress(OSError):
                connection.send((kind, scope, seconds))

        with connection:
            yield send


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic of the Dask scheduler, to which the scan subscribes."""

    name: str

    @contextmanager
    def connected(self) -> Iterator[Report]:
        """Publish with the Dask worker that runs this thread."""
        from distributed import get_worker

        worker = get_worker()

        def send(kind: str, scope: str, seconds: float) -> None:
            with suppress(RuntimeError):  # The worker is closing.
                worker.log_event(self.name, [kind, scope, seconds])

        yield send


@contextmanager
def listening(report: Report) -> Iterator[OwnConnection | None]:
    """Pass the waits that workers on this machine send to `report`. Yield the channel for the workers.

    It is None if this system refuses a listener, for example because the path of its temporary folder is too long.
    """
    key, has_ended = current_process().authkey, Event()
    try:
        listener = Listener(authkey=key)
    except OSError as error:
        _log.info("workers report their waits only when they return: %s", error)
        yield None
        return

    def read(connection: Connection) -> None:
        with connection, suppress(EOFError, OSError):
            while True:
                report(*connection.recv())

    def accept() -> None:
        while not has_ended.is_set():
            with suppress(AuthenticationError, EOFError, OSError):
                Thread(target=read, args=(listener.accept(),), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    try:
        yield OwnConnection(address=str(listener.address))
    finally:
        has_ended.set()
        with suppress(OSError, EOFError, AuthenticationError), Client(listener.address, authkey=key):
            pass  # The connection wakes `accept`, which nothing else can end.
        listener.close()
