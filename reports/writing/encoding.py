"""Encode texts as the bytes of files, in chunks that every parser of UTF-8, JSON or XML accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any
from xml.sax.saxutils import escape

from reports.writing.lines import UNSEEN

Files = Mapping[str, Iterable[bytes]]
"""Name in the report's folder to the chunks of the file. The chunks can be read once."""

CHUNK = 1 << 18
"""Characters that are encoded at once."""


class Json(str):
    """A text that is JSON already; `as_json` and `json_pieces` write it as it is."""

    __slots__ = ()


REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_UNSEEN = re.compile(f"[{UNSEEN}]")
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def utf8(text: str) -> bytes:
    """Return the text as UTF-8, with U+FFFD for a lone surrogate, which UTF-8 cannot hold."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub(REPLACEMENT, text).encode()


def escaped(text: str) -> bytes:
    """Return the text as UTF-8, with its escape for a lone surrogate."""
    return text.encode("utf-8", errors="backslashreplace")


def for_xml(text: str) -> str:
    """Return the text with U+FFFD for every character that XML 1.0 cannot hold, even escaped."""
    return _NOT_IN_XML.sub(REPLACEMENT, text)


def xml_escaped(text: str) -> str:
    """Return the text for an element of XML, with references for the characters that a terminal acts upon."""
    return _UNSEEN.sub(lambda found: f"&#{ord(found[0])};", escape(for_xml(text), {"\r": "&#13;"}))


def as_json(value: Any, *, levels: int) -> Iterator[bytes]:
    """Return the value as JSON text that ends in a line feed, in chunks. See `json_pieces`."""
    return chunks(chain(json_pieces(value, levels), "\n"))


def json_lines(values: Iterable[Any]) -> Iterator[str]:
    """Yield each value as one line of JSON."""
    return (f"{_compact(value)}\n" for value in values)


def chunks(pieces: Iterable[str], encode: Callable[[str], bytes] = utf8) -> Iterator[bytes]:
    """Join the pieces and encode them in chunks of about `CHUNK` characters. No chunk is empty."""
    waiting, size = list[str](), 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield encode("".join(waiting))
            waiting, size = [], 0
    if size:
        yield encode("".join(waiting))


def json_pieces(value: Any, levels: int) -> Iterator[str]:
    """Yield the value as JSON text. The outer `levels` have a line for each element.

    An iterator becomes an array while it is read, so that a long array is never in memory. A function is
    called when its value is written. Raises TypeError or ValueError for a value that JSON cannot hold.
    """
    if callable(value):
        value = value()
    if isinstance(value, Mapping) and levels > 0 and value:
        yield from _elements("{", ((f"{_compact(name)}:", each) for name, each in value.items()), "}", levels)
    elif isinstance(value, Iterator) or (isinstance(value, list | tuple) and levels > 0 and value):
        yield from _elements("[", (("", each) for each in value), "]", levels)
    else:
        yield _compact(value)


def _elements(opening: str, elements: Iterator[tuple[str, Any]], closing: str, levels: int) -> Iterator[str]:
    before = "\n"
    yield opening
    for name, value in elements:
        yield before + name
        yield from json_pieces(value, levels - 1)
        before = ",\n"
    yield "\n" + closing


def _compact(value: Any) -> str:
    if isinstance(value, Json):
        return value
    if isinstance(value, dict) and any(isinstance(each, Json) for each in value.values()):
        members = (f"{_encode(name)}:{_compact(each)}" for name, each in value.items())
        return f"{{{','.join(members)}}}"
    return _encode(value)


def _encode(value: Any) -> str:
    """Return the value as JSON, with escapes for the characters that a terminal or a reader acts upon."""
    text = _plain(value)
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
