"""Texts as the bytes of files, in chunks: nothing that a parser of UTF-8, JSON or XML would refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

Files = Mapping[str, Iterable[bytes]]
"""Files by their name relative to the report's folder; the chunks of each are made as they are read, once."""

CHUNK = 1 << 18
"""Characters that are encoded at once."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def utf8(text: str) -> bytes:
    """The text as UTF-8, with U+FFFD for a lone surrogate, which UTF-8 cannot hold."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub(REPLACEMENT, text).encode()


def escaped(text: str) -> bytes:
    """The text as UTF-8, with its escape for a lone surrogate."""
    return text.encode("utf-8", errors="backslashreplace")


def for_xml(text: str) -> str:
    """The text with U+FFFD for every character that XML 1.0 cannot hold, even escaped."""
    return _NOT_IN_XML.sub(REPLACEMENT, text)


def as_json(value: Any, *, levels: int) -> Iterator[bytes]:
    """The value as JSON text that ends in a line feed; the outer `levels` have a line for each element.

    An iterator is written as an array while it is read, so that a long one never exists as a whole, and a
    function is called when its value is to be written. Raises TypeError or ValueError for what JSON cannot
    hold.
    """
    return chunks(chain(_pieces(value, levels), "\n"))


def chunks(pieces: Iterable[str], encode: Callable[[str], bytes] = utf8) -> Iterator[bytes]:
    """The pieces one after the other, encoded as soon as there are enough of them; never an empty chunk."""
    waiting, size = list[str](), 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield encode("".join(waiting))
            waiting, size = [], 0
    if size:
        yield encode("".join(waiting))


def _pieces(value: Any, levels: int) -> Iterator[str]:
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
        yield from _pieces(value, levels - 1)
        before = ",\n"
    yield "\n" + closing


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
