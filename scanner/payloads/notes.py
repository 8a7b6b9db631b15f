"""Notes of a worker: the answers that it has not handed over yet, in a file beside the report.

If the scan is killed, the next one with `--resume` reads them (`scanner.payloads.spool`). Without them it would ask
everything again that workers read since they last handed over their answers.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scanner.payloads.payload import Payload, record_of


@dataclass(frozen=True, kw_only=True)
class Notes:
    """A file with `first_line`, which names the scan, and a record for each answer. Only its owner can read it."""

    path: Path
    first_line: bytes

    def add(self, payload: Payload) -> None:
        """Add an answer. A full disk loses the note only: the answer itself is handed over later."""
        with suppress(OSError), open(self.path, "ab", buffering=0, opener=_private) as file:
            file.write((self.first_line if file.tell() == 0 else b"") + record_of(payload))

    def remove(self) -> None:
        """Remove the file, because all its answers are handed over."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), mode=0o600)
