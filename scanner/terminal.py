"""The terminal: progress and log lines on stderr, results on stdout."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderableType
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.segment import Segment
from rich.text import Text

from scanner.choices import LogFormat, LogLevel
from scanner.payloads.redaction import without_tokens

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class _TextFormatter(logging.Formatter):
    """Logger and message. No token, even where somebody's message or traceback quotes one."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


class _JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message and, where there is one, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return without_tokens(json.dumps(line, ensure_ascii=False))


class HarmlessConsole(Console):
    """A console on which no text can command the terminal: Azure's names may hold anything.

    rich (15) lets escape sequences within a text through.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """What rich renders, with the controls inside texts written as their escapes."""
        for segment in super().render(renderable, options):
            if segment.control or not _COMMANDS.search(segment.text):
                yield segment
            else:
                yield Segment(_escaped(_COMMANDS, segment.text), segment.style)


class Terminal:
    """stdout for results, stderr for the rest; no colour or animation where they are no terminal."""

    def __init__(self) -> None:
        """Look at the two streams once."""
        self.out = HarmlessConsole(highlight=False)
        self.err = HarmlessConsole(stderr=True, highlight=False)

    def complain(self, message: str) -> None:
        """Print an error as it is, however long."""
        self.err.print(Text(without_tokens(message), style="red"), soft_wrap=True)

    def configure_logging(self, level: LogLevel, log_format: LogFormat) -> None:
        """Send log lines to stderr: text through the console, so that a progress bar stays whole."""
        if log_format is LogFormat.JSON:
            handler: logging.Handler = logging.StreamHandler()
            handler.setFormatter(_JsonFormatter())
        else:
            handler = RichHandler(
                console=self.err, show_path=False, markup=False, highlighter=NullHighlighter()
            )
            handler.setFormatter(_TextFormatter())
        logging.basicConfig(level=level.value.upper(), handlers=[handler], force=True)
        logging.getLogger("azure").setLevel(logging.DEBUG if level is LogLevel.DEBUG else logging.ERROR)


class TerminalProgress:
    """A progress bar on a terminal; nothing where `console` is none or `enabled` is False."""

    def __init__(self, console: Console, *, enabled: bool) -> None:
        """Draw on `console`, which should be stderr's."""
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not (enabled and console.is_terminal),
        )
        self._requests = 0
        self._waiting_until = 0.0
        self._log = logging.getLogger("azml_audit.throttling")

    def __enter__(self) -> TerminalProgress:
        """Start drawing."""
        self._subscriptions = self._task("Subscriptions")
        self._workspaces = self._task("Workspaces")
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing and clear the lines."""
        self._progress.stop()

    def _task(self, description: str) -> TaskID:
        return self._progress.add_task(description, total=None, note="")

    def subscriptions_found(self, count: int) -> None:
        """Know the total."""
        self._progress.update(self._subscriptions, total=count)

    def subscription_read(self) -> None:
        """Advance."""
        self._progress.advance(self._subscriptions)

    def workspaces_found(self, count: int) -> None:
        """Raise the total."""
        total = self._progress.tasks[self._workspaces].total or 0
        self._progress.update(self._workspaces, total=total + count)

    def workspace_read(self) -> None:
        """Advance."""
        self._progress.advance(self._workspaces)

    def request_answered(self) -> None:
        """Count, and say whether Azure makes us wait."""
        self._requests += 1
        wait = self._waiting_until - time.monotonic()
        waiting = f" · Azure asked to wait {wait:.0f} s" if wait > 0 else ""
        self._progress.update(self._subscriptions, note=f"{self._requests} requests{waiting}")

    def throttled(self, scope: str, seconds: float) -> None:
        """Show the wait and log it."""
        self._waiting_until = max(self._waiting_until, time.monotonic() + seconds)
        self._log.warning("Azure throttles %s: waiting %.0f s", scope or "the tenant", seconds)
        note = f"{self._requests} requests · Azure asked to wait {seconds:.0f} s"
        self._progress.update(self._subscriptions, note=note)


def harmless(text: str) -> str:
    """The text with what commands a terminal, breaks a line or cannot be encoded written as its escape."""
    return _escaped(_CONTROL, text)


def _escaped(signs: re.Pattern[str], text: str) -> str:
    return signs.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
