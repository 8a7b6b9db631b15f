"""Whatever field an attacker can name or fill, the page shows it as text; spreadsheets get no formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
import yaml

from checks.registry import registry
from reports.audit import Audit
from reports.formats import xlsx
from reports.tables import csv_text
from scanner.audit import audited
from scanner.policies import loaded
from tests.support.report_audits import html_of, written
from tests.support.tables.hostile import fields, hostile_tables, mark

if TYPE_CHECKING:
    from tests.conftest import Opener

MARKUP = """"'`--></script></template></title><img src=x onerror="window.ran=1"><svg onload="window.ran=1">"""
FORMULA = "=cmd|' /C calc'!A0"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def hostile_audit(folder: Path, attack: str) -> Audit:
    """A policy whose own words are attacks, over tables of attacks."""
    waiver = {"check": "NET001", "resource": "*", "expires": "2027-01-31"}
    words = {name: f"{attack} {mark('waiver', name)}" for name in ("reason", "approver", "ticket")}
    document = {
        "version": 1,
        "name": "hostile",
        "description": f"{attack} {mark('policy', 'description')}",
        "extends": "baseline",
        "waivers": [{**waiver, **words}],
    }
    policy = folder / "hostile.yaml"
    policy.write_text(yaml.safe_dump(document))
    return audited(
        hostile_tables(attack),
        loaded([str(policy)], registry()),
        source=f"{attack} {mark('audit', 'source')}",
        is_azure=False,
        started_at=NOON,
        finished_at=NOON,
    )


ODDITIES = """() => [...document.querySelectorAll("*")].filter((each) =>
    /^(img|iframe|object|embed|base|link)$/i.test(each.tagName) || each.matches("svg:not([class])") ||
    [...each.attributes].some(({name, value}) =>
        /^on/i.test(name) || name === "src" || /^\\s*(javascript|data):/i.test(value))
).map((each) => each.outerHTML.slice(0, 200))"""


@pytest.mark.browser
def test_no_field_becomes_markup(browser_page: Opener, tmp_path: Path) -> None:
    audit = hostile_audit(tmp_path, MARKUP)
    page = browser_page(html_of(audit).encode())
    before = page.evaluate(ODDITIES)
    page.click("#open-shown")
    assert page.locator("tr.detail").count() == len(audit.tables.workspaces)
    assert page.evaluate(ODDITIES) == before == []
    assert page.evaluate("window.ran") is None
    assert page.locator("script").count() == 2
    text = page.locator("body").text_content() or ""
    seen = {field for field in fields() if f"{MARKUP} {mark(*field)}" in text}
    assert len(seen) > 50
    assert {("workspaces", "workspace"), ("outbound_rules", "destination"), ("gaps", "message")} < seen
    words = [("policy", "description"), ("waiver", "reason"), ("waiver", "approver"), ("audit", "source")]
    assert [mark(*word) for word in words if f"{MARKUP} {mark(*word)}" not in text] == []


def test_no_field_becomes_a_formula_in_a_csv_file(tmp_path: Path) -> None:
    files = written(csv_text.files(hostile_audit(tmp_path, FORMULA)))
    cells = [
        cell
        for name, content in files.items()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(content.decode(), newline=""))
        for cell in row
    ]
    assert not [cell for cell in cells if cell.startswith("=")]
    assert len({field for field in fields() if f"'{FORMULA} {mark(*field)}" in cells}) > 50


def test_no_field_becomes_a_formula_in_a_workbook(tmp_path: Path) -> None:
    (content,) = written(xlsx.files(hostile_audit(tmp_path, FORMULA))).values()
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    texts = {cell.value for cell in cells if cell.data_type == "s"}
    assert len({field for field in fields() if f"{FORMULA} {mark(*field)}" in texts}) > 40
