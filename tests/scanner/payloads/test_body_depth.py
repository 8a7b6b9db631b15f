"""JSON that is nested too deep is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.payloads.bodies import MAX_DEPTH, is_too_deep, parsed
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted

STRAYS = "[{" * MAX_DEPTH


def nested(depth: int, innermost: Any) -> Any:
    document = innermost
    for _ in range(depth):
        document = {"systemData": document, "aside": [{"b": {}}]}
    return document


@pytest.mark.parametrize("innermost", [1, "ann@example.com", STRAYS])
def test_what_is_reasonably_deep_is_read_and_what_is_not_is_no_answer(innermost: Any) -> None:
    assert parsed(json.dumps(nested(MAX_DEPTH - 3, innermost)).encode()) is not None
    for depth in (2 * MAX_DEPTH + 1, 400, 700, 900, 100_000):
        body = b'{"a":' * depth + json.dumps(innermost).encode() + b"}" * depth
        assert parsed(body) is None


def test_brackets_in_texts_are_no_depth() -> None:
    document = [{"message": STRAYS} for _ in range(100)]
    assert not is_too_deep(json.dumps(document).encode(), document)


@given(
    st.recursive(
        st.text(alphabet='[]{}"\\a'), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_shallow_document_is_called_deep(document: Any) -> None:
    assert not is_too_deep(json.dumps(document).encode(), document)


def test_whatever_is_read_can_be_redacted() -> None:
    for depth in range(1, 1000, 37):
        body = b'{"systemData":' * depth + b'"ann@example.com"' + b"}" * depth
        kept, _ = redacted(body, parsed(body), Pseudonyms())
        assert parsed(body) is None or b"ann@" not in kept
