"""The pages beside the report, of a few rows: a drift and a history, with any names."""

from __future__ import annotations

from checks.drift.comparison import drift
from reports.page import drift_page
from scanner.history.command import page
from scanner.history.trend import trend
from tests.support.archived_runs import NONE, OPEN, archived, draft
from tests.support.audits.audits import written
from tests.support.drift_snapshots import finding, snapshot, workspace


def small_drift(name: str = "w") -> bytes:
    """Return the page of a workspace of this name that regressed."""
    old = snapshot(workspaces=[{**workspace(), "workspace": name}], findings=[finding("pass")])
    new = snapshot(workspaces=[{**workspace(), "workspace": name}], findings=[finding("fail")])
    return written(drift_page.files(drift(old, new), "0.1.0"))["drift.html"]


def small_history(name: str = "a") -> bytes:
    """Return the page of three runs, one of them with a gap, in which a resource of this name is open."""
    nights = [draft(0, {name: OPEN}), draft(1, {name: NONE, "b": OPEN}, gaps=1), draft(2, {name: OPEN})]
    return page([trend(archived(nights))]).encode()
