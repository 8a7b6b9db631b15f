"""A history of an audit: nine nights, one of them with gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from checks.engine.finding_ids import finding_ids
from reports.audit import Audit
from reports.history import History, Point, Since
from reports.statuses import SEVERITY_ORDER

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def history(audit: Audit, *, nights: int = 9) -> History:
    """Return a history with all findings of the audit and the destination pypi.org."""
    points = tuple(
        Point(
            run=f"run{number}",
            finished_at=FIRST + timedelta(days=number),
            is_complete=number != 4,
            coverage=0.5 if number == 4 else 1.0,
            violations={name: (number * place) % 7 for place, name in enumerate(SEVERITY_ORDER)},
            unknown=number,
            opened=2 if number else 0,
            closed=1 if number else 0,
            exit_code=1,
        )
        for number in range(nights)
    )
    since = Since(first_seen=FIRST, since=FIRST, at_least=True)
    return History(
        points=points,
        since=dict.fromkeys(finding_ids(audit.findings).tolist(), since),
        destinations={"pypi.org": since},
        others=3,
    )
