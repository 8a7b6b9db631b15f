"""Make stdout and stderr accept everything that a command prints, so that no stream decides its exit code."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_GONE = frozenset({errno.EPIPE, errno.EBADF, errno.EINVAL, errno.EIO, errno.ECONNRESET})
"""The reader went away, such as `head` or a closed terminal. There is nobody to warn."""


class _Lasting(io.RawIOBase):
    """Passes bytes on to the stream of the operating system, and drops them after its first failure."""

    def __init__(self, raw: Any) -> None:
        super().__init__()
        self._raw = raw
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def write(self, data: Any) -> int:
        while self.failure is None:
            try:
                written: int | None = self._raw.write(data)
            except BlockingIOError:
                written = None
            except OSError as error:
                self.failure = error
                break
            if written is not None:
                return written
            select.select([], [self._raw], [])  # a pipe that its other end made non-blocking is full
        return len(data)


class _Nowhere(io.RawIOBase):
    """Takes the place of a stream that was closed before the command began."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Let nothing that is printed raise an error within this context.

    A character that the stream's encoding does not have is replaced. After a closed pipe or a full disk the
    rest of the output is dropped; stderr gets one line about a full disk.
    """
    before = sys.stdout, sys.stderr
    out, err = _lasting(sys.stdout), _lasting(sys.stderr)
    sys.stdout, sys.stderr = out or sys.stdout, err or sys.stderr
    try:
        yield
    finally:
        for made in (out, err):
            if made is not None:
                made.flush()
        failure = getattr(_raw_of(out), "failure", None)
        if failure is not None and failure.errno not in _GONE:
            print(f"azml-audit: stdout has not the whole output: {failure.strerror}.", file=sys.stderr)  # noqa: T201
            sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _lasting(stream: TextIO | None) -> io.TextIOWrapper | None:
    """Return a stream that never fails in the place of this one; None if it is no file of the system."""
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(_Nowhere()), encoding="utf-8", errors="replace")
    try:
        stream.fileno()
        stream.flush()
    except (OSError, ValueError):
        return None
    raw = _raw_of(stream)
    if raw is None:
        return None
    return io.TextIOWrapper(
        io.BufferedWriter(_Lasting(raw)),
        encoding=stream.encoding,
        errors="replace",
        newline=None if os.name == "nt" else "\n",
        line_buffering=stream.isatty() or stream is sys.stderr,
    )


def _raw_of(stream: Any) -> Any:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)
