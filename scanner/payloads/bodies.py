"""Reads and writes JSON bodies. Numbers stay exact, and anything that is not JSON is refused.

msgspec takes a third of the standard library's time. It refuses bodies that a proxy may have changed, such as
UTF-16, a byte order mark or half a surrogate pair; the standard library reads those.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

import msgspec

MAX_DEPTH = 100
"""Far more than Azure nests, and far less than recursion over a document can take."""

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def parsed(body: bytes) -> Any:
    """Return the JSON document of a body, or None if the body is not JSON or is nested too deep.

    NaN, infinities and numbers too large for a float are not JSON.
    """
    try:
        document = _read(body)
    except (ValueError, RecursionError):
        return None
    return None if is_too_deep(body, document) else document


def _read(body: bytes) -> Any:
    try:
        return _decoder.decode(body)
    except ValueError:
        return json.loads(body, parse_float=_finite, parse_constant=_no_number)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is too large for a number")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def written(document: Any) -> bytes:
    """Return a parsed document as JSON on one line, with its members in order. `parsed` reads it back."""
    try:
        return _encoder.encode(document)
    except UnicodeEncodeError:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def is_too_deep(body: bytes, document: Any) -> bool:
    """Check whether a document is nested too deep: never up to `MAX_DEPTH`, always beyond twice that.

    Counting brackets in the bytes is cheaper than walking every document. Each round removes the innermost
    pairs. Only if brackets inside texts are left over, the document itself is walked.
    """
    brackets = body.translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if len(brackets) <= MAX_DEPTH:
            return False
        fewer = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(fewer) == len(brackets):
            return _is_deeper(document)
        brackets = fewer
    return len(brackets) > MAX_DEPTH and _is_deeper(document)


def _is_deeper(document: Any) -> bool:
    layer = [document]
    for _ in range(MAX_DEPTH):
        layer = [child for node in layer for child in _children(node)]
        if not layer:
            return False
    return True


def _children(node: Any) -> list[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in children if isinstance(child, dict | list)]
