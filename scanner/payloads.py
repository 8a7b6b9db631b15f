"""What a source yields, and the store that keeps it: payloads as Azure sent them, and gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, Protocol

SPILL_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One answer of Azure: its bytes after redaction, and how they were got.

    `kind` is what was asked for (`subscriptions`, `workspaces`, `outboundRules`, …), `scope` the
    resource id it is about. `document` is the parsed body; None where it is not JSON.
    """

    kind: str
    scope: str
    subscription_id: str | None
    url: str
    api_version: str
    status: int
    retrieved_at: datetime
    request_id: str = ""
    correlation_id: str = ""
    redactions: tuple[str, ...] = ()
    body: bytes = b""
    document: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that was asked for and not read. `closes` says what would close it."""

    scope: str
    subscription_id: str | None
    asked: str
    request: str
    code: str
    message: str
    closes: str
    http_status: int | None = None
    request_id: str = ""


Keep = Callable[[Payload | Gap], None]


class Source(Protocol):
    """Where facts come from: live ARM, an export, a bundle of evidence."""

    async def read(self, keep: Keep) -> None:
        """Hand every payload and every gap to `keep`, in any order."""


class PayloadStore:
    """Payloads in the order they came; past `spill_bytes` they lie in a temporary file, not in memory.

    Each is one header line of JSON (everything but the body, with the body's length) and the bytes of
    the body. Close it, or use it as a context manager, to remove the file.
    """

    def __init__(self, spill_bytes: int = SPILL_BYTES) -> None:
        """An empty store."""
        self._file = SpooledTemporaryFile(max_size=spill_bytes)  # noqa: SIM115 - closed by close()
        self._count = 0

    def __enter__(self) -> PayloadStore:
        """The store itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def __len__(self) -> int:
        """How many payloads it holds."""
        return self._count

    def append(self, payload: Payload) -> None:
        """Keep one more payload."""
        header = {
            name: value for name, value in vars(payload).items() if name not in ("body", "document")
        } | {"retrieved_at": payload.retrieved_at.isoformat(), "bytes": len(payload.body)}
        self._file.write(json.dumps(header).encode() + b"\n" + payload.body + b"\n")
        self._count += 1

    def __iter__(self) -> Iterator[Payload]:
        """Every payload, as it was appended, its body parsed again. Do not append meanwhile."""
        self._file.seek(0)
        while line := self._file.readline():
            header = json.loads(line)
            body = self._file.read(header.pop("bytes"))
            self._file.read(1)
            yield replace(_from_header(header), body=body, document=parsed(body))
        self._file.seek(0, 2)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


def _from_header(header: dict[str, Any]) -> Payload:
    header["retrieved_at"] = datetime.fromisoformat(header["retrieved_at"])
    header["redactions"] = tuple(header["redactions"])
    return Payload(**header)


def parsed(body: bytes) -> Any:
    """The JSON document of a body, or None where it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
