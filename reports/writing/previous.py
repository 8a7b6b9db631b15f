"""Keep the previous report if the new one read less, so that a bad night does not replace a good report."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from reports.writing.places import LIST_OF_FILES, files_listed

PREVIOUS = "previous"
"""The folder inside a report with the last report that read more."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The coverage of a report: subscriptions and workspaces, and the number of both without a gap."""

    subscriptions: int
    workspaces: int
    complete_workspaces: int

    @property
    def line(self) -> str:
        """The extent as the first line of the list of files."""
        return f"# {json.dumps(asdict(self))}"

    def is_less_than(self, other: Extent) -> bool:
        """Check whether one of the counts is lower."""
        return any(count < asdict(other)[name] for name, count in asdict(self).items())


def extent_of(folder: Path) -> Extent | None:
    """Return the extent of a written report, None if the folder does not show it."""
    try:
        first = (folder / LIST_OF_FILES).read_text("utf-8").partition("\n")[0]
        if first.startswith("# "):
            return Extent(**json.loads(first[2:]))
        workspaces = _rows(folder / "workspaces.csv")
        read = [row for row in _rows(folder / "subscriptions.csv") if row.get("read") == "true"]
    except (OSError, ValueError, TypeError, csv.Error):
        return None
    return Extent(subscriptions=len(read), workspaces=len(workspaces), complete_workspaces=0)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def carry_over(old: Path, new: Path, extent: Extent) -> list[str]:
    """Put the previous report into the new one if it read more. Return the names of its files, or none.

    The previous report is the one that the old report keeps already, or else the old report itself.
    """
    best = old / PREVIOUS if (old / PREVIOUS).is_dir() else old
    before = extent_of(best)
    if before is None or not extent.is_less_than(before):
        return []
    listed = [name for name in (*files_listed(best), LIST_OF_FILES) if (best / name).is_file()]
    for name in listed:
        path = new / PREVIOUS / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _link_or_copy(best / name, path)
    return [f"{PREVIOUS}/{name}" for name in listed]


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
        target.chmod(0o600)
