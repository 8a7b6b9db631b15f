"""The places of an archive: what every place can do, and a folder.

A place creates files and appends to one index. It never overwrites a file and never deletes one. The only file that
changes is the pointer `latest/run.json`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from reports.writing.places import make_private_folder
from scanner.errors import ArchiveError

INDEX = "index.jsonl"
POINTER = "latest/run.json"


class ChangedMeanwhileError(Exception):
    """Another writer appended to the index since it was read."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """The content of the index and its ETag. "" is the ETag of an index that does not exist."""

    content: bytes = b""
    etag: str = ""


class ArchiveStore(Protocol):
    """A place for an archive. Every method raises ArchiveError if the place refuses."""

    @property
    def name(self) -> str:
        """The location in words, without a secret."""

    def create(self, path: str, content: bytes) -> None:
        """Write a new file. Raises ArchiveError if it exists."""

    def read(self, path: str) -> bytes | None:
        """Return a file, None if it does not exist."""

    def names(self, prefix: str) -> list[str]:
        """Return the paths of the files below a folder, sorted."""

    def index(self) -> Version:
        """Return the index."""

    def append(self, line: bytes, etag: str) -> None:
        """Append a line to the index of that ETag. Raises ChangedMeanwhileError if it has another one now."""

    def point(self, content: bytes) -> None:
        """Write the pointer to the latest run."""


class FolderStore:
    """An archive in a folder. Files are their owner's alone, as those of a report are."""

    def __init__(self, folder: Path) -> None:
        """Use the folder; it is created with its first file."""
        self._folder = folder

    @property
    def name(self) -> str:
        """The path."""
        return str(self._folder)

    def check(self) -> None:
        """Raise ArchiveError unless files can be created. Only an attempt proves it, as in /proc or on a full disk."""
        name = f".{secrets.token_hex(4)}.new"
        self._make_folder(self._folder, name)
        with self._refusals(name):
            (self._folder / name).touch()
            (self._folder / name).unlink()

    def create(self, path: str, content: bytes) -> None:
        """Write a new file."""
        target = self._folder / path
        self._make_folder(target.parent, path)
        with self._refusals(path), open(target, "xb", opener=_owners_alone) as file:
            file.write(content)
            os.fsync(file.fileno())

    def read(self, path: str) -> bytes | None:
        """Return a file, None if it does not exist."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArchiveError(f"Could not read {path} in {self.name}: {error.strerror}.") from error

    def names(self, prefix: str) -> list[str]:
        """Return the paths below a folder, sorted."""
        below = (self._folder / prefix).rglob("*")
        return sorted(path.relative_to(self._folder).as_posix() for path in below if path.is_file())

    def index(self) -> Version:
        """Return the index; its ETag is its digest."""
        content = self.read(INDEX)
        return Version() if content is None else Version(content=content, etag=sha256(content).hexdigest())

    def append(self, line: bytes, etag: str) -> None:
        """Append a line under a lock. A line that a killed writer cut off is ended first."""
        self._make_folder(self._folder, INDEX)
        with self._refusals(INDEX), FileLock(self._folder / f".{INDEX}.lock", mode=0o600):
            if self.index().etag != etag:
                raise ChangedMeanwhileError
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(os.open(self._folder / INDEX, flags, 0o600), "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())

    def point(self, content: bytes) -> None:
        """Put the pointer in place in one step."""
        target = self._folder / POINTER
        self._make_folder(target.parent, POINTER)
        with self._refusals(POINTER):
            beside = target.with_name(f".{target.name}.{os.getpid()}")
            with open(beside, "wb", opener=_owners_alone) as file:
                file.write(content)
            beside.replace(target)

    def _make_folder(self, folder: Path, path: str) -> None:
        try:
            make_private_folder(folder)
        except FileExistsError:
            # Another writer created it meanwhile.
            if not folder.is_dir():
                raise ArchiveError(f"Could not write {path} to {self.name}: {folder} is a file.") from None
        except OSError as error:
            raise ArchiveError(f"Could not write {path} to {self.name}: {error.strerror}.") from error

    @contextmanager
    def _refusals(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise ArchiveError(
                f"{path} exists in {self.name}. An archive never overwrites a file."
            ) from error
        except OSError as error:
            raise ArchiveError(f"Could not write {path} to {self.name}: {error.strerror}.") from error


def _owners_alone(path: str, flags: int) -> int:
    """Open a file that its owner alone can read, whatever the umask."""
    return os.open(path, flags, 0o600)
