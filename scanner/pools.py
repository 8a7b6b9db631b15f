"""Where workers come from: processes of this machine, or a Dask cluster somebody runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from scanner.errors import UsageError
from scanner.options import Auth

_CONNECT_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Workers to be had: how many, and how to open an executor of them; `lost` means one ended."""

    count: int
    open: Callable[[], AbstractContextManager[Executor]]
    lost: tuple[type[Exception], ...] = (BrokenExecutor,)


def pool_asked_for(workers: int, scheduler: str | None, auth: Auth) -> Callable[[], Pool] | None:
    """How to get the pool that `--workers` and `--dask` ask for, None for this process alone.

    Raises UsageError where both are given, or where workers could not sign in.
    """
    if workers > 1 and scheduler:
        raise UsageError("--workers and --dask exclude each other: say where to read, once.")
    if workers == 1 and scheduler is None:
        return None
    if auth is Auth.DEVICE_CODE:
        raise UsageError("--auth device-code asks a person, which a worker cannot: choose another --auth.")
    return partial(dask, scheduler) if scheduler else partial(processes, workers)


def processes(count: int) -> Pool:
    """So many processes of this machine, each started afresh: a fork of a threaded process can hang."""
    context = multiprocessing.get_context("spawn")
    return Pool(count=count, open=lambda: _ended_with_us(ProcessPoolExecutor(count, mp_context=context)))


@contextmanager
def _ended_with_us(executor: ProcessPoolExecutor) -> Iterator[Executor]:
    """The executor; its processes are ended where the scan is interrupted, not waited for."""
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    executor.shutdown()


def dask(scheduler: str) -> Pool:
    """The workers of the Dask scheduler at that address, as they are now.

    Each needs azml-audit in the same version, and credentials of its own. Raises UsageError where Dask is
    not installed, the scheduler does not answer, or it has no worker.
    """
    try:
        from distributed import Client
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise UsageError("--dask needs Dask: install azml-audit[dask].") from error

    def client() -> Any:
        return Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]

    @contextmanager
    def opened() -> Iterator[Executor]:
        with client() as connected:
            yield connected.get_executor(pure=False)

    try:
        with client() as connected:
            count = len(connected.scheduler_info(n_workers=-1)["workers"])
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"--dask {scheduler}: no scheduler answers there: {error}") from error
    if not count:
        raise UsageError(f"--dask {scheduler}: it has no worker; start one with `dask worker {scheduler}`.")
    return Pool(count=count, open=opened, lost=(BrokenExecutor, KilledWorker, CommClosedError))
