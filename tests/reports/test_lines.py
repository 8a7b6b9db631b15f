"""Nothing acts upon a text from Azure, wherever it is printed: no terminal, no log reader, no CI runner."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.writing.lines import harmless

PARTS = st.sampled_from(
    [
        "::error::",
        "::set-output name=a::",
        "##vso[",
        "##[error]",
        "#",
        ":",
        "\x1b[2J",
        "\n",
        "\r",
        "a",
        " ",
        "::1",
    ]
)
NASTY = st.lists(PARTS | st.characters(), max_size=8).map("".join)

GITHUB = re.compile(r"::[A-Za-z-]+(\s.*)?::")
RUNNERS = re.compile(r"##\w*\[")


@given(text=NASTY)
def test_every_text_is_one_line_that_nothing_acts_upon(text: str) -> None:
    line = harmless(text)
    assert len(line.splitlines()) <= 1
    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(line) & set("\u200b\u200e\u200f\u202e\u2066\u2069\ufeff\U000e0041")
    assert not GITHUB.search(line)
    assert not RUNNERS.search(line)
    assert harmless(line) == line


@pytest.mark.parametrize(
    "text",
    ["prod", "::/0", "::1 and ::ffff:1.2.3.4", "a::b", "## heading", "Größe 日本 👩‍💻", "C:\\u001b", "a – b"],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_an_escape_names_the_character() -> None:
    assert harmless("a\x1b[2Jb\nc\u202ed\U000e0041") == "a\\u001b[2Jb\\u000ac\\u202ed\\U000e0041"
    assert harmless("x\n::error::y") == "x\\u000a\\u003a:error::y"
    assert harmless("##vso[task.complete]") == "\\u0023#vso[task.complete]"
