"""The chart of a trend: an inline SVG made here, readable in print, without script and by a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.history import Point
from reports.statuses import SEVERITY_ORDER

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 220, 44, 24


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One run in the chart: its place, its number of violations and what a reader hears."""

    x: float
    y: float
    text: str
    is_complete: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """The line of one severity: complete runs are joined, incomplete ones are rings beside it."""

    severity: str
    points: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The chart of one series."""

    lines: tuple[Line, ...]
    most: int
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    floor: int = _HEIGHT - _BOTTOM


def chart(points: Sequence[Point]) -> Chart:
    """Return the chart of the violations of each severity over time."""
    most = max((point.violations[severity] for point in points for severity in SEVERITY_ORDER), default=0)
    lines = tuple(_line(severity, points, max(most, 1)) for severity in SEVERITY_ORDER)
    return Chart(lines=tuple(line for line in lines if line.marks), most=most)


def _line(severity: str, points: Sequence[Point], most: int) -> Line:
    marks = tuple(
        Mark(
            x=round(_x(point, points), 1),
            y=round((_HEIGHT - _BOTTOM) - point.violations[severity] / most * (_HEIGHT - _BOTTOM - 12), 1),
            text=f"{point.finished_at:%Y-%m-%d}: {point.violations[severity]:,} {severity}",
            is_complete=point.is_complete,
        )
        for point in points
    )
    joined = " ".join(f"{mark.x},{mark.y}" for mark in marks if mark.is_complete)
    return Line(
        severity=severity, points=joined, marks=marks if any(p.violations[severity] for p in points) else ()
    )


def _x(point: Point, points: Sequence[Point]) -> float:
    """Return the place of a run by its time. A single run is in the middle."""
    first, last = points[0].finished_at, points[-1].finished_at
    span = (last - first).total_seconds()
    share = (point.finished_at - first).total_seconds() / span if span else 0.5
    return _LEFT + 8 + share * (_WIDTH - _LEFT - 20)
