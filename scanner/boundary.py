"""Where a command ends: its code, or its error as a message, becomes the exit of the process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from scanner.options import LogFormat, LogLevel

if TYPE_CHECKING:
    from scanner.terminal import Terminal

USAGE = 2
INTERNAL = 4
INTERRUPTED = 130


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
    try:
        code = command(terminal)
    except AuditError as error:
        terminal.complain(f"azml-audit: {error}")
        code = INTERNAL if isinstance(error, UnwritableReportError) else USAGE
    except KeyboardInterrupt:
        terminal.complain("azml-audit: interrupted; an earlier report is as it was.")
        code = INTERRUPTED
    except Exception:
        logging.getLogger("azml_audit").exception("internal error; please report it with this traceback")
        code = INTERNAL
    raise typer.Exit(code)
