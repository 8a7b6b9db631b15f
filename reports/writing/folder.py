"""Writes a report so that a run that fails never damages a good one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO

from reports.audit import Audit
from reports.errors import ReportError
from reports.formats.registry import rendered
from reports.writing.encoding import Files
from reports.writing.swapping import alone, leftovers, swap, tidy, unwritable

LIST_OF_FILES = ".azml-audit-files"
"""Beside the report, the names of its files: a folder holding anything else is not ours to replace."""

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave behind."""


def write(audit: Audit, folder: Path, formats: Iterable[str] = ()) -> Path:
    """Render the audit and put the files in `folder`, all of them or none; returns the folder, resolved.

    No format is `DEFAULT_FORMATS`. Raises ReportError for one there is not and whatever `replace` does.
    """
    return replace(folder, rendered(audit, formats))


def check_replaceable(folder: Path) -> None:
    """Raise ReportError unless `folder` is absent, empty, or a report that holds nothing but its files.

    Worth asking before a scan of an hour. A report that a killed run had moved aside is put back first.
    """
    target = folder.resolve()
    if leftovers(target):
        with alone(target):
            tidy(target)
    _check(target)


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder} is a file; name a folder for the report.")
    if not folder.exists():
        return
    strangers = sorted(_contents(folder) - _files_listed(folder) - {LIST_OF_FILES})
    if strangers:
        raise ReportError(
            f"{folder} holds {strangers[0]!r}, which no report of ours put there ({len(strangers)} such in "
            "all), so it is left alone. Name an empty or new folder, or move these files away."
        )


def replace(folder: Path, files: Files) -> Path:
    """Put exactly these files in `folder`, by way of a sibling that takes its place when all are written.

    Chunks are written as they are made, so whatever making them raises leaves the old folder alone, too.

    A report tells where a company is open, so it is its owner's alone: files have mode 0600 and folders 0700,
    whatever the umask and whatever the old folder's mode. Missing parents are made. Where anything fails the
    old folder is as it was and the sibling is gone; where the process is killed, the next run sees to that.
    Raises ReportError where the folder is not ours to replace, or the file system refuses.
    """
    target = folder.resolve()
    _check(target)
    _make_parent(target)
    with alone(target):
        tidy(target)
        _check(target)
        sibling = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
        try:
            _fill(sibling, files)
            swap(sibling, target)
        finally:
            shutil.rmtree(sibling, ignore_errors=True)
    return target


def _make_parent(target: Path) -> None:
    try:
        make_private_folder(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error


def _fill(folder: Path, files: Files) -> None:
    make_private_folder(folder)
    listed = "".join(f"{name}\n" for name in sorted(files))
    for name, chunks in {**files, LIST_OF_FILES: [listed.encode()]}.items():
        path = folder / _safe(name)
        make_private_folder(path.parent)
        with open(path, "xb", opener=_private) as file:
            _write(file, chunks)


def _write(file: IO[bytes], chunks: Iterable[bytes]) -> None:
    """Write each chunk while the next is made: one is the disk's work, the other the processor's."""
    with ThreadPoolExecutor(1) as writer:
        written: Future[int] | None = None
        for chunk in chunks:
            if written:
                written.result()
            written = writer.submit(file.write, chunk)
        if written:
            written.result()


def make_private_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing, for their owner alone (mode 0700)."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700)


def _private(path: str, flags: int) -> int:
    """Open as the built-in does, for the owner alone (mode 0600)."""
    return os.open(path, flags, mode=0o600)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\n" in name or "\\" in name or not path.parts:
        raise ReportError(
            f"A renderer named a file {name!r}, which does not stay inside the report's folder."
        )
    return path


def _contents(folder: Path) -> set[str]:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not _is_folder(path)}
    return {name for name in files if PurePosixPath(name).name not in _LITTER}


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _files_listed(folder: Path) -> set[str]:
    path = folder / LIST_OF_FILES
    return set(path.read_text("utf-8").splitlines()) if path.is_file() else set()
