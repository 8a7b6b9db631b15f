"""The terminal: results on stdout, progress and log lines on stderr."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderableType
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from scanner.choices import LogFormat, LogLevel
from scanner.payloads.redaction import without_tokens

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class _TextFormatter(logging.Formatter):
    """Write logger and message. Tokens are removed, even from a traceback of a library."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


class _JsonFormatter(logging.Formatter):
    """Write one JSON object a line: time (UTC), level, logger, message and any traceback."""

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
    """A console that escapes control characters, because names from Azure may contain anything.

    rich (15) passes escape sequences in a text on to the terminal.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Render with rich, then replace control characters in texts by their escapes."""
        for segment in super().render(renderable, options):
            if segment.control or not _COMMANDS.search(segment.text):
                yield segment
            else:
                yield Segment(_escaped(_COMMANDS, segment.text), segment.style)


def table(*headings: str, whole: Sequence[str] = ()) -> Table:
    """Return a table without lines; the columns of `whole` never wrap."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold", no_wrap=heading in whole)
    return made


def print_line(out: Console, text: str, style: str = "") -> None:
    """Print a line as it is: without markup, and without a break at the edge of the terminal."""
    out.print(Text(text, style=style), soft_wrap=True)


class Terminal:
    """stdout for results, stderr for the rest; no colour or animation if they are not a terminal."""

    def __init__(self) -> None:
        """Open a console on each stream."""
        self.out = HarmlessConsole(highlight=False)
        self.err = HarmlessConsole(stderr=True, highlight=False)

    def complain(self, message: str) -> None:
        """Print an error without wrapping it."""
        print_line(self.err, without_tokens(message), "red")

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
    """Progress bars; nothing if `console` is not a terminal or `enabled` is False."""

    def __init__(self, console: Console, *, enabled: bool) -> None:
        """Draw on `console`, which should be the one for stderr."""
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
        """Set the total."""
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
        """Count the request, and show whether Azure asked to wait."""
        self._requests += 1
        self._show_note(self._waiting_until - time.monotonic())

    def _show_note(self, wait: float) -> None:
        waiting = f" · Azure asked to wait {wait:.0f} s" if wait > 0 else ""
        self._progress.update(self._subscriptions, note=f"{self._requests} requests{waiting}")

    def throttled(self, scope: str, seconds: float) -> None:
        """Show the wait, and log it."""
        self._waiting_until = max(self._waiting_until, time.monotonic() + seconds)
        self._log.warning("Azure throttles %s; waiting %.0f s", scope or "the tenant", seconds)
        self._show_note(seconds)


def harmless(text: str) -> str:
    """Return the text with control characters, line breaks and lone surrogates as escapes."""
    return _escaped(_CONTROL, text)


def _escaped(characters: re.Pattern[str], text: str) -> str:
    return characters.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
