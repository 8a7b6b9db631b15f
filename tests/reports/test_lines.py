"""Nothing acts upon a text from Azure, wherever it is printed: no terminal, no log reader, no CI runner."""

from __future__ import annotations

import json
import re
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.writing.encoding import as_json, for_xml, json_lines, xml_escaped
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
SEEN_BY_NOBODY = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\U000e0041]"
)
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


@given(text=NASTY)
def test_json_has_the_text_and_nothing_that_acts(text: str) -> None:
    (line,) = json_lines([{text: [text]}])
    whole = b"".join(as_json({text: [text]}, levels=2)).decode()
    assert json.loads(line) == {text: [text]}
    assert not SEEN_BY_NOBODY.search(line.removesuffix("\n"))
    assert json.loads(whole) == {_stored(text): [_stored(text)]}
    assert not SEEN_BY_NOBODY.search(whole.replace("\n", ""))


@given(text=NASTY)
def test_xml_has_the_text_and_nothing_that_acts(text: str) -> None:
    element = f"<a>{xml_escaped(text)}</a>"
    assert ElementTree.fromstring(element).text or for_xml(text) == ""
    assert not SEEN_BY_NOBODY.search(element.replace("\n", "").replace("\t", ""))


def _stored(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
