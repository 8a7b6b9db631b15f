"""The terminal: results on stdout, progress and log lines on stderr."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from reports.writing.lines import harmless
from scanner.choices import LogLevel, TextFormat
from scanner.payloads.secret_forms import redacted_text
from scanner.progress import Requests
from scanner.waiting import EVERY, PACED, THROTTLED, UNAVAILABLE, Waits


class _TextFormatter(logging.Formatter):
    """Write logger and message on one line, then any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        message = _clean(f"{record.name}: {record.getMessage()}")
        traceback = [f"\n{self._traceback(record)}"] if record.exc_info else []
        return "".join([message, *traceback])

    def _traceback(self, record: logging.LogRecord) -> str:
        assert record.exc_info
        text = redacted_text(self.formatException(record.exc_info))
        return "\n".join(map(harmless, text.split("\n")))


class _JsonFormatter(_TextFormatter):
    """Write one JSON object a line, in ASCII: time (UTC), level, logger, message and any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _clean(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = self._traceback(record)
        return json.dumps(line)


def _clean(line: str) -> str:
    """Return one line without secrets and people, which a message of a library may contain."""
    return harmless(redacted_text(line))


class HarmlessConsole(Console):
    """A console that escapes what `harmless` escapes, because names from Azure may contain anything.

    rich (15) passes escape sequences in a text on to the terminal. Line breaks of a layout stay, so a name
    has to be one line before rich lays it out: `print_line` and `table` do this.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Render with rich, then escape each line of the texts."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment("\n".join(map(harmless, segment.text.split("\n"))), segment.style)


class _Table(Table):
    """A table whose cells are single lines."""

    def add_row(self, *cells: RenderableType | None, **settings: Any) -> None:
        super().add_row(*map(_one_line, cells), **settings)


def _one_line(cell: RenderableType | None) -> RenderableType | None:
    if isinstance(cell, str):
        return Text(harmless(cell))
    return Text(harmless(cell.plain), style=cell.style) if isinstance(cell, Text) else cell


def table(*headings: str, whole: Sequence[str] = ()) -> Table:
    """Return a table without lines, whose cells are single lines; the columns of `whole` never wrap."""
    made = _Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold", no_wrap=heading in whole)
    return made


def print_line(out: Console, text: str, style: str = "") -> None:
    """Print one harmless line: without markup, and without a break at the edge of the terminal."""
    out.print(Text(harmless(text), style=style), soft_wrap=True)


def print_lines(out: Console, text: str, style: str = "") -> None:
    """Print a text of our own that has line breaks. Names from Azure in it must be harmless already."""
    for line in text.split("\n"):
        print_line(out, line, style)


class Terminal:
    """stdout for results, stderr for the rest; no colour or animation if they are not a terminal."""

    def __init__(self) -> None:
        """Open a console on each stream."""
        self.out = HarmlessConsole(highlight=False)
        self.err = HarmlessConsole(stderr=True, highlight=False)

    def complain(self, message: str) -> None:
        """Print an error without wrapping it."""
        print_lines(self.err, redacted_text(message), "red")

    def prompt(self, message: str) -> None:
        """Print what a person has to do now, such as to sign in, on stderr."""
        print_line(self.err, message)

    def configure_logging(self, level: LogLevel, log_format: TextFormat) -> None:
        """Send log lines to stderr: text through the console, so that a progress bar stays whole."""
        if log_format is TextFormat.JSON:
            handler: logging.Handler = logging.StreamHandler()
            handler.setFormatter(_JsonFormatter())
        else:
            handler = RichHandler(
                console=self.err, show_path=False, markup=False, highlighter=NullHighlighter()
            )
            handler.setFormatter(_TextFormatter())
        logging.basicConfig(level=level.value.upper(), handlers=[handler], force=True)
        logging.getLogger("azure").setLevel(logging.DEBUG if level is LogLevel.DEBUG else logging.ERROR)


class _Notes(ProgressColumn):
    """The note of each bar, made anew each time that the bars are drawn."""

    def render(self, task: Task) -> Text:
        return Text(harmless(task.fields["note"]()))


_BAR = 20
"""The cells of a bar: beside it, every note fits into 80 columns."""


class _Bars(Progress):
    """The bars, and below them what the scan waits for."""

    def __init__(self, waits: Callable[[], str], console: Console, *, disable: bool) -> None:
        columns = (
            *(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=_BAR)),
            *(MofNCompleteColumn(), _Notes(Column(no_wrap=True))),
        )
        self._waits = waits
        super().__init__(*columns, console=console, transient=True, disable=disable)

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yield the bars, and a line if the scan waits."""
        yield self.make_tasks_table(self.tasks)
        if waits := self._waits():
            yield Text(harmless(waits), style="yellow")


class TerminalProgress:
    """Progress bars; nothing if `console` is not a terminal or `enabled` is False."""

    def __init__(self, console: Console, *, enabled: bool) -> None:
        """Draw on `console`, which should be the one for stderr."""
        self._requests = Requests()
        self._waits = Waits()
        self._progress = _Bars(
            self._waits.text, console=console, disable=not (enabled and console.is_terminal)
        )
        self._is_drawn = not self._progress.disable
        self._has_ended = threading.Event()

    def __enter__(self) -> TerminalProgress:
        """Start drawing."""
        self._subscriptions = self._task("Subscriptions", self._requests_so_far)
        self._workspaces = self._task("Workspaces", self._time_left)
        self._progress.start()
        if not self._is_drawn:
            threading.Thread(target=self._remind, daemon=True).start()
        return self

    def _remind(self) -> None:
        """Log a line every 30 s while the scan waits, where nothing is drawn."""
        while not self._has_ended.wait(EVERY):
            self._waits.remind(self._requests.count)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing and clear the lines."""
        self._has_ended.set()
        self._progress.stop()

    def _task(self, description: str, note: Callable[[], str]) -> TaskID:
        return self._progress.add_task(description, total=None, note=note)

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
        """Count the request."""
        self._requests.add()

    def throttled(self, scope: str, seconds: float) -> None:
        """Show the wait, and log it."""
        self._waits.add(THROTTLED, scope, seconds)

    def unavailable(self, scope: str, seconds: float) -> None:
        """Show the wait, and log it."""
        self._waits.add(UNAVAILABLE, scope, seconds)

    def paced(self, scope: str, seconds: float) -> None:
        """Show the wait."""
        self._waits.add(PACED, scope, seconds)

    def _requests_so_far(self) -> str:
        return f"{self._requests.count:,} requests, {self._requests.a_second():.0f} a second"

    def _time_left(self) -> str:
        """Return the time that the rest of the workspaces takes at the speed so far, or "" before it is known."""
        seconds = self._progress.tasks[self._workspaces].time_remaining
        return f"about {timedelta(seconds=round(seconds))} left" if seconds else ""
