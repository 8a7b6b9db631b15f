"""Find the last complete run of a series in an archive, to compare a new run with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scanner.archive.index import Run
from scanner.archive.stores import ArchiveStore, FolderStore
from scanner.errors import ArchiveError

_NEEDED = "report/"


def is_archive(location: str | Path) -> bool:
    """Return whether the location is an archive and no report or bundle."""
    return "://" in str(location) or FolderStore(Path(location)).read("index.jsonl") is not None


def last_complete(runs: Sequence[Run], *, scope: str, policies: Mapping[str, str]) -> Run | None:
    """Return the last run without a gap of this scope and these policies, else the last one, None if there is none.

    Some tenants have a subscription that nobody may read, so that every run has a gap.
    """
    series = scope, tuple(sorted(policies.values()))
    alike = [run for run in runs if run.series == series]
    candidates = [run for run in alike if run.is_complete] or alike
    return candidates[-1] if candidates else None


def download_report(store: ArchiveStore, run: Run, folder: Path) -> Path:
    """Write the tables of the run's report to a folder and return it. Raises ArchiveError if one is missing."""
    for name in run.files:
        if name.startswith(_NEEDED) and name.endswith((".csv", ".parquet")):
            content = store.read(f"{run.run}/{name}")
            if content is None:
                raise ArchiveError(f"{store.name} has no {run.run}/{name}, which its index lists.")
            (folder / name.removeprefix(_NEEDED)).write_bytes(content)
    return folder
