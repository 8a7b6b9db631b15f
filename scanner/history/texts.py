"""A trend as tables on the terminal, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from scanner.history.trend import SEVERITIES, Trend
from scanner.terminal import print_line, table

_WEEKS = 8
FORMAT_VERSION = "1.1"
_COLUMNS = (
    "series", "policies", "run", "finished_at", "is_complete", "coverage", *SEVERITIES, "unknown", "opened",
    "closed", "exit_code",
)  # fmt: skip


def show_trend(trends: Sequence[Trend], out: Console) -> None:
    """Print the trend of the last series, and how many others there are."""
    first = trends[0]
    points = first.points
    days = f"{points[0].finished_at:%Y-%m-%d} to {points[-1].finished_at:%Y-%m-%d}"
    print_line(out, f"{_runs(len(points))} of {', '.join(first.policies)}, {days}.", "bold")
    severities = table("Severity", "First", "Last", "Most", "Days to fix (median)")
    for severity in SEVERITIES:
        counts = [point.violations[severity] for point in points]
        numbers = (f"{count:,}" for count in (counts[0], counts[-1], max(counts)))
        severities.add_row(severity, *numbers, str(first.days_to_fix.get(severity, "")))
    out.print(severities)
    weeks = table("Week from", "Opened", "Closed")
    for week in first.weeks[-_WEEKS:]:
        weeks.add_row(f"{week.monday}", f"{week.opened:,}", f"{week.closed:,}")
    out.print(weeks)
    incomplete = sum(not point.is_complete for point in points)
    if incomplete:
        text = f"With gaps: {_runs(incomplete)}. A violation that a run did not read stays open."
        print_line(out, text, "yellow")
    if len(trends) > 1:
        text = f"Not mixed in: {len(trends) - 1} other series, with another scope or policy. --format json has all."
        print_line(out, text)


def csv_text(trends: Sequence[Trend]) -> str:
    """Return a row for each run of every series."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for number, each in enumerate(trends, 1):
        for point in each.points:
            known = (point.run, point.finished_at.isoformat(), str(point.is_complete).lower())
            counts = (point.violations[severity] for severity in SEVERITIES)
            changes = (point.unknown, point.opened, point.closed, point.exit_code)
            writer.writerow(
                [number, "; ".join(each.policies), *known, round(point.coverage, 4), *counts, *changes]
            )
    return text.getvalue()


def json_text(trends: Sequence[Trend]) -> str:
    """Return every series with its runs, weeks, checks and open violations."""
    series = []
    for each in trends:
        still = [
            {**found.violation.model_dump(), **asdict(found.since), "is_seen": found.is_seen}
            for found in each.open
        ]
        series.append(asdict(each) | {"open": still})
    return json.dumps({"format_version": FORMAT_VERSION, "series": series}, default=str, indent=1) + "\n"


def _runs(count: int) -> str:
    return f"{count:,} run" if count == 1 else f"{count:,} runs"
