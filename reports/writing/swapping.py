"""Put a new folder in the place of an old one in one step, and clean up after killed processes.

Linux and macOS exchange two folders atomically, so that a reader always finds a whole report. Elsewhere the old
folder is renamed first, and `current` finds it until the new one is there. A mount point cannot be renamed: its
content is exchanged file by file, and a run that is killed meanwhile is finished by the next one.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from reports.errors import ReportError
from reports.writing.places import hidden, is_no_content, is_written_inside, unwritable

LONGEST_WAIT = 300.0
"""Seconds to wait for another process that writes the same report. A large report takes minutes."""

_EXCHANGE = 2
"""RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS."""

_HERE = -100
"""AT_FDCWD of Linux: a path is relative to the working directory."""


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Lock the folder against other processes. An OSError becomes an UnwritableReportError.

    The operating system holds the lock, so it ends with the process even if that is killed.
    """
    lock = FileLock(hidden(target, "lock"), timeout=LONGEST_WAIT, mode=0o600)
    try:
        with lock:
            try:
                yield
            finally:
                with suppress(OSError):
                    Path(lock.lock_file).unlink()
    except Timeout as error:
        raise ReportError(
            f"Another process is writing the report {target}. Wait for it to end, or name another folder."
        ) from error
    except OSError as error:
        raise unwritable(target, error) from error


def swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`. If this is interrupted, one of the two is there as a whole."""
    if is_written_inside(target):
        _swap_inside(new, target)
    elif not target.exists():
        new.rename(target)
    elif not _exchanged(new, target):
        _swap_by_renaming(new, target)


def _exchanged(new: Path, target: Path) -> bool:
    """Exchange two folders in one step. Return False if the system or the file system cannot do it."""
    one, other = os.fsencode(new), os.fsencode(target)
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(system.renamex_np(one, other, _EXCHANGE) == 0)
        return bool(system.renameat2(_HERE, one, _HERE, other, _EXCHANGE) == 0)
    except (OSError, AttributeError, TypeError):
        return False


def _swap_by_renaming(new: Path, target: Path) -> None:
    aside = new.with_suffix(".old")
    try:
        target.rename(aside)
        new.rename(target)
    except BaseException:
        _put_back(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _swap_inside(new: Path, target: Path) -> None:
    """Exchange the content of a mount point. From the first step on, the exchange is finished in any case."""
    ready = new.rename(new.with_suffix(".ready"))
    try:
        _finish_inside(ready, target)
    except BaseException:
        _finish_inside(ready, target)
        raise


def _finish_inside(ready: Path, target: Path) -> None:
    """Move the old content aside, then the new content into place. Each half can be repeated."""
    aside, leaving = ready.with_suffix(".old"), ready.with_suffix(".leaving")
    if ready.exists():
        aside.mkdir(mode=0o700, exist_ok=True)
        for path in target.iterdir():
            if not is_no_content(path.name):
                path.rename(aside / path.name)
        ready.rename(leaving)
    if leaving.exists():
        for path in leaving.iterdir():
            path.rename(target / path.name)
        leaving.rmdir()
    shutil.rmtree(aside, ignore_errors=True)


def current(target: Path) -> Path:
    """Return the folder that has the report now: the target, or where another process just moved it aside."""
    if target.exists():
        return target
    return next((path for path in leftovers(target) if path.suffix == ".old"), target)


def leftovers(target: Path) -> list[Path]:
    """Return the folders that killed runs left for this report, the newest first."""
    example = hidden(target, "01234567.new")
    name = re.compile(rf"{re.escape(example.name[:-12])}[0-9a-f]{{8}}\.(new|old|ready|leaving)")
    try:
        found = [path for path in example.parent.iterdir() if name.fullmatch(path.name)]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []


def tidy(target: Path) -> None:
    """Finish or undo what a killed process began, and remove its folders. Call it only inside `alone`."""
    found = leftovers(target)
    for path in found:
        if path.suffix in (".ready", ".leaving"):
            _finish_inside(path.with_suffix(".ready"), target)
        elif path.suffix == ".old" and not is_written_inside(target):
            _put_back(path, target)
    for path in found:
        shutil.rmtree(path, ignore_errors=True)


def _put_back(aside: Path, target: Path) -> None:
    if aside.exists() and not target.exists():
        aside.rename(target)
