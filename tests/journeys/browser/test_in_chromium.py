"""The page in a real browser: it works by keyboard, loads nothing, and runs no code but its own."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.support.report_audits import CHECKS, audit_of, html_of, waiver
from tests.support.report_inventory import with_inventory
from tests.support.report_tenants import tenant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser


@cache
def report() -> bytes:
    tables = with_inventory(tenant(25))
    waivers = [waiver("OBR", "*fqdn-0"), waiver("PEP001", expires="2026-01-31"), waiver("MVN001", "gone")]
    return html_of(audit_of(tables, {"baseline": CHECKS, "strict": CHECKS[:1]}, waivers=waivers)).encode()


def shown(page: Page) -> list[str]:
    return page.locator("#workspace-table > tbody > tr:visible .toggle .name").all_inner_texts()


def open_first_failure(page: Page) -> None:
    page.locator(".toggle", has_text="mlw-fraud-0000").first.click()
    page.locator(".finding.fail", has_text="NET001").locator(".fix > summary").click()


def test_it_opens_without_errors_or_requests_and_counts_what_it_shows(browser_page: Opener) -> None:
    page = browser_page(report())
    assert page.locator("#found").inner_text().startswith("27 of 27 workspaces")


def test_search_finds_names_rules_and_failing_checks(browser_page: Opener) -> None:
    page = browser_page(report())
    page.keyboard.press("/")
    page.keyboard.type("churn 0006")
    assert shown(page) == ["mlw-churn-0006"]
    assert page.locator("#found").inner_text().startswith("1 of 27 workspaces")
    page.fill("#search", "packages.contoso.example")
    assert 0 < len(shown(page)) < 27
    page.fill("#search", "no such thing")
    assert page.locator("#none-found").is_visible()
    page.keyboard.press("Escape")
    assert len(shown(page)) == 27


def test_filters_narrow_the_table_together(browser_page: Opener) -> None:
    page = browser_page(report())
    page.select_option("#mode", "AllowOnlyApprovedOutbound")
    approved = len(shown(page))
    page.select_option("#status", "fail")
    page.select_option("#severity", "high")
    page.select_option("#family", "NET")
    page.select_option("#subscription", label="Contoso Retail 0")
    assert 0 < len(shown(page)) < approved < 27
    page.click(".filters button[type=reset]")
    assert len(shown(page)) == 27


def test_severity_and_status_must_hold_for_one_finding(browser_page: Opener) -> None:
    page = browser_page(report())
    page.select_option("#status", "fail")
    page.select_option("#severity", "critical")
    critical = page.locator("tr:has(.tally:not([hidden]) .critical) .toggle .name")
    assert set(shown(page)) == set(critical.all_inner_texts())


def test_a_cell_of_the_heat_map_filters(browser_page: Opener) -> None:
    page = browser_page(report())
    page.locator("#heat a[data-family=NET]:visible").first.click()
    assert page.input_value("#family") == "NET"
    assert 0 < len(shown(page)) < 27


def test_the_policy_chosen_decides_counts_and_findings(browser_page: Opener) -> None:
    page = browser_page(report())
    all_findings = page.locator("#found").inner_text()
    page.locator(".toggle").first.click()
    page.select_option("#policy", label="strict")
    assert page.locator("#found").inner_text() != all_findings
    assert set(page.locator("tr.detail .finding .checkid").all_inner_texts()) <= {"NET001"}
    assert (
        page.locator("#heat th", has_text="OBR").count()
        == page.locator("#heat [hidden] th", has_text="OBR").count()
    )


def test_columns_sort_both_ways_and_show_the_direction(browser_page: Opener) -> None:
    page = browser_page(report())
    head = page.locator("th", has=page.get_by_role("button", name="Workspace", exact=True))
    head.get_by_role("button").click()
    ascending = shown(page)
    assert ascending == sorted(ascending, key=str.lower)
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert shown(page) == ascending[::-1]
    assert head.get_attribute("aria-sort") == "descending"


def test_numbers_sort_as_numbers_and_unknown_comes_last(browser_page: Opener) -> None:
    page = browser_page(report())
    page.get_by_role("button", name="Rules").click()
    page.get_by_role("button", name="Rules").click()
    cells = page.locator("#workspace-table > tbody > tr > td[data-label=Rules]").all_inner_texts()
    numbers = [int(cell) for cell in cells if cell.strip().isdigit()]
    assert numbers == sorted(numbers, reverse=True)
    assert [cell.strip() for cell in cells[len(numbers) :]] == ["unknown"] * (len(cells) - len(numbers))


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_row_opens_and_closes_by_keyboard(browser_page: Opener, key: str) -> None:
    page = browser_page(report())
    button = page.locator(".toggle").first
    button.focus()
    page.keyboard.press(key)
    assert button.get_attribute("aria-expanded") == "true"
    assert page.locator("tr.detail").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator("tr.detail").count() == 0
    assert button.evaluate("button => button === document.activeElement")


def test_the_fix_names_the_workspace_and_can_be_copied(browser_page: Opener) -> None:
    page = browser_page(report())
    open_first_failure(page)
    finding = page.locator(".finding.fail", has_text="NET001")
    words = shlex.split(finding.locator("pre").inner_text())
    assert words[words.index("--name") + 1] == "mlw-fraud-0000"
    assert "Before you run this" in finding.inner_text()
    finding.get_by_role("button", name="Copy").click()
    finding.get_by_role("button", name="Copied").wait_for()
    assert shlex.split(page.evaluate("navigator.clipboard.readText()")) == words


def test_a_finding_has_the_command_that_shows_its_evidence(browser_page: Opener) -> None:
    audit = audit_of(with_inventory(tenant(2)), {"baseline": CHECKS})
    page = browser_page(html_of(audit).encode())
    page.locator(".toggle").first.click()
    assert page.locator(".finding").count()
    assert not page.locator(".evidence").count()
    page = browser_page(html_of(replace(audit, root_digest="0" * 64)).encode())
    page.locator(".toggle").first.click()
    workspace = page.locator(".identity .id").first.inner_text()
    commands = [shlex.split(each) for each in page.locator(".evidence pre").all_text_contents()]
    assert len(commands) == page.locator(".finding").count()
    assert all(
        words[:3] == ["azml-audit", "trace", "BUNDLE"] and words[3] in audit.checks for words in commands
    )
    known = set(audit.findings["resource_id"])
    assert {words[4] for words in commands} <= known
    assert workspace in {words[4] for words in commands}


def test_the_fix_is_given_in_the_language_chosen(browser_page: Opener) -> None:
    page = browser_page(report())
    open_first_failure(page)
    finding = page.locator(".finding.fail", has_text="NET001")
    finding.get_by_role("button", name="Bicep").click()
    assert "name: 'mlw-fraud-0000'" in finding.locator("pre").inner_text()
    finding.get_by_role("button", name="Terraform").click()
    assert '= "mlw-fraud-0000"' in finding.locator("pre").inner_text()


def test_a_link_to_a_workspace_opens_it(browser_page: Opener) -> None:
    page = browser_page(report())
    page.locator(".toggle").nth(5).click()
    fragment = page.locator("tr.detail .identity a").get_attribute("href")
    linked = browser_page(report(), fragment=fragment or "")
    assert linked.locator("tr.open .name").inner_text() == page.locator("tr.open .name").inner_text()


def test_opening_all_is_bounded(browser_page: Opener) -> None:
    page = browser_page(html_of(audit_of(tenant(60))).encode())
    assert page.locator("#open-shown").inner_text() == "Open the first 50"
    page.click("#open-shown")
    assert page.locator("tr.detail").count() == 50
    page.click("#close-all")
    assert page.locator("tr.detail").count() == 0


COLOURS = """() => [...document.querySelectorAll(
    "p, td, th, dt, dd, a, button, label, summary, h1, h2, h3, h4, bdi, span, b, code, i"
)].filter((each) => each.checkVisibility() && each.textContent.trim()).map((each) => {
    let under = each;
    while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)" && under.parentElement) {
        under = under.parentElement;
    }
    const what = each.className + " " + each.textContent.trim().slice(0, 40);
    return [getComputedStyle(each).color, getComputedStyle(under).backgroundColor, what];
})"""


def luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_both_schemes(browser_page: Opener, scheme: str) -> None:
    page = browser_page(report(), color_scheme=scheme)
    open_first_failure(page)
    texts = page.evaluate(COLOURS)
    faint = {(what, ink, paper) for ink, paper, what in texts if contrast(ink, paper) < 4.5}
    assert len(texts) > 500
    assert not faint


def test_the_dark_scheme_is_dark(browser_page: Opener) -> None:
    page = browser_page(report(), color_scheme="dark")
    assert luminance(page.evaluate("getComputedStyle(document.body).backgroundColor")) < 0.05


def test_print_shows_what_is_open_and_no_controls(browser_page: Opener) -> None:
    page = browser_page(report())
    open_first_failure(page)
    page.emulate_media(media="print")
    assert page.locator("tr.detail pre").first.is_visible()
    assert not page.locator(".filters").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_is_never_wider_than_its_window(browser_page: Opener, width: int) -> None:
    page = browser_page(report(), viewport={"width": width, "height": 900})
    open_first_failure(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_every_workspace_is_still_there(browser_page: Opener) -> None:
    page = browser_page(report(), java_script_enabled=False)
    assert page.locator("noscript p, .banner").first.is_visible()
    assert page.locator("#workspace-table > tbody > tr").count() == 27
    assert not page.locator(".filters").is_visible()
    assert page.locator(".tally .of", has_text="strict").first.is_visible()
