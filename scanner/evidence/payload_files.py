"""The payloads and gaps of a bundle: one file of JSON lines for each kind, sorted, every body as it was."""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from scanner.errors import EvidenceError
from scanner.evidence.opening import Bundle, reading
from scanner.evidence.packing import writing
from scanner.evidence.tally import Tally
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import PAYLOAD_FIELDS, Gap, Payload

FOLDER = "payloads/"
GAPS = f"{FOLDER}gaps.jsonl"
MAX_LINE = 512 * 1024**2
MAX_GAP = 1024**2

_TYPES = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "str | None": (str, type(None)),
    "int | None": (int, type(None)),
}
"""The JSON types that a field of each declared type may have."""

_GAP_FIELDS = tuple(each.name for each in fields(Gap) if each.name != "answer")


def write_payloads(folder: Path, payloads: Iterable[Payload], gaps: Iterable[Gap]) -> Tally:
    """Write all payloads and gaps, with one body in memory at a time, and return their tally."""
    tally = Tally()
    with TemporaryFile(dir=folder) as lines:
        places: dict[str, list[tuple[tuple[str, ...], int, int]]] = defaultdict(list)
        for payload in payloads:
            tally.add(payload)
            line = _payload_line(payload)
            places[payload.kind].append((_order(payload), lines.tell(), len(line)))
            lines.write(line)
        for kind, found in sorted(places.items()):
            with writing(folder, _file_of(kind)) as file:
                for _, offset, length in sorted(found):
                    lines.seek(offset)
                    file.write(lines.read(length))
    with writing(folder, GAPS) as file:
        file.writelines(sorted(map(_gap_line, gaps)))
    for gap in gaps:
        tally.add(gap)
    return tally


def payloads_in(bundle: Bundle) -> Iterator[Payload]:
    """Yield every payload of the bundle with its parsed body.

    Raises EvidenceError for a line that is no payload, or that azml-audit would write differently or elsewhere.
    """
    for name in bundle.names():
        if name.startswith(FOLDER) and name != GAPS:
            yield from _payloads(bundle, name)


def _payloads(bundle: Bundle, name: str) -> Iterator[Payload]:
    """Yield the payloads of one file in their order."""
    before: tuple[str, ...] | None = None
    for number, line in _lines(bundle, name):
        payload = _payload(line, f"{name}, line {number}")
        if _file_of(payload.kind) != name or (before is not None and _order(payload) < before):
            raise EvidenceError(f"{name}, line {number} is altered: this is not its place.")
        before = _order(payload)
        yield payload
    if before is None:
        raise EvidenceError(f"{name} is altered: it holds no payload.")


def gaps_in(bundle: Bundle) -> Iterator[Gap]:
    """Yield every gap that has no payload.

    Raises EvidenceError for a line that is no gap, or that azml-audit would write differently or elsewhere.
    """
    before = b""
    for number, line in _lines(bundle, GAPS, MAX_GAP):
        where = f"{GAPS}, line {number}"
        try:
            members = json.loads(line)
            gap = Gap(**_typed(Gap, members))
            is_exact = "answer" not in members and line == _gap_line(gap)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise EvidenceError(f"{where} is no gap: {error}.") from error
        if not is_exact or line < before:
            raise EvidenceError(f"{where} is altered: azml-audit does not write it so, or not here.")
        before = line
        yield gap


def _typed(cls: type[Payload | Gap], members: dict[str, Any]) -> dict[str, Any]:
    """Return the members. Raises TypeError if one does not have the declared type of its field."""
    for each in fields(cls):
        expected = _TYPES.get(str(each.type))
        if expected and each.name in members and type(members[each.name]) not in expected:
            raise TypeError(f"{each.name} is {members[each.name]!r}")
    return members


def _file_of(kind: str) -> str:
    return f"{FOLDER}{''.join(sign if sign.isascii() and sign.isalnum() else '-' for sign in kind)}.jsonl"


def _order(payload: Payload) -> tuple[str, ...]:
    rest = (payload.request_body, payload.retrieved_at.isoformat(), payload.id, payload.request_id)
    return (payload.scope.lower(), payload.url, *rest, payload.correlation_id)


def _payload_line(payload: Payload) -> bytes:
    header = {name: getattr(payload, name) for name in PAYLOAD_FIELDS if name != "of_list" or payload.of_list}
    header |= {"retrieved_at": payload.retrieved_at.isoformat(), "redactions": list(payload.redactions)}
    return _line({"id": payload.id, **header, "sha256": payload.body_digest, **_written(payload.body)})


def _gap_line(gap: Gap) -> bytes:
    return _line({name: getattr(gap, name) for name in _GAP_FIELDS})


def _written(body: bytes) -> dict[str, str]:
    """Return the body as text, or in base64 if it is not UTF-8."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _line(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _lines(bundle: Bundle, name: str, most: int = MAX_LINE) -> Iterator[tuple[int, bytes]]:
    if name not in bundle.names():
        raise EvidenceError(f"{bundle.path}: {name} is missing.")
    with reading(bundle, name) as file:
        yield from enumerate(_bounded(file, name, most), start=1)


def _bounded(file: IO[bytes], name: str, most: int) -> Iterator[bytes]:
    while line := file.readline(most):
        if len(line) == most:
            raise EvidenceError(f"{name} has a line of {most:,} bytes or more.")
        yield line


def _moment(text: str) -> datetime:
    """Parse a time. Raises ValueError if it has no time zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found


def _payload(line: bytes, where: str) -> Payload:
    """Return the payload of a line. Raises EvidenceError if its digest or id does not match its content."""
    try:
        members = json.loads(line)
        _typed(Payload, members)
        identity, digest = members.pop("id"), members.pop("sha256")
        body = (
            base64.b64decode(members.pop("body_base64"), validate=True) if "body_base64" in members else None
        )
        body = members.pop("body").encode() if body is None else body
        members |= {
            "retrieved_at": _moment(members["retrieved_at"]),
            "redactions": tuple(members["redactions"]),
        }
        payload = Payload(**members, body=body, document=parsed(body), is_redacted=True)
        found = payload.body_digest, payload.id
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise EvidenceError(f"{where} is no payload: {error!r}.") from error
    if found != (digest, identity):
        raise EvidenceError(f"{where} is altered: its content does not have the id {identity}.")
    if line != _payload_line(payload):
        raise EvidenceError(f"{where} is altered: it is not written as azml-audit writes it.")
    return payload
