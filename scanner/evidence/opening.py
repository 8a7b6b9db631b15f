"""Open a bundle, a folder or zip file, without trusting it."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from scanner.errors import EvidenceError
from scanner.evidence.manifest import MANIFEST, MAX_FILES, check_name
from scanner.evidence.zip_layout import check_layout

MAX_FILE = 32 * 1024**3
MAX_TOTAL = 64 * 1024**3
MAX_IN_MEMORY = 2 * 1024**3
MAX_RATIO = 1_000
"""Bytes that one byte of a zip file may become. Our largest files reach about a hundred."""

_RATIO_COUNTS_FROM = 1024**2
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Bundle(Protocol):
    """The files of a bundle."""

    @property
    def path(self) -> Path:
        """The path of the bundle."""

    def names(self) -> list[str]:
        """Return the names of all files, sorted, listed or not."""

    def open(self, name: str) -> IO[bytes]:
        """Open the file of that name at its start."""


def content(bundle: Bundle, name: str, most: int = MAX_IN_MEMORY) -> bytes:
    """Return one whole file. Raises EvidenceError if it is missing or has more than `most` bytes."""
    if name not in bundle.names():
        raise EvidenceError(f"{bundle.path}: {name} is missing.")
    with reading(bundle, name) as file:
        read = file.read(most + 1)
    if len(read) > most:
        raise EvidenceError(f"{bundle.path}: {name} is refused: it is larger than {most:,} bytes.")
    return read


@contextmanager
def reading(bundle: Bundle, name: str) -> Iterator[IO[bytes]]:
    """Open a file. Raises EvidenceError with its name if a zip entry cannot be unpacked."""
    try:
        with bundle.open(name) as file:
            yield file
    except (OSError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise EvidenceError(f"{bundle.path}: {name} is altered: it cannot be read ({error}).") from error


def is_bundle(path: Path) -> bool:
    """Return whether the path is a folder with a manifest, or any zip file."""
    return (path / MANIFEST).is_file() or (path.is_file() and zipfile.is_zipfile(path))


def opened(path: Path) -> Bundle:
    """Return the bundle at the path. Raises EvidenceError if a file name, type or size is refused."""
    if path.is_dir():
        return _folder(path)
    if path.is_file() and zipfile.is_zipfile(path):
        return _archive(path)
    raise EvidenceError(f"{path} is not an evidence bundle: neither a folder nor a zip file.")


@dataclass(frozen=True)
class _Folder:
    path: Path
    _names: tuple[str, ...] = field(repr=False)

    def names(self) -> list[str]:
        return list(self._names)

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")


def _folder(path: Path) -> _Folder:
    names, folders = list[str](), set[str]()
    for found in path.rglob("*"):
        name = found.relative_to(path).as_posix()
        mode = found.lstat().st_mode
        if stat.S_ISDIR(mode):
            folders.add(name)
            _count(path, len(folders))
            continue
        if not stat.S_ISREG(mode):
            raise EvidenceError(f"{path}: {name} is refused: it is no plain file but a link or a device.")
        if found.stat().st_size > MAX_FILE:
            raise EvidenceError(f"{path}: {name} is refused: it is larger than {MAX_FILE:,} bytes.")
        check_name(name, path)
        names.append(name)
        _count(path, len(names))
    used = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    if empty := sorted(folders - used):
        raise EvidenceError(f"{path}: the folder {empty[0]} is refused: no file of the bundle is in it.")
    return _Folder(path, tuple(sorted(names)))


@dataclass(frozen=True)
class _Archive:
    path: Path
    _zip: zipfile.ZipFile = field(repr=False)

    def names(self) -> list[str]:
        return sorted(self._zip.namelist())

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)


def _archive(path: Path) -> _Archive:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise EvidenceError(f"{path} is altered: it is no whole zip file ({error}).") from error
    entries = archive.infolist()
    _count(path, len(entries))
    seen: set[str] = set()
    for entry in entries:
        _check_entry(path, entry)
        if entry.filename.lower() in seen:
            raise EvidenceError(f"{path}: {entry.filename} is refused: the zip file has it twice.")
        seen.add(entry.filename.lower())
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL:
        raise EvidenceError(f"{path} is refused: unpacked it would have {total:,} bytes.")
    check_layout(path, archive)
    return _Archive(path, archive)


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    """Raise EvidenceError for an entry that azml-audit would not write."""
    check_name(entry.orig_filename, path)
    check_name(entry.filename, path)
    mode = entry.external_attr >> 16
    reasons: dict[str, Any] = {
        "it is a link or a device": mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode),
        "it is encrypted": entry.flag_bits & 0x1,
        "its compression is none of ours": entry.compress_type not in _COMPRESSIONS,
        f"it is larger than {MAX_FILE:,} bytes": entry.file_size > MAX_FILE,
        f"it unpacks to more than {MAX_RATIO} times its size": (
            entry.file_size > _RATIO_COUNTS_FROM and entry.file_size > MAX_RATIO * entry.compress_size
        ),
    }
    for reason, holds in reasons.items():
        if holds:
            raise EvidenceError(f"{path}: {entry.filename} is refused: {reason}.")


def _count(path: Path, files: int) -> None:
    if files > MAX_FILES:
        raise EvidenceError(f"{path} is refused: it has more than {MAX_FILES:,} files.")
