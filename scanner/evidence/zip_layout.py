"""Check that a zip file is laid out exactly as `scanner.evidence.packing` writes it.

Two programs can read different files from one zip file: one follows the directory at its end, another the
headers before each entry, and an extra field can rename an entry. So every byte that is no content has one
allowed value: entries in the order of their names, without space between them, with equal headers in both
places, without extra fields (but ZIP64 sizes where they are needed), and the comment at the end.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from scanner.errors import EvidenceError

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_ZIP64_END = struct.Struct("<4sQ2H2L4Q")
_ZIP64_LOCATOR = struct.Struct("<4sLQL")
_DOS_DATE = 33
_MODE = 0o100600 << 16
_UNIX = 3 << 8
_LARGE = 0xFFFFFFFF
_VERSION, _ZIP64_VERSION = 20, 45
_CHUNK = 1024 * 1024


def check_layout(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise EvidenceError if a byte outside the content of the entries is not the one that we write."""
    try:
        with path.open("rb") as file:
            for problem in _problems(path, file, archive):
                raise EvidenceError(
                    f"{path.name} is altered: {problem}, so that other tools may unpack other files. If "
                    "another tool packed it anew, unpack it and verify the folder."
                )
    except (OSError, struct.error, zlib.error) as error:
        raise EvidenceError(f"{path.name} is altered: it is no whole zip file ({error}).") from error


def _problems(path: Path, file: IO[bytes], archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield what differs, in the order of the file."""
    place, entries = 0, archive.infolist()
    if [entry.filename for entry in entries] != sorted(entry.filename for entry in entries):
        yield "its entries are not in the order of their names"
    for entry in entries:
        if entry.header_offset != place:
            yield f"{entry.filename} does not begin where the entry before it ends"
        file.seek(place)
        header = _LOCAL.unpack(file.read(_LOCAL.size))
        name, extra = file.read(header[9]), file.read(header[10])
        yield from _header_problems(entry, header, name, extra)
        yield from _stream_problems(entry, file)
        place = file.tell()
    if place != archive.start_dir:
        yield "there are bytes between its last entry and its directory"
    file.seek(place)
    for entry in entries:
        expected = _central(entry)
        if file.read(len(expected)) != expected:
            yield f"the directory describes {entry.filename} in another way than azml-audit"
    yield from _end_problems(path, file, archive, len(entries))


def _header_problems(
    entry: zipfile.ZipInfo, header: tuple[bytes | int, ...], name: bytes, extra: bytes
) -> Iterator[str]:
    """Yield how the header before an entry differs from its description in the directory."""
    is_large = _is_large(entry)
    sizes = (_LARGE, _LARGE) if is_large else (entry.compress_size, entry.file_size)
    known = _zip64_extra(entry.file_size, entry.compress_size) if is_large else b""
    version = _ZIP64_VERSION if is_large else _VERSION
    expected = (b"PK\3\4", version, 0, zipfile.ZIP_DEFLATED, 0, _DOS_DATE, entry.CRC, *sizes)
    if name != entry.filename.encode() or header[:9] != expected:
        yield f"{entry.filename} has another header before it than in the directory"
    if extra != known:
        yield f"{entry.filename} has an extra field"


def _stream_problems(entry: zipfile.ZipInfo, file: IO[bytes]) -> Iterator[str]:
    """Yield a text if the compressed bytes of an entry do not end with its content. Reads to their end."""
    left, stream, size = entry.compress_size, zlib.decompressobj(-zlib.MAX_WBITS), 0
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        left -= len(chunk)
        while chunk and not stream.eof:
            size += len(stream.decompress(chunk, _CHUNK))
            chunk = stream.unconsumed_tail
            if size > entry.file_size:
                yield f"{entry.filename} unpacks to more than its size"
                return
        if stream.eof and (stream.unused_data or left or chunk):
            yield f"{entry.filename} has bytes behind its content"
            return
    if not stream.eof or size != entry.file_size:
        yield f"{entry.filename} does not end where its size ends"


def _central(entry: zipfile.ZipInfo) -> bytes:
    """Return the directory's description of an entry, with the ZIP64 sizes that Python adds to large ones."""
    compressed, size, offset, large = entry.compress_size, entry.file_size, entry.header_offset, list[int]()
    if max(compressed, size) > zipfile.ZIP64_LIMIT:
        large += [size, compressed]
        compressed = size = _LARGE
    if offset > zipfile.ZIP64_LIMIT:
        large.append(offset)
        offset = _LARGE
    extra = _zip64_extra(*large) if large else b""
    version = _ZIP64_VERSION if large or _is_large(entry) else _VERSION
    fixed = _CENTRAL.pack(
        *(b"PK\1\2", _UNIX | version, version, 0, zipfile.ZIP_DEFLATED, 0, _DOS_DATE, entry.CRC),
        *(compressed, size, len(entry.filename), len(extra), 0, 0, 0, _MODE, offset),
    )
    return fixed + entry.filename.encode() + extra


def _is_large(entry: zipfile.ZipInfo) -> bool:
    """Return whether there are ZIP64 sizes before the entry."""
    return entry.file_size > zipfile.ZIP64_LIMIT


def _zip64_extra(*sizes: int) -> bytes:
    return struct.pack(f"<2H{len(sizes)}Q", 1, 8 * len(sizes), *sizes)


def _end_problems(path: Path, file: IO[bytes], archive: zipfile.ZipFile, count: int) -> Iterator[str]:
    start, place, size = archive.start_dir, file.tell(), path.stat().st_size
    length = place - start
    expected = b""
    if count > zipfile.ZIP_FILECOUNT_LIMIT or max(start, length) > zipfile.ZIP64_LIMIT:
        expected += _ZIP64_END.pack(
            *(b"PK\6\6", 44, _ZIP64_VERSION, _ZIP64_VERSION, 0, 0, count, count, length, start)
        )
        expected += _ZIP64_LOCATOR.pack(b"PK\6\7", 0, place, 1)
    expected += _END.pack(
        *(b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF)),
        *(min(length, _LARGE), min(start, _LARGE), len(archive.comment)),
    )
    if file.read(len(expected)) != expected or size != place + len(expected) + len(archive.comment):
        yield "it does not end with its directory and its comment"
