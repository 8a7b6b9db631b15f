"""Write the files of a report into a folder. A run that fails leaves the older report as it was."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO

from reports.errors import ReportError
from reports.writing.encoding import Files
from reports.writing.places import (
    LIST_OF_FILES,
    check_holds_a_report,
    check_writable,
    hidden,
    make_private_folder,
    resolved,
    unwritable,
)
from reports.writing.previous import Extent, carry_over
from reports.writing.swapping import alone, leftovers, swap, tidy


def check_replaceable(folder: Path) -> None:
    """Raise ReportError unless a report can be written there: into a new or empty folder, or over a report.

    Commands call it before a scan, which can take an hour. A report that a killed run moved aside is put
    back first.
    """
    target = resolved(folder)
    check_writable(target)
    if leftovers(target):
        with alone(target):
            tidy(target)
    check_holds_a_report(target)


def replace(
    folder: Path, files: Files, *, extent: Extent | None = None, then: Callable[[], None] = lambda: None
) -> Path:
    """Put exactly these files in `folder` and return it, resolved.

    The files are written to a hidden folder, which then takes the place of `folder`. If anything fails,
    also while a chunk is made, the old folder stays and the hidden one is removed; after a killed process the
    next run does this. Missing parents are created. `then` is the rest of the last step: it is called when
    the files are in place.

    If the report has an `extent` and the old report read more, the old one stays as the folder `previous`.

    A report lists weaknesses, so only its owner may read it: files have mode 0600 and folders 0700,
    whatever the umask. Raises ReportError if the folder holds other files or the file system refuses.
    """
    target = resolved(folder)
    check_holds_a_report(target)
    _make_parent(target)
    with alone(target):
        tidy(target)
        check_holds_a_report(target)
        new = hidden(target, f"{secrets.token_hex(4)}.new")
        try:
            _fill(new, files)
            kept = carry_over(target, new, extent) if extent else []
            _list(new, [*files, *kept], extent)
            swap(new, target)
            then()
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return target


def _make_parent(target: Path) -> None:
    try:
        make_private_folder(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error


def _fill(folder: Path, files: Files) -> None:
    make_private_folder(folder)
    for name, chunks in files.items():
        path = folder / _safe(name)
        make_private_folder(path.parent)
        with open(path, "xb", opener=_private) as file:
            _write(file, chunks)


def _list(folder: Path, names: Iterable[str], extent: Extent | None) -> None:
    lines = [*([extent.line] if extent else []), *sorted(names)]
    with open(folder / LIST_OF_FILES, "xb", opener=_private) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def _write(file: IO[bytes], chunks: Iterable[bytes]) -> None:
    """Write each chunk in a thread while the next one is made."""
    with ThreadPoolExecutor(1) as writer:
        written: Future[int] | None = None
        for chunk in chunks:
            if written:
                written.result()
            written = writer.submit(file.write, chunk)
        if written:
            written.result()


def _private(path: str, flags: int) -> int:
    """Open a file for its owner only (mode 0600)."""
    return os.open(path, flags, mode=0o600)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\n" in name or "\\" in name or not path.parts:
        raise ReportError(f"A renderer named a file {name!r}, which is not inside the report's folder.")
    return path
