"""Where a command ends: its code, or its error as a message, becomes the exit of the process."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import typer

from scanner.choices import LogFormat, LogLevel

if TYPE_CHECKING:
    from scanner.terminal import Terminal

USAGE = 2
INTERNAL = 4
INTERRUPTED = 130
TERMINATED = 143


class _Termination:
    """Makes SIGTERM end a command as Ctrl-C does, with everything cleaned up; knows afterwards which it was.

    Passed on to whoever handles SIGINT: an asyncio loop then cancels its task instead of being torn apart.
    A loop does that only where SIGINT is not ignored, as it is in a shell's background job; there it is
    blocked instead, which is as deaf to it.
    """

    def __init__(self) -> None:
        self.was_asked_for = False
        self._is_blocked = False

    def __enter__(self) -> _Termination:
        self._is_ours = threading.current_thread() is threading.main_thread()
        if self._is_ours:
            self._before = signal.signal(signal.SIGTERM, self._heard)
            self._block_interrupts()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_ours:
            signal.signal(signal.SIGTERM, self._before)
        if self._is_blocked:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def _block_interrupts(self) -> None:
        is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if is_ignored and hasattr(signal, "pthread_sigmask"):
            self._is_blocked = True
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _heard(self, _number: int, frame: FrameType | None) -> None:
        self.was_asked_for = True
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)


def run(
    command: Callable[[Terminal], int],
    log_level: LogLevel = LogLevel.WARNING,
    log_format: LogFormat = LogFormat.TEXT,
) -> None:
    """Run a command and exit with its code: the one place where errors become messages and exit codes."""
    from checks.errors import AuditError
    from reports.errors import UnwritableReportError
    from scanner.terminal import Terminal

    terminal = Terminal()
    terminal.configure_logging(log_level, log_format)
    termination = _Termination()
    try:
        with termination:
            code = command(terminal)
    except AuditError as error:
        terminal.complain(f"azml-audit: {error}")
        code = INTERNAL if isinstance(error, UnwritableReportError) else USAGE
    except KeyboardInterrupt:
        told = "terminated" if termination.was_asked_for else "interrupted"
        terminal.complain(f"azml-audit: {told}; the report is an earlier one as it was, or complete.")
        code = TERMINATED if termination.was_asked_for else INTERRUPTED
    except Exception:
        logging.getLogger("azml_audit").exception("internal error; please report it with this traceback")
        code = INTERNAL
    raise typer.Exit(code)
