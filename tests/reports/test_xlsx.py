"""`report.xlsx`, read by openpyxl."""

from __future__ import annotations

import os
import time
import zipfile
from functools import cache
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from reports.formats.xlsx import files
from reports.formats.xlsx_rows import MOST_UNITS, fitting
from reports.writing.encoding import REPLACEMENT
from tests.support.audits.audits import written
from tests.support.audits.formats import LONE_SURROGATE, NAMES, count, file, rich_audit

SHEETS = ["summary", "findings", "workspaces", "rules", "gaps"]


LISTED = rich_audit().findings[rich_audit().findings["status"].ne("not-applicable")]


@cache
def book(audit: str = "rich") -> Workbook:
    return load_workbook(BytesIO(file("report.xlsx", "xlsx", audit)))


def column(sheet: Worksheet, name: str) -> list[object]:
    """The values below the header of that name."""
    (place,) = (cell.column for cell in sheet[1] if cell.value == name)
    return [row[0] for row in sheet.iter_rows(min_row=2, min_col=place, max_col=place, values_only=True)]


@pytest.mark.parametrize("audit", ["rich", "plain"])
def test_there_is_a_sheet_for_each_table_with_a_frozen_filtered_header(audit: str) -> None:
    assert book(audit).sheetnames == SHEETS
    for name in SHEETS[1:]:
        sheet = book(audit)[name]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold for cell in sheet[1])


def test_every_row_is_there_and_numbers_and_truths_are_not_texts() -> None:
    tables = rich_audit().tables
    frames = [LISTED, tables.workspaces, tables.outbound_rules, tables.gaps]
    assert [book()[name].max_row - 1 for name in SHEETS[1:]] == [len(frame) for frame in frames]
    assert column(book()["findings"], "verdict").count("waived") == count(verdict="waived") > 0
    assert {type(value) for value in column(book()["workspaces"], "outbound_rules")} == {int, type(None)}
    assert set(column(book()["gaps"], "http_status")) == {403}


def test_no_text_is_a_formula_now_or_once_it_is_edited() -> None:
    kinds = {cell.data_type for sheet in book() for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    (name,) = (cell for cell in book()["workspaces"]["B"] if cell.value == "=cmd()")
    assert (name.data_type, name.quotePrefix) == ("s", 1)
    with zipfile.ZipFile(BytesIO(file("report.xlsx", "xlsx"))) as archive:
        sheets = [archive.read(path) for path in archive.namelist() if path.startswith("xl/worksheets/")]
        assert not any("rels" in path for path in archive.namelist() if "worksheets" in path)
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)


def test_hostile_names_come_back_as_they_are_but_for_what_xml_cannot_hold() -> None:
    names = set(column(book()["workspaces"], "workspace"))
    assert {name for name in NAMES if name.isprintable()} <= names
    assert f"{REPLACEMENT}{REPLACEMENT}{REPLACEMENT}]]>&" in names
    assert LONE_SURROGATE.replace("\ud800", REPLACEMENT) in column(book()["findings"], "observed")


def test_severities_have_colours() -> None:
    sheet = book()["findings"]
    told = {
        (str(area.sqref).partition(":")[0], rule.formula[0])
        for area in sheet.conditional_formatting
        for rule in area.rules
    }
    assert {("A2", f'"{name}"') for name in ("critical", "high", "medium", "low", "informational")} < told
    assert [cell.value for cell in sheet[1]][:3] == ["severity", "status", "verdict"]


def test_the_summary_shows_the_source_and_each_verdict() -> None:
    rows = list(book()["summary"].iter_rows(values_only=True))
    assert str(rows[0][0]).startswith("Not Azure: ")
    policies = {
        row[0]: row[1] for row in rows if row[0] in {"base line/1", "strict"} and row[1] == "violated"
    }
    assert len(policies) == 2
    assert any(str(row[1]).startswith("Expired waiver: ") for row in rows)
    assert ("gaps", len(rich_audit().tables.gaps)) in {row[:2] for row in rows}
    assert not str(book("plain")["summary"]["A1"].value).startswith("Not Azure")


def test_rows_that_do_not_fit_are_counted_in_their_sheet_and_in_the_summary() -> None:
    most = int(LISTED["status"].ne("pass").sum()) + 12
    told = load_workbook(BytesIO(written(files(rich_audit(), most_rows=most))["report.xlsx"]))
    (note,) = (cell.value for cell in told["summary"]["A"] if "findings do not fit" in str(cell.value))
    assert str(note).startswith(f"{len(LISTED) - most + 2:,} findings do not fit, the least severe (")
    assert str(note).endswith("findings.parquet has all of them.")
    sheet = told["findings"]
    assert sheet.max_row == most
    assert sheet.cell(most, 1).value == note
    assert sheet.auto_filter.ref == f"A1:O{most - 1}"
    statuses = column(sheet, "status")
    assert statuses[-11:] == ["pass"] * 10 + [None]


def test_findings_that_need_action_go_on_to_another_sheet() -> None:
    told = load_workbook(BytesIO(written(files(rich_audit(), most_rows=40))["report.xlsx"]))
    sheets = [name for name in told.sheetnames if name.startswith("findings")]
    assert sheets == ["findings", *(f"findings {number}" for number in range(2, len(sheets) + 1))]
    found = [str(word) for name in sheets for word in column(told[name], "verdict") if word]
    order = ["violated", "undetermined", "consequence", "waived", "compliant"]
    assert found == sorted(found, key=order.index)
    assert [found.count(word) for word in order[:4]] == [count(verdict=word) for word in order[:4]]
    assert "rules" in told.sheetnames
    (note,) = (cell.value for cell in told["summary"]["A"] if "rows of rules" in str(cell.value))
    assert note == "90 more rows of rules do not fit. outbound_rules.csv has them."


def test_a_sheet_that_is_exactly_full_has_no_note() -> None:
    rows = len(LISTED)
    told = load_workbook(BytesIO(written(files(rich_audit(), most_rows=rows + 1))["report.xlsx"]))
    assert told["findings"].max_row == rows + 1
    assert not any("do not fit" in str(cell.value) for cell in told["summary"]["A"])


def test_a_cell_that_is_too_long_counts_the_missing_characters() -> None:
    assert fitting("x" * MOST_UNITS) == "x" * MOST_UNITS
    for text in ("x" * 40_000, "🦊" * 20_000):
        cut = fitting(text)
        assert len(cut.encode("utf-16-le")) <= MOST_UNITS * 2
        kept, _, rest = cut.partition("… (")
        assert text.startswith(kept)
        assert rest == f"{len(text) - len(kept):,} more characters do not fit)"


def test_the_bytes_do_not_depend_on_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setitem(os.environ, "TZ", "Pacific/Kiritimati")
        time.tzset()
        assert written(files(rich_audit()))["report.xlsx"] == file("report.xlsx", "xlsx")
    finally:
        monkeypatch.undo()
        time.tzset()
