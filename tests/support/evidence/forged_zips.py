"""Zip files whose content is a bundle's, and whose bytes lead other tools to other files."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from scanner.evidence import packing

EPOCH = (1980, 1, 1, 0, 0, 0)


def entry_of(name: str) -> zipfile.ZipInfo:
    """An entry as azml-audit writes it."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o100600 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def packed(
    folder: Path,
    target: Path,
    *,
    change: Callable[[zipfile.ZipInfo], object] = lambda entry: None,
    order: Callable[[list[str]], Iterable[str]] = sorted,
    between: bytes = b"",
) -> None:
    """Pack a folder almost as azml-audit does."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in order(names):
            entry = entry_of(name)
            change(entry)
            archive.writestr(entry, (folder / name).read_bytes(), compresslevel=6)
            if between and archive.fp:
                archive.fp.seek(archive.start_dir)
                archive.fp.write(between)
                archive.start_dir += len(between)
        archive.comment = packing._SEAL + b"0" * 64
    resealed(target)


def resealed(target: Path) -> None:
    """Make the digest at the end fit."""
    packing._seal(target)


def renamed_before_entry(folder: Path, target: Path) -> None:
    """The header before an entry names another file than the directory."""
    packing.pack(folder, target)
    content = target.read_bytes()
    place = content.index(b"findings.csv")
    target.write_bytes(content[:place] + b"findings.xls" + content[place + 12 :])
    resealed(target)


def renamed_by_extra_field(folder: Path, target: Path) -> None:
    """A Unicode path (0x7075) renames an entry for the tools that follow it."""

    def rename(entry: zipfile.ZipInfo) -> None:
        if entry.filename == "findings.csv":
            name = b"archive.csv"
            entry.extra = struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"findings.csv")) + name

    packed(folder, target, change=rename)


def with_bytes_between(folder: Path, target: Path) -> None:
    packed(folder, target, between=b"PK\3\4 a second zip file hides here")


def in_another_order(folder: Path, target: Path) -> None:
    packed(folder, target, order=lambda names: sorted(names, reverse=True))


def with_a_prefix(folder: Path, target: Path) -> None:
    """A program before the zip file: both are valid."""
    packing.pack(folder, target)
    target.write_bytes(b"#!/bin/sh\necho compliant\nexit\n" + target.read_bytes())
    resealed(target)


def with_bytes_behind_a_stream(folder: Path, target: Path) -> None:
    """Compressed bytes that go on after the content has ended."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    body, directory = b"", b""
    for name in names:
        content = (folder / name).read_bytes()
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        stream = packer.compress(content) + packer.flush()
        stream += b"hidden" if name == "findings.csv" else b""
        sizes = (zlib.crc32(content), len(stream), len(content))
        start = len(body)
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, *sizes, len(name), 0)
        body += name.encode() + stream
        directory += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", (3 << 8) | 20, 20, 0, 8, 0, 33, *sizes, len(name), 0, 0, 0, 0),
            *(0o100600 << 16, start),
        )
        directory += name.encode()
    comment = packing._SEAL + b"0" * 64
    count = len(names)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment))
    target.write_bytes(body + directory + end + comment)
    resealed(target)


def with_a_comment_on_an_entry(folder: Path, target: Path) -> None:
    packed(folder, target, change=lambda entry: setattr(entry, "comment", b"see findings2.csv"))


def executable(folder: Path, target: Path) -> None:
    packed(folder, target, change=lambda entry: setattr(entry, "external_attr", 0o100755 << 16))


def with_a_data_descriptor(folder: Path, target: Path) -> None:
    """A flag says that the sizes of an entry follow its content."""
    packing.pack(folder, target)
    content = bytearray(target.read_bytes())
    content[content.index(b"PK\3\4") + 6] |= 8
    content[content.index(b"PK\1\2") + 8] |= 8
    target.write_bytes(content)
    resealed(target)


def with_a_second_directory_end(folder: Path, target: Path) -> None:
    """A ZIP64 end of the directory, which only some tools follow, before the plain one."""
    packing.pack(folder, target)
    content = target.read_bytes()
    end = content.rindex(b"PK\5\6")
    (count,) = struct.unpack_from("<H", content, end + 10)
    length, start = struct.unpack_from("<LL", content, end + 12)
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    target.write_bytes(content[:end] + large + locator + content[end:])
    resealed(target)


ALL = (
    with_a_data_descriptor,
    with_a_second_directory_end,
    renamed_before_entry,
    renamed_by_extra_field,
    with_bytes_between,
    in_another_order,
    with_a_prefix,
    with_bytes_behind_a_stream,
    with_a_comment_on_an_entry,
    executable,
)
