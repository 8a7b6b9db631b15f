"""Find out before a run whether a single file can be written at its end, such as that of `--result`."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from reports.errors import ReportError
from reports.writing.places import hint


def check_file(option: str, place: Path, *, replaces: bool = False) -> None:
    """Raise ReportError, which names the option, unless the file can be written. Devices and open pipes can.

    If the file `replaces` what is there, it must be a file. Only an attempt proves anything: /proc, a full disk and
    a read-only disk look writable to the superuser.
    """
    try:
        if reason := _refusal(place, replaces=replaces):
            raise ReportError(f"{option} {place}: this is {reason}. Name a file in a folder that exists.")
        if replaces or not place.exists():
            _attempt(place)
        elif place.is_file():
            place.open("r+b").close()
    except OSError as error:
        raise ReportError(f"{option} {place}: {error.strerror or error}. {hint(error)}") from error


def _refusal(place: Path, *, replaces: bool) -> str:
    """Return what is at the place if no file can be written there, or "". Raises OSError."""
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return "" if Path(os.path.realpath(place)).parent.is_dir() else "no place for a file"
    if stat.S_ISDIR(mode):
        return "a folder"
    # A pipe of the shell is below /proc and has a reader. Nobody may ever read a named one.
    if stat.S_ISFIFO(mode) and Path(os.path.realpath(place)).exists():
        return "a named pipe"
    return "no file" if replaces and not stat.S_ISREG(mode) else ""


def _attempt(place: Path) -> None:
    """Create a file with the longest name that is needed, and remove it."""
    target = Path(os.path.realpath(place))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    attempt = target.with_name(f"{target.name}.{os.getpid()}.new") if target.exists() else target
    os.close(os.open(attempt, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    attempt.unlink()
