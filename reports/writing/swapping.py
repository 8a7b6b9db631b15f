"""Swap a new folder into the place of an old one, and clean up after killed processes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from reports.errors import ReportError, UnwritableReportError

LONGEST_WAIT = 300.0
"""Seconds to wait for another process that writes the same report. A large report takes minutes."""


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Lock the folder against other processes. An OSError becomes an UnwritableReportError.

    The operating system holds the lock, so it ends with the process even if that is killed.
    """
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=LONGEST_WAIT, mode=0o600)
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


def unwritable(target: Path, error: OSError) -> UnwritableReportError:
    """Return the error of the file system as one about the report."""
    return UnwritableReportError(
        f"The report could not be written to {target}: {error}. Its parent must be a folder you may "
        "write to, and the report's folder itself must not be a mount point."
    )


def swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`. If this is interrupted, the old `target` is put back."""
    aside = new.with_suffix(".old")
    try:
        if target.exists():
            target.rename(aside)
        new.rename(target)
    except BaseException:
        _put_back(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def leftovers(target: Path) -> list[Path]:
    """Return the folders that killed runs left beside the target, the newest first."""
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.(new|old)")
    if not target.parent.is_dir():
        return []
    found = [path for path in target.parent.iterdir() if name.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def tidy(target: Path) -> None:
    """Put back a folder that a killed process had moved aside, and remove the other leftovers.

    Call it only inside `alone`.
    """
    found = leftovers(target)
    for aside in (path for path in found if path.suffix == ".old"):
        _put_back(aside, target)
    for path in found:
        shutil.rmtree(path, ignore_errors=True)


def _put_back(aside: Path, target: Path) -> None:
    if aside.exists() and not target.exists():
        aside.rename(target)
