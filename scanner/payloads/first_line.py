"""The first line of the file of a scan, by which another scan finds out whether it may resume it. `spool` writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

FORMAT = 3
_LONGEST = 1000


def first_line_of(key: str, scope: str, pseudonym_key: bytes) -> bytes:
    """Return the line of a scan: its key, the digest of its scope, and the key of its pseudonyms."""
    line = {"format": FORMAT, "scope": scope, "key": key, "pseudonyms": pseudonym_key.hex()}
    return json.dumps(line).encode() + b"\n"


def begun(path: Path) -> dict[str, str]:
    """Return the texts of the first line of a file of this format, or nothing if there is no such line."""
    try:
        with open(path, "rb", opener=_without_link) as file:
            line = json.loads(file.readline(_LONGEST))
    except (OSError, ValueError):
        return {}
    is_ours = isinstance(line, dict) and line.get("format") == FORMAT
    return {name: value for name, value in line.items() if isinstance(value, str)} if is_ours else {}


def key_in(line: dict[str, str]) -> bytes:
    """Return the key of pseudonyms in a first line, empty if it has none."""
    try:
        return bytes.fromhex(line.get("pseudonyms", ""))
    except ValueError:
        return b""


def begins_with(path: Path, first_line: bytes) -> bool:
    """Check whether a file begins with this line, and only this user could write it."""
    try:
        with open(path, "rb", opener=_without_link) as old:
            return old.read(len(first_line)) == first_line and _is_ours(os.fstat(old.fileno()))
    except OSError:
        return False


def _is_ours(status: os.stat_result) -> bool:
    is_private = os.name != "posix" or not status.st_mode & 0o077
    return is_private and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())


def _without_link(path: str, flags: int) -> int:
    """Open a path that is no link."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
