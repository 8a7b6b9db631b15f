"""The prose of the project uses no banned word. `tests.support.banned_words` lists the places."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.banned_words import banned_in, occurrences

ALLOWED = {
    "CHANGELOG.md": 14,
    "SECURITY.md": 10,
    "cassettes": 6,
    "docs": 50,
}
"""The banned words that a folder or page may still have. A folder that is not here has none."""


def folder_of(occurrence: str) -> str:
    """Return the folder of a page, or the first two folders of a module."""
    file = occurrence.partition(":")[0]
    folder = "/".join(file.split("/")[:-1][:2])
    return folder or file


def test_no_folder_has_more_or_fewer_banned_words_than_it_is_allowed() -> None:
    counted = Counter(folder_of(each) for each in occurrences())
    assert dict(counted) == ALLOWED, (
        "rewrite the new sentences, or lower the number of a folder that improved"
    )


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
