"""What a source yields, and the store that keeps it: payloads as Azure sent them, and gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

from scanner.payloads.bodies import parsed, written
from scanner.payloads.questions import Ask

SPILL_BYTES = 1024 * 1024
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One answer of Azure, a refusal too: its bytes after redaction, and how they were got.

    `kind` is what was asked for (`subscriptions`, `workspaces`, `outboundRules`, …), `scope` the
    resource id it is about. `document` is the parsed body; None where it is not JSON. With kind, scope,
    subscription_id, method, url, request_body, api_version and may_be_missing the question can be made again.
    One that is `superseded` is kept as evidence and tells nothing: the question was put in another way.
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
    method: str = "GET"
    request_body: str = ""
    may_be_missing: bool = False
    content_type: str = ""
    server_date: str = ""
    superseded: bool = False
    body: bytes = b""
    document: Any = field(default=None, repr=False, compare=False)

    @property
    def ask(self) -> Ask:
        """The question that was answered."""
        return Ask(
            kind=self.kind,
            scope=self.scope,
            url=self.url,
            api_version=self.api_version,
            subscription_id=self.subscription_id,
            may_be_missing=self.may_be_missing,
            method=self.method,
            body=self.request_body,
        )

    @cached_property
    def body_digest(self) -> str:
        """The SHA-256 of the redacted body, in hexadecimal."""
        return sha256(self.body).hexdigest()

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits of the SHA-256 of all that is kept of it: whoever alters any alters the id.

        Only `superseded` is no part of it, which is known when gaps already refer to the payload.
        """
        told = {name: getattr(self, name) for name in _HEADER if name != "superseded"}
        told |= {"retrieved_at": self.retrieved_at.isoformat(), "sha256": self.body_digest}
        return sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that was asked for and not read. `closes` says what would close it.

    `answer` is the refusal or unreadable answer it came from, from which it can be made again; `about` the
    id of the payload that a gap of our own making is about, such as the page that leads to no next one.
    """

    scope: str
    subscription_id: str | None
    asked: str
    request: str
    code: str
    message: str
    closes: str
    http_status: int | None = None
    request_id: str = ""
    about: str = ""
    answer: Payload | None = field(default=None, repr=False, compare=False)

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits of the SHA-256 of all it says."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "answer"}
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def evidence_id(self) -> str:
        """The id of the payload it came from or is about; its own where there is none."""
        return self.answer.id if self.answer else self.about or self.id


_HEADER = tuple(each.name for each in fields(Payload) if each.name not in ("body", "document"))
_USUAL = {each.name: each.default for each in fields(Payload) if each.default is not MISSING}

Keep = Callable[[Payload | Gap], None]


class Source(Protocol):
    """Where facts come from: live ARM, an export, a bundle of evidence."""

    async def read(self, keep: Keep) -> None:
        """Hand every payload and every gap to `keep`, in any order."""


class Store(Protocol):
    """Keeps the payloads of one scan, and may remember those of an interrupted one.

    `reused_since` is when the oldest of those that were used again was retrieved.
    """

    reused_since: datetime | None

    def begin(self, key: str) -> None:
        """Start the scan that this key stands for: what is remembered of any other is forgotten."""

    def recalled(self, ask: Ask) -> Payload | None:
        """The answer an interrupted scan was given, if it may be used again."""

    def recollection(self, subscription_ids: Set[str]) -> Sequence[Payload]:
        """All that can be recalled about these subscriptions (lower-cased ids)."""

    def append(self, payload: Payload) -> None:
        """Keep one more payload."""

    def finish(self) -> None:
        """Remember nothing of this scan: its report is written."""

    def __len__(self) -> int:
        """How many payloads it holds."""

    def __iter__(self) -> Iterator[Payload]:
        """Every payload, as it was appended."""


class PayloadStore:
    """Payloads in the order they came; past `spill_bytes` they lie in a temporary file, not in memory.

    Each is one header line of JSON (everything but the body, with the body's length) and the bytes of
    the body. Close it, or use it as a context manager, to remove the file.
    """

    reused_since: datetime | None = None

    def __init__(self, spill_bytes: int = SPILL_BYTES) -> None:
        """An empty store."""
        self._file = SpooledTemporaryFile(max_size=spill_bytes, buffering=_BUFFER_BYTES)  # noqa: SIM115 - closed by close()
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

    def begin(self, key: str) -> None:
        """Nothing: there was no scan before."""

    def recalled(self, ask: Ask) -> Payload | None:  # noqa: ARG002 - as the Protocol says
        """None: there was no scan before."""
        return None

    def recollection(self, subscription_ids: Set[str]) -> Sequence[Payload]:  # noqa: ARG002
        """Nothing: there was no scan before."""
        return ()

    def finish(self) -> None:
        """Nothing: the store ends with the process."""

    def append(self, payload: Payload) -> None:
        """Keep one more payload."""
        self._file.write(record_of(payload))
        self._count += 1

    def __iter__(self) -> Iterator[Payload]:
        """Every payload, as it was appended, its body parsed again. Do not append meanwhile."""
        self._file.seek(0)
        while (payload := read_record(self._file)) is not None:
            yield payload
        self._file.seek(0, 2)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


def record_of(payload: Payload) -> bytes:
    """The payload as it is stored: a header line without what is as usual, its body, a newline."""
    told = vars(payload)
    header = {name: told[name] for name in _HEADER if name not in _USUAL or told[name] != _USUAL[name]}
    header |= {"retrieved_at": payload.retrieved_at.isoformat(), "bytes": len(payload.body)}
    return b"%b\n%b\n" % (written(header), payload.body)


def read_record(file: IO[bytes]) -> Payload | None:
    """The payload whose record begins here; None at the end. Raises ValueError for half a record."""
    line = file.readline()
    if not line:
        return None
    header = json.loads(line)
    body = file.read(header.pop("bytes"))
    if file.read(1) != b"\n":
        raise ValueError("the record is not whole")
    return replace(_from_header(header), body=body, document=parsed(body))


def _from_header(header: dict[str, Any]) -> Payload:
    header["retrieved_at"] = datetime.fromisoformat(header["retrieved_at"])
    header["redactions"] = tuple(header.get("redactions", ()))
    return Payload(**header)
