"""Puts a finished folder in its place, as a folder or as a zip file in which no byte can change unnoticed."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from reports.errors import UnwritableReportError
from reports.writing.places import make_private_folder
from scanner.errors import EvidenceError, UsageError

CHUNK = 1024 * 1024
_SEAL = b"azml-audit evidence, SHA-256 of all before this comment: "
_SEAL_LENGTH = len(_SEAL) + 64
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def check_writable(target: Path, report: Path | None = None) -> None:
    """Raise UsageError where evidence cannot be put at the target. Worth asking before a scan of an hour.

    It is never overwritten, and it lies apart from the report's folder, which every run replaces.
    """
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists, and evidence is never overwritten; name another --evidence.")
    here = target.resolve()
    if report is not None and (
        here.is_relative_to(report.resolve()) or report.resolve().is_relative_to(here)
    ):
        raise UsageError(
            f"--evidence {target} and --output {report} lie in one another; every run replaces its report, "
            "and nothing may be added to evidence. Name another --evidence."
        )
    parent = next(each for each in here.parents if each.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise UsageError(f"--evidence {target}: {parent} is no folder you may write to.")


def is_zip_name(target: Path) -> bool:
    """Whether the bundle is to be a zip file, by its name."""
    return target.suffix.lower() == ".zip"


@contextmanager
def made(target: Path) -> Iterator[Path]:
    """A folder to fill, for its owner alone; when all went well it is put at the target, else removed.

    Raises UnwritableReportError where the file system refuses.
    """
    target = target.resolve()
    folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    packed = folder.with_suffix(".zip")
    try:
        make_private_folder(folder)
        yield folder
        check_writable(target)
        if is_zip_name(target):
            pack(folder, packed)
            packed.rename(target)
        else:
            folder.rename(target)
    except OSError as error:
        raise UnwritableReportError(f"The evidence could not be written to {target}: {error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        packed.unlink(missing_ok=True)


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
            f"{archive.name} is altered: {known}. Where another tool packed it anew, unpack it and verify "
            "the folder."
        )


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = 0o100600 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as packed:
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
