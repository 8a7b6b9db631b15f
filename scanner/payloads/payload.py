"""Defines payloads and gaps, the sources that yield them and the stores that keep payloads.

A source reads Azure, an export or an evidence bundle. Everything after it sees the same two classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Protocol

from scanner.payloads.bodies import parsed, written
from scanner.payloads.json_members import quoted
from scanner.payloads.people import new_key
from scanner.payloads.questions import Ask, path_of

if TYPE_CHECKING:
    from scanner.payloads.notes import Notes

SPILL_BYTES = 1024 * 1024
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One answer of Azure, which may be a refusal: its body after redaction, and its request.

    `kind` is what was asked for (`subscriptions`, `workspaces`, `outboundRules`, …), and `scope` the
    resource id. `document` is the parsed body, or None if it is not JSON. `is_redacted` is True if the payload
    came from `answers.answered` or was stored; nothing else is kept. A `superseded` payload is kept as
    evidence only, because another request replaced it. `of_list` is "" unless the body is one item of a list: then
    it names the item's place, `url` is that of the list's first page, and the other items are not kept.
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
    of_list: str = ""
    body: bytes = b""
    document: Any = field(default=None, repr=False, compare=False)
    is_redacted: bool = field(default=False, repr=False, compare=False)

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

    @property
    def path(self) -> str:
        """The lower-cased path of what was asked for: that of the URL, or the id of an item of a list."""
        return path_of(quoted(self.scope)) if self.of_list else path_of(self.url)

    @cached_property
    def body_digest(self) -> str:
        """The SHA-256 of the redacted body, in hexadecimal."""
        return sha256(self.body).hexdigest()

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits of the SHA-256 of everything that is stored, so that any change shows."""
        stored = {name: getattr(self, name) for name in PAYLOAD_FIELDS if name != "of_list" or self.of_list}
        stored |= {"retrieved_at": self.retrieved_at.isoformat(), "sha256": self.body_digest}
        return sha256(json.dumps(stored, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that could not be read. `closes` is the action that closes the gap.

    `answer` is the refusal or unreadable answer behind it, from which the gap can be made again. `about` is
    the id of the payload that the gap is about if there is no such answer, such as a page without a next one.
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
        """16 hexadecimal digits of the SHA-256 of every field but `answer`."""
        members = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "answer"}
        return sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def evidence_id(self) -> str:
        """The id of the payload that it came from or is about, or its own id."""
        return self.answer.id if self.answer else self.about or self.id


PAYLOAD_FIELDS = tuple(each.name for each in fields(Payload) if each.compare and each.name != "body")
"""The fields that are stored beside the body."""
_DEFAULTS = {each.name: each.default for each in fields(Payload) if each.default is not MISSING}

Keep = Callable[[Payload | Gap], None]


class Source(Protocol):
    """A source of payloads: live ARM, an export, an evidence bundle."""

    async def read(self, keep: Keep) -> None:
        """Pass every payload and every gap to `keep`, in any order."""


class Store(Protocol):
    """Keeps the payloads of one scan, and may hold those of an interrupted scan."""

    def begin(self, key: str, scope: str = "") -> bytes:
        """Start the scan with this key. Payloads of a scan with another key are dropped.

        Return the key of the scan's pseudonyms: a new one, or that of the interrupted scan if it is resumed. Raises
        UsageError if the scan is to resume one with another digest of its scope.
        """

    def recalled(self, ask: Ask) -> Payload | None:
        """Return the answer that an interrupted scan got, if it may be reused."""

    def recollection(self, subscription_ids: Set[str]) -> Sequence[Payload]:
        """Return everything that can be recalled for these subscriptions (lower-cased ids)."""

    def new_notes(self) -> Notes | None:
        """Return an empty file for the answers of a worker, None if no later scan could read it."""

    def append(self, payload: Payload) -> None:
        """Keep a payload."""

    def finish(self) -> None:
        """Drop everything, because the report of this scan is written."""

    def __len__(self) -> int:
        """Return the number of payloads."""

    def __iter__(self) -> Iterator[Payload]:
        """Yield every payload in the order it was appended."""


class PayloadStore:
    """Payloads in memory, or in a temporary file beyond `spill_bytes`.

    A record is a header line of JSON, which has everything but the body and the body's length, then the
    bytes of the body. Close the store, or use it as a context manager, to remove the file.
    """

    def __init__(self, spill_bytes: int = SPILL_BYTES) -> None:
        """Create an empty store."""
        self._file = SpooledTemporaryFile(max_size=spill_bytes, buffering=_BUFFER_BYTES)  # noqa: SIM115 - closed by close()
        self._count = 0

    def __enter__(self) -> PayloadStore:
        """Return the store itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def __len__(self) -> int:
        """Return the number of payloads."""
        return self._count

    def begin(self, key: str, scope: str = "") -> bytes:  # noqa: ARG002 - named by the Protocol
        """Return a new key of pseudonyms: this store holds no earlier scan."""
        return new_key()

    def recalled(self, ask: Ask) -> Payload | None:  # noqa: ARG002 - named by the Protocol
        """Return None: this store holds no earlier scan."""
        return None

    def recollection(self, subscription_ids: Set[str]) -> Sequence[Payload]:  # noqa: ARG002
        """Return nothing: this store holds no earlier scan."""
        return ()

    def new_notes(self) -> Notes | None:
        """Return None: the store ends with the process."""
        return None

    def finish(self) -> None:
        """Do nothing: the store ends with the process."""

    def append(self, payload: Payload) -> None:
        """Keep a payload."""
        self._file.write(record_of(payload))
        self._count += 1

    def __iter__(self) -> Iterator[Payload]:
        """Yield every payload with its body parsed. Do not append meanwhile."""
        self._file.seek(0)
        while (payload := read_record(self._file)) is not None:
            yield payload
        self._file.seek(0, 2)

    def close(self) -> None:
        """Drop everything."""
        self._file.close()


def record_of(payload: Payload) -> bytes:
    """Return the stored form of a payload: a header line without default values, the body, a newline."""
    values = vars(payload)
    header = {
        name: values[name]
        for name in PAYLOAD_FIELDS
        if name not in _DEFAULTS or values[name] != _DEFAULTS[name]
    }
    header |= {"retrieved_at": payload.retrieved_at.isoformat(), "bytes": len(payload.body)}
    return b"%b\n%b\n" % (written(header), payload.body)


def read_record(file: IO[bytes]) -> Payload | None:
    """Return the next payload, or None at the end. Raises ValueError for an incomplete record."""
    line = file.readline()
    if not line:
        return None
    header = json.loads(line)
    body = file.read(header.pop("bytes"))
    if file.read(1) != b"\n":
        raise ValueError("the record is incomplete")
    return replace(_from_header(header), body=body, document=parsed(body), is_redacted=True)


def _from_header(header: dict[str, Any]) -> Payload:
    header["retrieved_at"] = datetime.fromisoformat(header["retrieved_at"])
    header["redactions"] = tuple(header.get("redactions", ()))
    return Payload(**header)
