"""Passes the waits of workers on this machine to the scan while they read, so that a person sees them in time.

Each worker has a connection of its own. A queue would have one lock for all workers, and a worker that is killed
while it holds the lock would stop the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError, current_process
from multiprocessing.connection import Client, Connection, Listener
from threading import Event, Thread

from scanner.progress import Progress

_log = logging.getLogger("azml_audit.workers")

KINDS = ("throttled", "unavailable", "paced")
"""The methods of `Progress` that report a wait."""


@dataclass
class Steps:
    """Where a worker reports its waits. Without an address it reports nothing."""

    address: str | None = None
    _connection: Connection | None = field(default=None, init=False)

    def __enter__(self) -> Steps:
        """Connect to the scan."""
        if self.address is not None:
            with suppress(OSError, EOFError, AuthenticationError):
                self._connection = Client(self.address, authkey=current_process().authkey)
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def send(self, kind: str, scope: str, seconds: float) -> None:
        """Report a wait. If the scan has ended, do nothing."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.send((kind, scope, seconds))


@contextmanager
def received(progress: Progress) -> Iterator[str | None]:
    """Pass the waits that workers report to `progress`, in the loop that runs now. Yield the address for workers.

    The address is None if this system refuses it, for example because the path of its temporary folder is too long.
    """
    loop, key, has_ended = asyncio.get_running_loop(), current_process().authkey, Event()
    try:
        listener = Listener(authkey=key)
    except OSError as error:
        _log.info("workers report their waits only when they return: %s", error)
        yield None
        return

    def read(connection: Connection) -> None:
        with connection, suppress(EOFError, OSError, RuntimeError):
            while True:
                kind, scope, seconds = connection.recv()
                if kind in KINDS:
                    loop.call_soon_threadsafe(getattr(progress, kind), scope, seconds)

    def accept() -> None:
        while not has_ended.is_set():
            with suppress(AuthenticationError, EOFError, OSError):
                Thread(target=read, args=(listener.accept(),), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    try:
        yield str(listener.address)
    finally:
        has_ended.set()
        with suppress(OSError, EOFError, AuthenticationError), Client(listener.address, authkey=key):
            pass  # The connection wakes `accept`, which nothing else can end.
        listener.close()
