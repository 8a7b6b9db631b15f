"""The edge of every command: imports that stay, signals, and errors that become messages and exit codes."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from scanner.choices import ExitCode, LogLevel, TextFormat

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_THRESHOLD = 50_000
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


_ENDINGS = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


class _Termination:
    """Make SIGTERM and SIGHUP end a command as Ctrl-C does, with all clean-up, and remember that they did.

    nohup ignores SIGHUP; it stays ignored.

    The signal goes to the handler of SIGINT, so an asyncio loop cancels its task in an orderly way. A loop
    installs that handler only if SIGINT is not ignored. A shell ignores SIGINT for background jobs, so
    SIGINT is blocked there instead: it still has no effect, but the loop installs its handler.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._is_blocked = False

    def __enter__(self) -> _Termination:
        self._is_ours = threading.current_thread() is threading.main_thread()
        if self._is_ours:
            self._before = {
                number: signal.signal(number, self._handle)
                for number in _ENDINGS
                if signal.getsignal(number) is not signal.SIG_IGN
            }
            self._block_interrupts()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_ours:
            for number, handler in self._before.items():
                signal.signal(number, handler)
        if self._is_blocked:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def _block_interrupts(self) -> None:
        is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if is_ignored and hasattr(signal, "pthread_sigmask"):
            self._is_blocked = True
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, _number: int, frame: FrameType | None) -> None:
        self.is_requested = True
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)


def run(
    command: Callable[[Terminal], int],
    log_level: LogLevel = LogLevel.WARNING,
    log_format: TextFormat = TextFormat.TEXT,
) -> None:
    """Run a command and exit with its code. `scanner.__main__` handles what goes wrong before or outside it."""
    try:
        _run(command, log_level, log_format)
    except KeyboardInterrupt:
        sys.stderr.write("azml-audit: interrupted.\n")
        raise typer.Exit(int(ExitCode.INTERRUPTED)) from None


def _run(command: Callable[[Terminal], int], log_level: LogLevel, log_format: TextFormat) -> None:
    from checks.errors import AuditError
    from reports.errors import UnwritableReportError
    from scanner.errors import ArchiveError
    from scanner.terminal import Terminal

    terminal = Terminal()
    terminal.configure_logging(log_level, log_format)
    termination = _Termination()
    try:
        with termination:
            code = command(terminal)
    except AuditError as error:
        terminal.complain(f"azml-audit: {error}")
        is_internal = isinstance(error, UnwritableReportError | ArchiveError)
        code = ExitCode.INTERNAL if is_internal else ExitCode.USAGE
    except KeyboardInterrupt:
        code = ExitCode.TERMINATED if termination.is_requested else ExitCode.INTERRUPTED
        terminal.complain(
            f"azml-audit: {code.name.lower()}. The report folder has the earlier or the complete new report."
        )
    except Exception:
        logging.getLogger("azml_audit").exception("internal error; please report it with this traceback")
        code = ExitCode.INTERNAL
    raise typer.Exit(int(code))


@contextmanager
def lasting() -> Iterator[None]:
    """Import modules without garbage collection, then exclude them from every later collection.

    A scan makes so many objects that the collector walks a thousand modules again and again: an eighth of
    the CPU time of a scan (docs/performance.md). Its objects live until it ends, so afterwards a collection
    starts after 50,000 new objects, not after 700.

    numpy starts one thread per core for linear algebra, which no code here uses. Without these threads its
    import takes half the time on two cores.
    """
    threads = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_THRESHOLD)
        gc.enable()
        if threads is None:
            del os.environ[_BLAS_THREADS]
        else:
            os.environ[_BLAS_THREADS] = threads
