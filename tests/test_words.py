"""The prose of the project uses no banned word. `tests.support.banned_words` lists the places."""

from __future__ import annotations

import pytest

from tests.support.banned_words import banned_in, occurrences, relative_in


def test_no_docstring_no_comment_and_no_page_has_a_banned_word_or_a_relative_clause_in_front() -> None:
    assert list(occurrences()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Azure reports the value.", []),
        ("A page\nTells nothing.", [(1, "Tells")]),
        ("It gave up; nothing is at hand.", [(0, "gave up"), (0, "at hand")]),
        ("The mode `say` is code, and so is ```told```.", []),
        ("Understanding bearers is allowed.", []),
    ],
)
def test_a_banned_word_is_found_outside_code(text: str, found: list[tuple[int, str]]) -> None:
    assert banned_in(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Return what the list shows.", []),
        ("Which workspaces are open?", []),
        ("What was not read is unknown.", [(0, "What was not read is unknown.")]),
        ("A page.\nWhere it is empty, stop.", [(1, "Where it is empty, stop.")]),
        ("Return a number.\n\nHow many rows it has.", [(2, "How many rows it has.")]),
    ],
)
def test_a_sentence_that_starts_with_a_relative_clause_is_found(
    text: str, found: list[tuple[int, str]]
) -> None:
    assert relative_in(text) == found
