"""Texts as the bytes of files: nothing a parser of UTF-8, JSON or XML would refuse gets through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def utf8(text: str) -> bytes:
    """The text as UTF-8, with U+FFFD for a lone surrogate, which UTF-8 cannot hold."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub(REPLACEMENT, text).encode()


def for_xml(text: str) -> str:
    """The text with U+FFFD for every character that XML 1.0 cannot hold, even escaped."""
    return _NOT_IN_XML.sub(REPLACEMENT, text)


def as_json(value: Any, *, levels: int) -> bytes:
    """The value as JSON text that ends in a line feed; the outer `levels` have a line for each element.

    An iterator is written as an array while it is read, so that a long one never exists as a whole.
    Raises TypeError or ValueError for what JSON cannot hold.
    """
    return joined(chain(_pieces(value, levels), "\n"))


def joined(pieces: Iterable[str]) -> bytes:
    """The pieces as UTF-8, one after the other; they never exist all at once beside their bytes."""
    stream = BytesIO()
    for piece in pieces:
        stream.write(utf8(piece))
    return stream.getvalue()


def _pieces(value: Any, levels: int) -> Iterator[str]:
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
