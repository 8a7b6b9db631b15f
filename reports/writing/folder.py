"""Write the files of a report into a folder. A run that fails leaves the older report as it was."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO

from reports.errors import ReportError
from reports.writing.encoding import Files
from reports.writing.swapping import alone, leftovers, swap, tidy, unwritable

LIST_OF_FILES = ".azml-audit-files"
"""Lists the files of the report. A folder with any other file is not replaced."""

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that file managers create."""


def check_replaceable(folder: Path) -> None:
    """Raise ReportError unless `folder` is absent, empty, or holds a report and nothing else.

    Commands call it before a scan, which can take an hour. A report that a killed run moved aside is put
    back first.
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
            f"{folder} holds {strangers[0]!r}, which azml-audit did not write ({len(strangers)} such files "
            "in total), so the folder is not replaced. Name an empty or new folder, or move these files away."
        )


def replace(folder: Path, files: Files) -> Path:
    """Put exactly these files in `folder` and return it, resolved.

    The files are written to a sibling folder, which then takes the place of `folder`. If anything fails,
    also while a chunk is made, the old folder stays and the sibling is removed; after a killed process the
    next run does this. Missing parents are created.

    A report lists weaknesses, so only its owner may read it: files have mode 0600 and folders 0700,
    whatever the umask. Raises ReportError if the folder holds other files or the file system refuses.
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
    """Write each chunk in a thread while the next one is made."""
    with ThreadPoolExecutor(1) as writer:
        written: Future[int] | None = None
        for chunk in chunks:
            if written:
                written.result()
            written = writer.submit(file.write, chunk)
        if written:
            written.result()


def make_private_folder(folder: Path) -> None:
    """Create the folder and its missing parents for their owner only (mode 0700)."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700)


def _private(path: str, flags: int) -> int:
    """Open a file for its owner only (mode 0600)."""
    return os.open(path, flags, mode=0o600)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\n" in name or "\\" in name or not path.parts:
        raise ReportError(f"A renderer named a file {name!r}, which is not inside the report's folder.")
    return path


def _contents(folder: Path) -> set[str]:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not _is_folder(path)}
    return {name for name in files if PurePosixPath(name).name not in _LITTER}


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _files_listed(folder: Path) -> set[str]:
    path = folder / LIST_OF_FILES
    return set(path.read_text("utf-8").splitlines()) if path.is_file() else set()
