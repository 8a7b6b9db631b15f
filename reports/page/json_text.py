"""JSON within a page's script: it cannot end the script, and what is long comes in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

_AT_ONCE = 256
"""Elements of an array that are encoded at once."""


class Json(str):
    """A text that is JSON already."""

    __slots__ = ()


def pieces(document: Mapping[str, Any]) -> Iterator[Markup]:
    """The document without spaces, keys sorted; a list or an iterator in it is read some elements at a time.

    Values are what `json` takes, or `Json` within the elements of an iterator.
    """
    opening = Markup("{")
    for name, value in sorted(document.items()):
        yield opening + _safe([name])[1:-1] + Markup(":")
        yield from _array(iter(value)) if isinstance(value, list | Iterator) else [_safe(value)]
        opening = Markup(",")
    yield Markup("}")


def _array(elements: Iterator[Any]) -> Iterator[Markup]:
    opening = Markup("[")
    while some := list(islice(elements, _AT_ONCE)):
        yield opening + _safe(some)[1:-1]
        opening = Markup(",")
    yield Markup("[]") if opening == "[" else Markup("]")


def _safe(value: Any) -> Markup:
    return htmlsafe_json_dumps(value, _dumps)


def _dumps(value: Any) -> str:
    if isinstance(value, Json):
        return value
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"[{','.join(map(_dumps, value))}]"
    if isinstance(value, dict):
        members = (f"{_encoded(name)}:{_dumps(each)}" for name, each in sorted(value.items()))
        return f"{{{','.join(members)}}}"
    return _encoded(value)


_encoded = json.JSONEncoder(separators=(",", ":")).encode
