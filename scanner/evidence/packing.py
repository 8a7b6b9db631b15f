"""Puts a finished folder in its place, as a folder or as a zip file in which no byte can change unnoticed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from reports.errors import UnwritableReportError
from reports.writing.places import hint, make_private_folder, resolved
from scanner.errors import EvidenceError, UsageError

CHUNK = 1024 * 1024
_SEAL = b"azml-audit evidence, SHA-256 of all before this comment: "
_SEAL_LENGTH = len(_SEAL) + 64
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_STAGE = ".azml-audit-evidence."
_STAGES = re.compile(re.escape(_STAGE) + "[0-9a-f]{8}")


def check_absent(target: Path) -> None:
    """Raise UsageError if there is something at the target, because evidence is never overwritten."""
    if os.path.lexists(target):
        raise UsageError(f"{target} exists, and evidence is never overwritten; name another --evidence.")


def check_writable(target: Path, report: Path | None = None) -> None:
    """Raise UsageError if evidence cannot be written to the target. Commands call it before a scan.

    Every run replaces the report's folder, so evidence must lie outside it. The check removes the hidden files
    that killed scans left beside the target.
    """
    check_absent(target)
    here = resolved(target, "evidence")
    other = resolved(report) if report is not None else None
    if other is not None and (here.is_relative_to(other) or other.is_relative_to(here)):
        raise UsageError(
            f"--evidence {target} and --output {report} lie in one another; every run replaces its report, "
            "and nothing may be added to evidence. Name another --evidence."
        )
    try:
        with staged(target):
            tidy(here.parent)
    except UnwritableReportError as error:
        raise UsageError(f"--evidence {target}: {error}") from error


def is_zip_name(target: Path) -> bool:
    """Return whether the bundle is to be a zip file, by its name."""
    return target.suffix.lower() == ".zip"


class Staged:
    """A bundle in a hidden folder beside its target. `folder` is filled first, then `publish` puts it there."""

    def __init__(self, target: Path, around: Path) -> None:
        """Stage inside the hidden folder `around`."""
        self.target = target
        self.folder = around / "bundle"
        self._packed = around / "bundle.zip"

    def pack(self) -> None:
        """Pack the folder if the target is a zip file. Raises UsageError if the target exists by now."""
        check_absent(self.target)
        if is_zip_name(self.target):
            pack(self.folder, self._packed)

    def publish(self) -> None:
        """Move the bundle to its target."""
        with refusing(self.target):
            check_absent(self.target)
            (self._packed if is_zip_name(self.target) else self.folder).rename(self.target)

    def replace(self) -> None:
        """Put the bundle in the place of the one that is there, in the same form."""
        with refusing(self.target):
            if self.target.is_file():
                pack(self.folder, self._packed)
                self._packed.replace(self.target)
                return
            old = self.folder.with_name("old")
            self.target.rename(old)
            try:
                self.folder.rename(self.target)
            except OSError:
                old.rename(self.target)
                raise


@contextmanager
def staged(target: Path) -> Iterator[Staged]:
    """Make a hidden folder for a bundle, for its owner only, and remove it afterwards.

    Its lock shows other processes that it is in use. Raises UnwritableReportError if the file system refuses.
    """
    target = Path(os.path.realpath(target))
    around = target.with_name(f"{_STAGE}{secrets.token_hex(4)}")
    lock = FileLock(around / "lock", mode=0o600)
    try:
        with refusing(target):
            make_private_folder(around / "bundle")
            lock.acquire()
        yield Staged(target, around)
    finally:
        lock.release()
        shutil.rmtree(around, ignore_errors=True)


@contextmanager
def refusing(target: Path) -> Iterator[None]:
    """Raise UnwritableReportError for an OSError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnwritableReportError(
            f"The evidence could not be written to {target}: {reason}. {hint(error)}"
        ) from error


def tidy(folder: Path) -> None:
    """Remove the stages in a folder that killed processes left. The stage of a running one is locked."""
    for around in folder.glob(f"{_STAGE}*"):
        if not _STAGES.fullmatch(around.name) or not (around / "lock").exists():
            continue
        lock = FileLock(around / "lock", timeout=0)
        with suppress(Timeout, OSError), lock:
            shutil.rmtree(around, ignore_errors=True)


@contextmanager
def writing(folder: Path, name: str) -> Iterator[IO[bytes]]:
    """A new file of the folder, for its owner alone."""
    path = folder / name
    make_private_folder(path.parent)
    with open(path, "xb", opener=_private) as file:
        yield file


def pack(folder: Path, target: Path) -> None:
    """Write the folder as a zip file: entries sorted, times and modes fixed, a digest of all at its end."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    with (
        open(target, "xb", opener=_private) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        for name in names:
            _add(archive, name, folder / name)
        archive.comment = _SEAL + b"0" * 64
    _seal(target)


def check_seal(archive: Path) -> None:
    """Raise EvidenceError if a byte of the zip file changed since it was packed."""
    size = archive.stat().st_size
    with archive.open("rb") as file:
        digest = _digest(file, size - _SEAL_LENGTH)
        seal = file.read(_SEAL_LENGTH + 1)
    if seal != _SEAL + digest.encode():
        known = "its bytes are not those that were sealed" if seal.startswith(_SEAL) else "its seal is gone"
        raise EvidenceError(
            f"{archive.name} is altered: {known}. If another tool packed it anew, unpack it and verify "
            "the folder."
        )


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = 0o100600 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    # Without a size beforehand Python decides nothing itself: near the limit its versions before 3.11.4 write a header
    # that is neither ZIP64 nor not.
    is_large = path.stat().st_size > zipfile.ZIP64_LIMIT
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=is_large) as packed:
        shutil.copyfileobj(source, packed, CHUNK)


def _seal(archive: Path) -> None:
    size = archive.stat().st_size
    with archive.open("r+b") as file:
        digest = _digest(file, size - _SEAL_LENGTH)
        file.seek(size - 64)
        file.write(digest.encode())


def _digest(file: IO[bytes], length: int) -> str:
    """Return the SHA-256 of the first `length` bytes, and leave the file at their end."""
    hasher = sha256()
    file.seek(0)
    while length > 0 and (chunk := file.read(min(CHUNK, length))):
        hasher.update(chunk)
        length -= len(chunk)
    return hasher.hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
