"""Report that a previous report is kept because it read more."""

from __future__ import annotations

from pathlib import Path

from checks.counting import counted
from reports.writing.previous import PREVIOUS, Extent, extent_of


def previous_note(folder: Path) -> list[str]:
    """Return a line about the previous report if `folder` keeps one, because it read more."""
    now, before = extent_of(folder), extent_of(folder / PREVIOUS)
    if now is None or before is None:
        return []
    return [
        f"This audit read less than the one before: {_covered(now)}; before: {_covered(before)}. "
        f"The report of the one before is kept in {folder / PREVIOUS}."
    ]


def _covered(extent: Extent) -> str:
    return (
        f"{counted(extent.subscriptions, 'subscription')} and {counted(extent.workspaces, 'workspace')}, "
        f"{extent.complete_workspaces:,} of them without a gap"
    )
