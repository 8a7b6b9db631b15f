"""Verify an archive: the chain of root digests, the digest of every file, and files that no line has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ValidationError

from scanner.archive.index import Run, broken_lines, runs_in
from scanner.archive.stores import INDEX, POINTER, ArchiveStore
from scanner.errors import EvidenceError
from scanner.evidence.replaying import sealed

_BUNDLE = "evidence.zip"
_LAST_FILE = "result.json"


@dataclass(frozen=True, kw_only=True)
class Examined:
    """Problems are false or missing. Notes have an honest cause, such as a run that was cut off before its line."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


class _Pointer(BaseModel):
    run: str
    root: str


def examined(store: ArchiveStore, expected: str = "") -> Examined:
    """Return what is wrong with the archive. Reads every file of every run.

    `expected` is the root digest of a run that the archive had, from outside of it.
    """
    content = store.index().content
    runs = runs_in(content, store.name)
    pointer = store.read(POINTER)
    problems = [*_chain(runs), *_pointer(pointer, runs), *_expected(expected, runs)]
    for run in runs:
        problems += _files(store, run)
        problems += _root(store, run)
    broken = [
        f"Line {number} of {INDEX} is cut off or was written by something else."
        for number in broken_lines(content)
    ]
    notes = (*broken, *_late_pointer(pointer, runs), *_without_line(store, runs))
    return Examined(problems=tuple(problems), notes=notes)


def _chain(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the lines that do not name the root of the line before."""
    if runs and runs[0].previous_root is not None:
        yield f"{runs[0].run} names a run before it, which is gone from the index."
    for before, run in pairwise(runs):
        if run.previous_root != before.root:
            yield f"{run.run} does not follow {before.run}: a run between them was removed, replaced or moved."
        if run.finished_at < before.started_at:
            yield f"{run.run} is older than {before.run}, which is before it in the index."
    names = [run.run for run in runs]
    yield from (
        f"{name} is in the index more than once." for name in sorted({n for n in names if names.count(n) > 1})
    )


def _pointer(content: bytes | None, runs: Sequence[Run]) -> Iterator[str]:
    """Yield why the pointer is false. It is written after the line, so an index without its run lost a line."""
    if content is None:
        return
    pointer = _parsed(content)
    if pointer is None:
        yield f"{POINTER} is no pointer."
    elif pointer.root not in {run.root for run in runs if run.run == pointer.run}:
        yield (
            f"{POINTER} names {pointer.run} with the root digest {pointer.root}, which is gone from the index: the run "
            "was removed together with its line."
        )


def _late_pointer(content: bytes | None, runs: Sequence[Run]) -> Iterator[str]:
    """Yield why the pointer cannot confirm the last run."""
    pointer = _parsed(content) if content is not None else None
    if content is None and runs:
        yield (
            f"There is no {POINTER}. An immutability policy refuses it; otherwise it was removed. So nothing in the "
            "archive confirms which run is the last one."
        )
    later = [run.run for run in runs[:-1] if pointer is not None and run.run == pointer.run]
    if later:
        yield (
            f"{POINTER} names {later[0]}, and {runs[-1].run} is the last run: the pointer was not written, or two "
            "writers finished at the same time."
        )


def _parsed(content: bytes) -> _Pointer | None:
    try:
        return _Pointer.model_validate_json(content)
    except ValidationError:
        return None


def _expected(root: str, runs: Sequence[Run]) -> Iterator[str]:
    if root and not any(run.root.startswith(root) for run in runs):
        yield f"No run has the expected root digest {root}: the run was removed together with its line."


def _files(store: ArchiveStore, run: Run) -> Iterator[str]:
    """Yield the files of a run that are missing or altered."""
    for name, digest in sorted(run.files.items()):
        content = store.read(f"{run.run}/{name}")
        if content is None:
            yield f"{run.run}/{name} is missing."
        elif sha256(content).hexdigest() != digest:
            yield f"{run.run}/{name} is not the file that the index lists."


def _root(store: ArchiveStore, run: Run) -> Iterator[str]:
    """Yield a bundle whose root digest or previous root is not that of its line."""
    content = store.read(f"{run.run}/{_BUNDLE}")
    if content is None:
        return
    with TemporaryDirectory(prefix="azml-audit-") as folder:
        path = Path(folder) / _BUNDLE
        path.write_bytes(content)
        try:
            found = sealed(path)
        except EvidenceError as error:
            yield f"{run.run}/{_BUNDLE}: {error}"
            return
    if found.root != run.root:
        yield f"{run.run}/{_BUNDLE} has the root digest {found.root}, and the index lists {run.root}."


def _without_line(store: ArchiveStore, runs: Sequence[Run]) -> Iterator[str]:
    """Yield the folders of runs that the index does not have. `result.json` is the last file of a run."""
    listed = {run.run for run in runs}
    names = store.names("")
    folders = {"/".join(name.split("/")[:4]) for name in names if name.count("/") > 3}
    for folder in sorted(folders - listed):
        if folder[:4].isdigit() and f"{folder}/{_LAST_FILE}" in names:
            yield (
                f"{folder} has all files of a run and no line in the index: its line was removed, or the run was cut "
                "off just before it."
            )
        elif folder[:4].isdigit():
            yield f"{folder} has files and no line in the index: the run was cut off, or its line was removed."
