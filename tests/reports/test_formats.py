"""Properties of all formats, and the choice of formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.errors import ReportError
from reports.formats.names import DEFAULT, chosen
from reports.formats.registry import RENDERERS, rendered, write
from reports.writing.encoding import REPLACEMENT, as_json, for_xml
from tests.support.audits.formats import LONE_SURROGATE, file, plain_audit, rich_audit

FILES = {
    "json": ["report.json"],
    "sarif": ["report.sarif"],
    "ocsf": ["report.ocsf.jsonl"],
    "oscal": ["report.oscal-plan.json", "report.oscal.json"],
    "junit": ["junit.xml"],
    "markdown": ["summary.md"],
    "xlsx": ["report.xlsx"],
}


@pytest.mark.parametrize("name", FILES)
def test_a_format_writes_its_files_and_the_same_bytes_twice(name: str) -> None:
    again = {path: b"".join(chunks) for path, chunks in RENDERERS[name](rich_audit()).items()}
    assert sorted(again) == FILES[name]
    assert {path: file(path, name) for path in FILES[name]} == again
    assert sorted(RENDERERS[name](plain_audit())) == FILES[name]


@pytest.mark.parametrize("name", sorted(set(FILES) - {"xlsx"}))
def test_a_text_format_is_utf8_with_line_feeds_and_warns_that_it_is_not_azure(name: str) -> None:
    for path in FILES[name]:
        text = file(path, name).decode("utf-8", errors="strict")
        assert "\r" not in text
        assert text.endswith("\n")
        told = ("Not Azure", "not Azure", '"is_azure":false')
        assert any(word in text for word in told)
        assert not any(word in file(path, name, "plain").decode() for word in told)


def test_the_formats_of_a_run_are_in_one_folder(tmp_path: Path) -> None:
    folder = write(plain_audit(), tmp_path / "report", ["json,sarif", "oscal"])
    written = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    named = ["report.json", "report.oscal-plan.json", "report.oscal.json", "report.sarif"]
    assert written == ["findings.parquet", *named]


def test_formats_are_separated_by_commas_or_repeated() -> None:
    assert chosen(["html,csv", " JSON , csv"]) == ("html", "csv", "json")
    assert chosen([]) == DEFAULT == ("html", "csv")


@pytest.mark.parametrize("word", ["pdf", "html,", "", "html;csv"])
def test_an_unknown_format_is_refused_with_the_known_ones(word: str) -> None:
    with pytest.raises(
        ReportError, match="Formats: html, csv, json, sarif, ocsf, oscal, junit, markdown, xlsx"
    ):
        chosen(["json", word])


def test_what_is_rendered_has_no_name_twice() -> None:
    files = rendered(plain_audit(), RENDERERS)
    assert len(files) == 1 + sum(len(render(plain_audit())) for render in RENDERERS.values())


def test_json_has_a_line_for_each_element_and_no_lone_surrogate() -> None:
    text = b"".join(as_json({"a": [{"b": [1, 2]}, {}], "c": iter([LONE_SURROGATE])}, levels=2)).decode()
    assert text.splitlines() == [
        "{",
        '"a":[',
        '{"b":[1,2]},',
        "{}",
        "],",
        '"c":[',
        f'"mlw-{REPLACEMENT}-lone"',
        "]",
        "}",
    ]
    assert json.loads(text)["a"] == [{"b": [1, 2]}, {}]
    assert json.loads(b"".join(as_json(lambda: iter([]), levels=1))) == []


def test_what_json_cannot_hold_is_an_error_and_what_xml_cannot_is_replaced() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(as_json({"score": float("nan")}, levels=1))
    assert for_xml("a\x00b\ud800c\tdé\ufffe") == f"a{REPLACEMENT}b{REPLACEMENT}c\tdé{REPLACEMENT}"
