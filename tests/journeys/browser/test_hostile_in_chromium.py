"""Every field that an attacker can fill is shown as text, and becomes no formula in a spreadsheet."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
import yaml

from checks.registry import registry
from reports.audit import Audit
from reports.formats import csv_report, xlsx
from reports.literals import bicep_literal
from scanner.audit import audited
from scanner.policies import loaded
from tests.support.audits.audits import audit_of, html_of, written
from tests.support.audits.tenants import HOSTILE_NAMES, hostile_tenant, tenant
from tests.support.tables.hostile import fields, hostile_tables, mark

if TYPE_CHECKING:
    from tests.conftest import Opener

MARKUP = """"'`--></script></template></title><img src=x onerror="window.ran=1"><svg onload="window.ran=1">"""
FORMULA = "=cmd|' /C calc'!A0"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def hostile_audit(folder: Path, attack: str) -> Audit:
    """Return an audit in which every text of the tables and of the policy is an attack."""
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
    page.wait_for_selector("html[data-ready]", state="attached")
    before = page.evaluate(ODDITIES)
    page.click("#show-annex")
    text = page.locator("body").text_content() or ""
    for link in page.locator("#workspace-table a.name").all():
        link.click()
        text += page.locator("#workspace").text_content() or ""
    assert page.evaluate(ODDITIES) == before == []
    assert page.evaluate("window.ran") is None
    assert page.locator("script").count() == 1
    seen = {field for field in fields() if f"{MARKUP} {mark(*field)}" in text}
    assert len(seen) > 50
    assert {("workspaces", "workspace"), ("outbound_rules", "destination"), ("gaps", "message")} < seen
    words = [("policy", "description"), ("waiver", "reason"), ("waiver", "approver"), ("audit", "source")]
    assert [mark(*word) for word in words if f"{MARKUP} {mark(*word)}" not in text] == []


def test_no_field_becomes_a_formula_in_a_csv_file(tmp_path: Path) -> None:
    files = written(csv_report.files(hostile_audit(tmp_path, FORMULA)))
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


@pytest.mark.browser
def test_hostile_names_are_shown_and_run_nothing(browser_page: Opener) -> None:
    page = browser_page(html_of(audit_of(hostile_tenant())).encode())
    page.wait_for_selector("html[data-ready]", state="attached")
    names = page.locator("#workspace-table .name").all_text_contents()
    assert set(HOSTILE_NAMES) <= set(names)
    for name in HOSTILE_NAMES:
        page.locator("#workspace-table a.name", has_text=name).first.click()
        assert page.locator("#workspace-title").text_content() == name
    page.click("#show-annex")
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 1


ATTEMPTS = (
    """const script = document.createElement("script");
    script.append("window.ran = true");
    document.body.append(script);""",
    """const button = document.createElement("button");
    button.setAttribute("onclick", "window.ran = true");
    document.body.append(button);
    button.click();""",
    """document.body.innerHTML += "<img src=x onerror='window.ran = true'>";""",
    """setTimeout("window.ran = true", 0);""",
)


@pytest.mark.browser
def test_a_script_put_into_the_page_is_blocked(browser_page: Opener) -> None:
    from playwright.sync_api import Error

    page = browser_page(html_of(audit_of(tenant(3))).encode())
    for attempt in ATTEMPTS:
        with contextlib.suppress(Error):
            page.evaluate(attempt)
    assert page.evaluate("window.ran") is None
    assert len(browser_page.problems) >= len(ATTEMPTS)
    assert all(
        re.search("Content Security Policy|TrustedScript|TrustedHTML", each) for each in browser_page.problems
    )
    browser_page.problems.clear()


@pytest.mark.browser
def test_a_request_from_the_page_is_blocked(browser_page: Opener) -> None:
    page = browser_page(html_of(audit_of(tenant(3))).encode())
    outcome = page.evaluate("fetch('https://example.invalid/').then(() => 'sent', () => 'refused')")
    assert outcome == "refused"
    assert all("Content Security Policy" in problem for problem in browser_page.problems)
    browser_page.problems.clear()


@pytest.mark.browser
def test_a_fix_for_a_hostile_name_is_one_literal_in_each_language(browser_page: Opener) -> None:
    page = browser_page(html_of(audit_of(hostile_tenant())).encode())
    name = HOSTILE_NAMES[5]
    page.locator("#workspace-table a.name", has_text=name).first.click()
    finding = page.locator(".finding.fail", has_text="NET001")
    finding.locator(".fix > summary").first.click()
    words = shlex.split(finding.locator("pre").first.inner_text())
    assert words[words.index("--name") + 1] == name
    finding.get_by_role("button", name="Bicep").click()
    assert f"name: {bicep_literal(name)}" in finding.locator("pre").first.inner_text()


@pytest.mark.browser
def test_a_waiver_of_any_resource_is_accepted_in_a_policy(browser_page: Opener, tmp_path: Path) -> None:
    page = browser_page(html_of(audit_of(tenant(3))).encode())
    page.wait_for_selector("html[data-ready]", state="attached")
    names = [*HOSTILE_NAMES, "a[b]*?", 'quote" and \\', "line\nbreak", "tab\t", "nul\0", ": #"]
    copied = page.evaluate("(names) => names.map((name) => azmlAudit.waiverOf('NET001', name))", names)
    for number, text in enumerate(copied):
        policy = tmp_path / f"policy-{number}.yaml"
        policy.write_text(f"version: 1\nname: mine\nextends: baseline\n{text}")
        (made,) = loaded([str(policy)], registry())
        assert len(made.policy.waivers) == 1
