"""Opens pools of workers: processes of this machine, or the workers of a Dask cluster."""

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
from uuid import uuid4

from scanner.choices import Auth
from scanner.errors import UsageError
from scanner.version import VERSION
from scanner.workers.steps import Channel, Report, Topic, listening

_CONNECT_SECONDS = 20
_SAFE_PATH = "PYTHONSAFEPATH"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An executor, and the channel by which its workers report their waits, None if they cannot."""

    executor: Executor
    channel: Channel | None = None


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A number of workers and a way to open their executor: `open` gets the function that their waits go to.

    If the pool `is_local`, its workers see the files of this process. `lost` are the errors that mean that a
    worker ended. `has_workers` checks for live workers if an executor waits for workers that may never come,
    as Dask does.
    """

    count: int
    open: Callable[[Report], AbstractContextManager[Opened]]
    is_local: bool = False
    lost: tuple[type[Exception], ...] = (BrokenExecutor,)
    has_workers: Callable[[], bool] | None = None


def pool_asked_for(workers: int, scheduler: str | None, auth: Auth) -> Callable[[], Pool]:
    """Return a function that opens the pool of `--workers` or `--dask`.

    Raises UsageError if both are given, or if workers could not sign in.
    """
    if workers > 1 and scheduler:
        raise UsageError("--workers and --dask exclude each other. Remove one of them.")
    if auth is Auth.DEVICE_CODE:
        raise UsageError(
            "--auth device-code needs a person, so workers cannot use it. Choose another --auth."
        )
    return partial(dask, scheduler) if scheduler else partial(processes, workers)


def processes(count: int) -> Pool:
    """Return a pool of processes on this machine. Each is spawned, because a forked process can hang."""
    context = multiprocessing.get_context("spawn")

    @contextmanager
    def opened(report: Report) -> Iterator[Opened]:
        with _safe_path(), listening(report) as channel:
            executor = ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent)
            with _terminated_on_error(executor):
                yield Opened(executor=executor, channel=channel)

    return Pool(count=count, open=opened, is_local=True)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Start processes that import nothing from the current folder, which Python puts first on their path.

    A spawned process imports `multiprocessing` before it gets this process's path. It inherits the environment
    with its secrets, so a `multiprocessing.py` beside the user must not run there.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def _end_with_parent() -> None:
    """End this process together with its parent, because a killed parent cannot stop its workers."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def _terminated_on_error(executor: ProcessPoolExecutor) -> Iterator[None]:
    """Shut the executor down at the end. If the scan is interrupted, terminate its processes without waiting."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    executor.shutdown()


def dask(scheduler: str) -> Pool:
    """Return the workers that a Dask scheduler has now. Each worker signs in with its own credential.

    Raises UsageError if Dask is not installed, if the scheduler does not answer or has no worker, or if a
    worker has another version of azml-audit: it might fail to unpickle its task, and the scan would hang.
    """
    try:
        from distributed import Client
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise UsageError("--dask needs Dask. Install azml-audit[dask].") from error

    def client() -> Any:
        return Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]

    here: list[Any] = []

    def has_workers() -> bool:
        return any(each.scheduler_info()["workers"] for each in here)

    @contextmanager
    def opened(report: Report) -> Iterator[Opened]:
        topic = Topic(name=f"azml-audit-{uuid4()}")
        try:
            connected = client()
        except (OSError, TimeoutError) as error:
            raise BrokenExecutor(f"the scheduler at {scheduler} no longer answers") from error
        with connected:
            here[:] = [connected]
            connected.subscribe_topic(topic.name, lambda event: report(*event[1]))
            yield Opened(executor=connected.get_executor(pure=False), channel=topic)

    return Pool(
        count=_count(scheduler, client),
        open=opened,
        lost=(BrokenExecutor, KilledWorker, CommClosedError),
        has_workers=has_workers,
    )


def _count(scheduler: str, client: Callable[[], Any]) -> int:
    """Return the number of workers of the scheduler. Raises UsageError if it or one of them cannot be used."""
    from scanner.workers.shards import reader_version

    try:
        with client() as connected:
            versions = connected.run(reader_version, on_error="return")
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"--dask {scheduler}: no scheduler answers: {error}") from error
    _check(scheduler, versions)
    return len(versions)


def _check(scheduler: str, versions: Mapping[str, object]) -> None:
    """Raise UsageError if there is no worker, or one has another version of azml-audit or none."""
    if not versions:
        raise UsageError(
            f"--dask {scheduler}: there is no worker. Start one with `{_SAFE_PATH}=1 dask worker {scheduler}`."
        )
    for worker, theirs in sorted(versions.items()):
        if theirs != VERSION:
            found = f"cannot run it: {theirs}" if isinstance(theirs, Exception) else f"has version {theirs}"
            raise UsageError(
                f"--dask {scheduler}: every worker needs azml-audit {VERSION}, but {worker} {found}."
            )
