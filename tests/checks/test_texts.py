from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.texts import filled, literal, names_in, partly_filled

TEXT = st.text(st.sampled_from("{}ab_ \ue000é"), max_size=12)


@given(text=TEXT)
def test_a_literal_text_is_shown_as_it_is(text: str) -> None:
    assert names_in(literal(text)) == set()
    assert filled(literal(text), {}) == text


@given(one=TEXT, other=TEXT)
def test_values_are_never_filled_in_again(one: str, other: str) -> None:
    half = partly_filled("{a} and {b} of {{a}}", {"a": one})
    assert names_in(half) == {"b"}
    assert filled(half, {"b": other}) == f"{one} and {other} of {{a}}"


@pytest.mark.parametrize("text", ["{", "}", "{ rule }", "{Rule}", "{rule!r}", "{0}", '{"a": 1}'])
def test_braces_around_what_is_no_name_are_kept(text: str) -> None:
    assert names_in(text) == set()
    assert filled(text, {}) == text
