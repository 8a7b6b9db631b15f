"""Find out where a report can be written, and which hidden files lie beside it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath

from reports.errors import ReportError, UnwritableReportError

LIST_OF_FILES = ".azml-audit-files"
"""Lists the files of the report. A folder with any other file is not replaced."""

_OURS = ".azml-audit."
"""The start of the names of hidden files in a report that is a mount point."""

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "lost+found"})
"""Files that file managers and file systems create."""

_COUNTED = 1000
_MOUNT_POINT = re.compile(r"^\S+ \S+ \S+ \S+ (\S+) ", re.MULTILINE)
_HINTS = {
    errno.ENOSPC: "The disk is full. Free space, or name a folder on another disk.",
    errno.EDQUOT: "Your quota of the disk is used up. Free space, or name a folder on another disk.",
    errno.EMFILE: "Too many files are open. Raise the limit (ulimit -n), or lower --max-concurrency.",
    errno.ENFILE: "Too many files are open on this machine. Close other programs, or raise its limit.",
    errno.ELOOP: "The path is a loop of symbolic links. Name another path.",
    errno.EROFS: "The file system is read-only. Name a folder on another one.",
    errno.EACCES: "You may not write there. Name a folder that you may write to.",
    errno.EPERM: "You may not write there. Name a folder that you may write to.",
    errno.ENAMETOOLONG: "The name is too long. Name a shorter one.",
    errno.ENOTDIR: "A part of the path is a file, not a folder. Name another path.",
    errno.EEXIST: "A part of the path is a file, not a folder. Name another path.",
    errno.ENOENT: "No folder can be created there. Name another path.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EBUSY: "Another program or a mount uses it. Name a folder inside it, or another one.",
}


def hint(error: OSError) -> str:
    """Return what to do about an error of the file system."""
    return _HINTS.get(error.errno or 0, "Name a folder that you may write to.")


def unwritable(target: Path, error: OSError) -> UnwritableReportError:
    """Return the error of the file system as one about the report."""
    reason = error.strerror or str(error)
    return UnwritableReportError(f"The report could not be written to {target}: {reason}. {hint(error)}")


def resolved(place: Path, what: str = "report") -> Path:
    """Return the path without links. Raises ReportError for a path that nothing can have, such as a loop of links."""
    target = Path(os.path.realpath(place))
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(target)
        if any(each.is_symlink() for each in (target, *target.parents)):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except OSError as error:
        raise ReportError(
            f"The {what} cannot be written to {place}: {error.strerror}. {hint(error)}"
        ) from error
    return target


def is_written_inside(target: Path) -> bool:
    """Check whether new files go into the folder, because nothing can be put in its place.

    The folder is a mount point, such as the volume of a container, or its parent cannot be written to.
    """
    if not target.is_dir():
        return False
    return (
        target.is_mount() or str(target) in _mount_points() or not os.access(target.parent, os.W_OK | os.X_OK)
    )


def _mount_points() -> set[str]:
    """Return the mount points by Linux. `Path.is_mount` does not see a bind mount of the same disk."""
    try:
        text = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return set()
    escaped = re.compile(r"\\([0-7]{3})")
    return {escaped.sub(lambda found: chr(int(found[1], 8)), path) for path in _MOUNT_POINT.findall(text)}


def hidden(target: Path, ending: str) -> Path:
    """Return the path of a hidden file for a report: beside it, or inside a mount point."""
    if is_written_inside(target):
        return target / f"{_OURS}{ending}"
    return target.with_name(f".{target.name}.{ending}")


def make_private_folder(folder: Path) -> None:
    """Create the folder and its missing parents for their owner only (mode 0700)."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700)


def check_writable(folder: Path) -> None:
    """Raise ReportError unless new files can be written for a report there. Missing parents are created.

    Only an attempt proves it: /proc, a full disk and a read-only disk look writable to the superuser.
    """
    attempt = hidden(folder, f"{secrets.token_hex(4)}.new")
    try:
        make_private_folder(attempt)
        (attempt / LIST_OF_FILES).write_bytes(b"\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(f"The report cannot be written to {folder}: {reason}. {hint(error)}") from error
    finally:
        shutil.rmtree(attempt, ignore_errors=True)


def check_holds_a_report(folder: Path) -> None:
    """Raise ReportError if there is a file at the path, or a folder with files that are not of a report."""
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder} is a file; name a folder for the report.")
    if not folder.exists():
        return
    known = {*files_listed(folder), LIST_OF_FILES}
    found = sorted(islice((name for name in _contents(folder) if name not in known), _COUNTED))
    if found:
        count = (
            f"{len(found)} such files in total"
            if len(found) < _COUNTED
            else f"{_COUNTED:,} such files or more"
        )
        raise ReportError(
            f"{folder} holds {found[0]!r}, which azml-audit did not write ({count}), so the folder is not "
            "replaced. Name an empty or new folder, or move these files away."
        )


def files_listed(folder: Path) -> list[str]:
    """Return the names of the files of a report; none if the folder is not a report."""
    path = folder / LIST_OF_FILES
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [line for line in lines if not line.startswith("#")]


def _contents(folder: Path) -> Iterator[str]:
    """Yield the names of the files and links below the folder, without what `hidden` names."""
    for root, folders, files in os.walk(folder, onerror=_refuse):
        here = Path(root)
        is_top = here == folder
        folders[:] = [name for name in folders if not (is_top and is_no_content(name))]
        links = [name for name in folders if (here / name).is_symlink()]
        for name in (*files, *links):
            path = (here / name).relative_to(folder).as_posix()
            if not is_no_content(PurePosixPath(path).name):
                yield path


def is_no_content(name: str) -> bool:
    """Check whether a file of this name belongs to no report: litter, or a file that `hidden` named."""
    return name in _LITTER or name.startswith(_OURS)


def _refuse(error: OSError) -> None:
    raise ReportError(f"{error.filename} cannot be read: {error.strerror}. Name another folder.") from error
