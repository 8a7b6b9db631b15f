"""Where workers come from: processes of this machine, or a Dask cluster somebody runs."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any

from scanner.choices import Auth
from scanner.errors import UsageError
from scanner.version import VERSION

_CONNECT_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Workers to be had: how many, and how to open an executor of them; `lost` means one ended.

    `has_workers` tells, where an executor waits for workers that may never come, whether there is any now.
    """

    count: int
    open: Callable[[], AbstractContextManager[Executor]]
    lost: tuple[type[Exception], ...] = (BrokenExecutor,)
    has_workers: Callable[[], bool] | None = None


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

    def opened() -> AbstractContextManager[Executor]:
        return _ended_with_us(ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent))

    return Pool(count=count, open=opened)


def _end_with_parent() -> None:
    """End this process when the one that started it does: one that is killed cannot tell its workers."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def _ended_with_us(executor: ProcessPoolExecutor) -> Iterator[Executor]:
    """The executor; its processes are ended where the scan is interrupted, not waited for."""
    others = set(multiprocessing.active_children())
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    executor.shutdown()


def dask(scheduler: str) -> Pool:
    """The workers of the Dask scheduler at that address, as they are now, each with credentials of its own.

    Raises UsageError where Dask is not installed, the scheduler does not answer or has no worker, and where
    one has not azml-audit in this very version: what it cannot unpickle would end it, and the scan wait.
    """
    try:
        from distributed import Client
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        from scanner.workers.shards import reader_version
    except ImportError as error:
        raise UsageError("--dask needs Dask: install azml-audit[dask].") from error

    def client() -> Any:
        return Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]

    here: list[Any] = []

    def has_workers() -> bool:
        return any(each.scheduler_info()["workers"] for each in here)

    @contextmanager
    def opened() -> Iterator[Executor]:
        try:
            connected = client()
        except (OSError, TimeoutError) as error:
            raise BrokenExecutor(f"the scheduler at {scheduler} does not answer any more") from error
        with connected:
            here[:] = [connected]
            yield connected.get_executor(pure=False)

    try:
        with client() as connected:
            versions = connected.run(reader_version, on_error="return")
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"--dask {scheduler}: no scheduler answers there: {error}") from error
    _check(scheduler, versions)
    return Pool(
        count=len(versions),
        open=opened,
        lost=(BrokenExecutor, KilledWorker, CommClosedError),
        has_workers=has_workers,
    )


def _check(scheduler: str, versions: Mapping[str, object]) -> None:
    """Raise UsageError where there is no worker, or one, by its address, has not our version, or none."""
    if not versions:
        raise UsageError(f"--dask {scheduler}: it has no worker; start one with `dask worker {scheduler}`.")
    for worker, theirs in sorted(versions.items()):
        if theirs != VERSION:
            has = f"cannot run it: {theirs}" if isinstance(theirs, Exception) else f"has version {theirs}"
            raise UsageError(
                f"--dask {scheduler}: every worker needs azml-audit {VERSION}, but {worker} {has}."
            )
