"""JSON bodies are read as the standard library reads them, and survive writing and reading."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scanner.payloads.bodies import parsed, written

ANY_TEXT = st.text(st.characters(codec=None))
"""Texts with half a surrogate pair too, because JSON can contain one."""
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=20,
)


def spelled(value: Any) -> str:
    """Return the value with its types, because 1, 1.0 and true are equal in Python."""
    return ascii(value)


@given(ANY_JSON, st.booleans())
def test_a_document_is_read_to_the_last_digit(document: Any, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert spelled(parsed(body)) == spelled(document)


@given(ANY_JSON)
def test_what_is_written_is_read_back(document: Any) -> None:
    text = written(document)
    assert spelled(parsed(text)) == spelled(document)
    assert b"\n" not in text


@given(st.binary() | ANY_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_what_the_standard_library_says_or_nothing(body: bytes) -> None:
    try:
        expected = json.loads(body)
    except ValueError:
        expected = None
    assume("nan" not in spelled(expected))
    assume("inf" not in spelled(expected))
    assert spelled(parsed(body)) == spelled(expected)


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (
            b"[123456789012345678901234567890, -9223372036854775809]",
            [123456789012345678901234567890, -(2**63) - 1],
        ),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"\xef\xbb\xbf[1]", [1]),
        ("[1]".encode("utf-16"), [1]),
        (b'["\\ud800"]', ["\ud800"]),
        (b"[1.0, 1e3, -0.0]", [1.0, 1000.0, -0.0]),
    ],
)
def test_what_people_and_proxies_send(body: bytes, document: Any) -> None:
    assert spelled(parsed(body)) == spelled(document)


@pytest.mark.parametrize("body", [b"NaN", b"[-Infinity]", b"[1e400]", b"[1] x", b"", b"<html>"])
def test_what_is_no_json_is_nothing(body: bytes) -> None:
    assert parsed(body) is None
