"""Count over the runs of one series: violations by severity and check, openings and closings by week, time to fix.

Everything comes from the index alone. Runs of other scopes or policies are another series and never mixed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from checks.severity import Severity
from reports.history import History, Point, Since
from scanner.archive.following import followed
from scanner.archive.index import Run, Violation

SEVERITIES = tuple(severity.value for severity in Severity)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Week:
    """The violations that opened and closed in the seven days from a Monday on."""

    monday: date
    opened: int
    closed: int


@dataclass(frozen=True, kw_only=True)
class CheckTrend:
    """The violations of one check in the first and the last run, and how many opened and closed in between."""

    check: str
    first: int
    last: int
    opened: int
    closed: int


@dataclass(frozen=True, kw_only=True)
class Open:
    """A violation that is open after the last run, since when, and whether that run found it or could not decide it."""

    violation: Violation
    since: Since
    is_seen: bool


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The trend of one series."""

    scope: str
    policies: tuple[str, ...]
    points: tuple[Point, ...]
    weeks: tuple[Week, ...]
    checks: tuple[CheckTrend, ...]
    days_to_fix: dict[str, float]
    """The median days from opening to closing by severity; only severities with a closed violation."""
    open: tuple[Open, ...]


def series_of(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs by series, the series of the last run first."""
    found: dict[tuple[str, tuple[str, ...]], list[Run]] = {}
    for run in runs:
        found.setdefault(run.series, []).append(run)
    return sorted(found.values(), key=lambda series: runs.index(series[-1]), reverse=True)


def trend(runs: Sequence[Run]) -> Trend:
    """Return the trend of the runs of one series, oldest first."""
    return Trend(
        scope=runs[-1].scope,
        policies=tuple(sorted(runs[-1].policies)),
        points=points_of(runs),
        weeks=_weeks(runs),
        checks=_checks(runs),
        days_to_fix=_days_to_fix(runs),
        open=_open(runs),
    )


def points_of(runs: Sequence[Run]) -> tuple[Point, ...]:
    """Return a point for each run. The first one opens nothing: what it found may be older."""
    return tuple(_point(run, opened=len(run.opened) if number else 0) for number, run in enumerate(runs))


def history_of(runs: Sequence[Run], run: Run) -> History:
    """Return the history of a run that follows these runs of its archive."""
    series = [*(each for each in runs if each.series == run.series), run]
    known = followed(series)
    return History(
        points=points_of(series),
        since={id: each.since for id, each in known.open.items() if each.is_seen},
        destinations={text: each.since for text, each in known.destinations.items() if each.is_seen},
        others=len(runs) - len(series) + 1,
    )


def _point(run: Run, *, opened: int) -> Point:
    seen = run.coverage["subscriptions"]
    return Point(
        run=run.run,
        finished_at=run.finished_at,
        is_complete=run.is_complete,
        coverage=run.coverage["subscriptions_read"] / seen if seen else 0.0,
        violations={severity: run.violations.get(severity, 0) for severity in SEVERITIES},
        unknown=run.unknown,
        opened=opened,
        closed=len(run.closed),
        exit_code=run.exit_code,
    )


def _weeks(runs: Sequence[Run]) -> tuple[Week, ...]:
    """Return every week from the first run to the last. The first run of a series opens nothing."""
    opened: Counter[date] = Counter()
    closed: Counter[date] = Counter()
    for number, run in enumerate(runs):
        monday = _monday(run.finished_at)
        opened[monday] += len(run.opened) if number else 0
        closed[monday] += len(run.closed)
    mondays = sorted(opened)
    count = (mondays[-1] - mondays[0]).days // 7 + 1
    every = [mondays[0] + timedelta(weeks=number) for number in range(count)]
    return tuple(Week(monday=each, opened=opened[each], closed=closed[each]) for each in every)


def _monday(moment: datetime) -> date:
    return moment.date() - timedelta(days=moment.weekday())


def _checks(runs: Sequence[Run]) -> tuple[CheckTrend, ...]:
    opened = Counter(each.check for run in runs[1:] for each in run.opened)
    closed = Counter(each.check for run in runs for each in run.closed)
    first, last = runs[0].by_check, runs[-1].by_check
    names = sorted({*first, *last, *opened, *closed})
    made = (
        CheckTrend(
            check=name,
            first=first.get(name, 0),
            last=last.get(name, 0),
            opened=opened[name],
            closed=closed[name],
        )
        for name in names
    )
    return tuple(sorted(made, key=lambda each: (-each.last, each.check)))


def _days_to_fix(runs: Sequence[Run]) -> dict[str, float]:
    since: dict[str, datetime] = {}
    days: dict[str, list[float]] = {}
    for run in runs:
        since |= {each.id: run.finished_at for each in run.opened}
        for each in run.closed:
            began = since.pop(each.id, None)
            if began is not None:
                days.setdefault(each.severity, []).append((run.finished_at - began) / _DAY)
    return {severity: round(median(days[severity]), 1) for severity in SEVERITIES if severity in days}


def _open(runs: Sequence[Run]) -> tuple[Open, ...]:
    known = followed(runs)
    made = (
        Open(violation=known.violations[id], since=each.since, is_seen=each.is_seen)
        for id, each in known.open.items()
    )
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    return tuple(
        sorted(
            made,
            key=lambda each: (
                ranks.get(each.violation.severity, 9),
                each.since.first_seen,
                each.violation.id,
            ),
        )
    )
