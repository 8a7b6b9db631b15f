"""The page in a real browser: the table, its facets and the URL work by mouse, keyboard and link."""

from __future__ import annotations

import csv
import io
import re
import shlex
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from checks.engine.finding_ids import finding_id
from checks.registry import registry
from tests.support.audits.audits import CHECKS, audit_of, html_of, waiver
from tests.support.audits.histories import history
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import tenant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser


@cache
def report() -> bytes:
    tables = with_inventory(tenant(25))
    waivers = [waiver("OBR", "*fqdn-0"), waiver("PEP001", expires="2026-01-31"), waiver("MVN001", "gone")]
    return html_of(audit_of(tables, {"baseline": CHECKS, "strict": CHECKS[:1]}, waivers=waivers)).encode()


@cache
def large_report() -> bytes:
    checks = dict.fromkeys(("baseline", "data-exfiltration"), tuple(registry().values()))
    return html_of(audit_of(with_inventory(tenant(1000, subscriptions=40, rules=12)), checks)).encode()


def ready(page: Page) -> Page:
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def shown(page: Page) -> list[str]:
    return page.locator("#workspace-table tbody .name").all_inner_texts()


def found(page: Page) -> str:
    return page.locator("#found").inner_text()


def facet(page: Page, name: str, value: str) -> None:
    box = page.locator(f"#facet-{name}")
    if not box.evaluate("box => box.open"):
        box.locator("summary").click()
    box.locator("li", has=page.locator(f"input[value='{value}']")).locator("input").click()


def open_workspace(page: Page, name: str) -> None:
    page.locator("#workspace-table a.name", has_text=name).first.click()


def open_first_failure(page: Page) -> None:
    open_workspace(page, "mlw-fraud-0000")
    page.locator(".finding.fail", has_text="NET001").locator(".fix > summary").first.click()


def test_it_opens_without_errors_or_requests_and_counts_what_it_shows(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    assert found(page) == "27 of 27 workspaces"
    assert len(shown(page)) == 27


def test_search_finds_names_rules_checks_and_values_of_facets(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    page.keyboard.press("/")
    page.keyboard.type("churn 0006")
    assert shown(page) == ["mlw-churn-0006"]
    page.fill("#search", "packages.contoso.example")
    assert 0 < len(shown(page)) < 27
    page.fill("#search", "outbound:internet check:NET001")
    assert 0 < len(shown(page)) < 27
    page.fill("#search", "no such thing")
    assert page.locator("#none-found").is_visible()
    page.keyboard.press("Escape")
    assert len(shown(page)) == 27


def test_facets_narrow_together_and_count_what_a_click_would_leave(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    facet(page, "inbound", "public")
    public = len(shown(page))
    count = page.locator("#facet-outbound li", has_text="internet").locator(".count").inner_text()
    facet(page, "outbound", "internet")
    assert len(shown(page)) == int(count)
    assert 0 < len(shown(page)) < public < 27
    page.click("#reset")
    assert len(shown(page)) == 27


def test_a_severity_counts_workspaces_with_a_violation_of_it(browser_page: Opener) -> None:
    audit = audit_of(with_inventory(tenant(25)), waivers=[waiver("NET001", "*fraud*")])
    page = ready(browser_page(html_of(audit).encode()))
    violated = audit.findings[audit.findings["verdict"].eq("violated")]
    for severity, rows in violated.groupby("severity", observed=True):
        line = page.locator("#facet-severity li", has=page.locator(f"input[value='{severity}']"))
        assert line.locator(".count").inner_text() == str(rows["workspace_id"].nunique())


def test_the_url_has_the_whole_state_and_back_and_a_pasted_link_work(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    facet(page, "inbound", "public")
    page.fill("#search", "mlw")
    page.get_by_role("button", name="Workspace", exact=True).click()
    before = shown(page)
    fragment = page.evaluate("location.hash")
    open_workspace(page, before[0])
    assert page.locator("#workspace-title").inner_text() == before[0]
    page.go_back()
    assert page.locator("#workspace").is_hidden()
    assert shown(page) == before
    page.reload()
    assert shown(ready(page)) == before
    linked = ready(browser_page(report(), fragment=fragment))
    assert shown(linked) == before
    assert linked.input_value("#search") == "mlw"
    assert linked.locator("[aria-sort=ascending]").inner_text().startswith("Workspace")


def test_a_link_to_a_part_of_the_page_keeps_the_filters(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    facet(page, "inbound", "public")
    public = shown(page)
    page.locator("nav a", has_text="Controls").click()
    assert shown(page) == public
    assert "inbound=public" in page.evaluate("location.hash")


def test_a_finding_opens_by_its_stable_id(browser_page: Opener) -> None:
    audit = audit_of(with_inventory(tenant(25)), {"baseline": CHECKS})
    violated = audit.findings[audit.findings["verdict"].eq("violated")].sample(5, random_state=1)
    for row in violated.to_dict("records"):
        id = finding_id(row["check_id"], row["resource_id"], row["workspace_id"])
        page = ready(browser_page(html_of(audit).encode(), fragment=f"#finding-{id}"))
        article = page.locator(f"#finding-{id}")
        assert row["check_id"] in article.inner_text()
        assert page.locator("#workspace .id").first.inner_text().lower() == row["workspace_id"].lower()


def test_a_cell_of_the_fleet_filters(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    cell = page.locator(".map td a").first
    count = int(cell.locator("b").inner_text())
    cell.click()
    page.wait_for_function(f"document.getElementById('found').textContent.startsWith('{count} of')")
    assert len(shown(page)) == count


def test_the_policy_chosen_decides_counts_and_findings(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    open_workspace(page, "mlw-fraud-0000")
    page.select_option("#policy", label="strict")
    assert set(page.locator(".finding .checkid").all_inner_texts()) <= {"NET001"}
    assert "policy=strict" in page.evaluate("location.hash")
    assert page.locator("#facet-severity li").count() == 1


def test_columns_sort_both_ways_and_unknown_comes_last(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    head = page.locator("th", has=page.get_by_role("button", name="Rules"))
    for direction in ("ascending", "descending"):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        cells = page.locator("#workspace-table td[data-label=Rules]").all_inner_texts()
        numbers = [int(cell) for cell in cells if cell.strip().isdigit()]
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert set(cells[len(numbers) :]) == {"unknown"}


def test_the_view_is_saved_as_csv(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    facet(page, "inbound", "public")
    with page.expect_download() as download:
        page.click("#csv")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert [row["workspace"] for row in rows] == shown(page)
    assert {row["inbound"] for row in rows} == {"public"}


def test_a_workspace_opens_and_closes_by_keyboard(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    link = page.locator("#workspace-table a.name").first
    link.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "workspace-title"
    page.keyboard.press("Escape")
    assert page.locator("#workspace").is_hidden()
    assert link.evaluate("link => link.textContent === document.activeElement.textContent")


def test_the_search_is_within_a_dozen_tabs(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reached = []
    for _ in range(2, 12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert "search" in reached


def test_the_fix_names_the_workspace_and_can_be_copied(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    open_first_failure(page)
    finding = page.locator(".finding.fail", has_text="NET001")
    pre = finding.locator("pre").first
    words = shlex.split(pre.inner_text())
    assert words[words.index("--name") + 1] == "mlw-fraud-0000"
    assert "Before you run this" in finding.inner_text()
    finding.get_by_role("button", name="Copy", exact=True).click()
    finding.get_by_role("button", name="Copied").wait_for()
    assert shlex.split(page.evaluate("navigator.clipboard.readText()")) == words
    finding.get_by_role("button", name="Bicep").click()
    assert "name: 'mlw-fraud-0000'" in pre.inner_text()
    finding.get_by_role("button", name="Terraform").click()
    assert '= "mlw-fraud-0000"' in pre.inner_text()


@pytest.mark.parametrize("what", ["commands", "as ticket", "as waiver"])
def test_each_of_the_five_fixes_is_copied(browser_page: Opener, what: str) -> None:
    page = ready(browser_page(report()))
    fix = page.locator(".plan li").first
    fix.get_by_role("button", name=f"Copy {what}").click()
    fix.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert {"commands": "az ml", "as ticket": "## ", "as waiver": "waivers:"}[what] in copied


def test_a_finding_has_the_command_that_shows_its_evidence(browser_page: Opener) -> None:
    audit = audit_of(with_inventory(tenant(2)), {"baseline": CHECKS})
    page = ready(browser_page(html_of(audit).encode()))
    page.locator("#workspace-table a.name").first.click()
    assert page.locator(".finding").count()
    assert not page.locator(".evidence").count()
    page = ready(browser_page(html_of(replace(audit, root_digest="0" * 64)).encode()))
    page.locator("#workspace-table a.name").first.click()
    commands = [shlex.split(each) for each in page.locator(".evidence pre").all_text_contents()]
    assert len(commands) == page.locator(".finding").count()
    known = set(audit.findings["resource_id"])
    assert all(words[:3] == ["azml-audit", "trace", "BUNDLE"] and words[4] in known for words in commands)


def test_the_picture_is_small_and_described(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    for name in ("mlw-fraud-0000", "mlw-churn-0001", "project-0"):
        open_workspace(page, name)
        picture = page.locator("#workspace svg.picture")
        assert len(picture.evaluate("svg => svg.outerHTML").encode()) <= 6_000
        assert picture.get_attribute("viewBox") == "0 0 600 260"
        story = picture.get_attribute("aria-label") or ""
        assert re.match(r"In: .+\. Inside: .+\. Out: .+\. Behind: .+\.", story)
        is_unread = name == "mlw-fraud-0000"
        assert ("Inside: computes not read" in story) == is_unread


def test_the_dark_scheme_is_dark(browser_page: Opener) -> None:
    page = ready(browser_page(report(), color_scheme="dark"))
    channels = re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert max(map(int, channels[:3])) < 60


def test_print_lists_every_violation_and_no_controls(browser_page: Opener) -> None:
    page = ready(browser_page(report()))
    open_first_failure(page)
    assert page.locator("#violations").count() == 0
    page.emulate_media(media="print")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.locator("#violations li").count() > 50
    assert page.locator("svg.picture").is_visible()
    assert not page.locator("#search").is_visible()
    assert not page.locator("nav").is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_never_wider_than_its_window(browser_page: Opener, width: int) -> None:
    page = ready(browser_page(report(), viewport={"width": width, "height": 900}))
    open_first_failure(page)
    page.fill("#reach-input", "pypi.org")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_every_workspace_and_every_violation_is_there(browser_page: Opener) -> None:
    page = browser_page(report(), java_script_enabled=False)
    assert page.locator("#workspace-table tbody tr").count() == 27
    assert page.locator("#violations li").count() > 50
    assert not page.locator("#search").is_visible()
    assert page.locator(".tally", has_text="strict").first.is_visible()


def test_a_thousand_workspaces_are_a_small_page_of_few_nodes(browser_page: Opener) -> None:
    content = large_report()
    assert len(content) < 10_000_000
    page = ready(browser_page(content))
    assert found(page) == "1,111 of 1,111 workspaces"
    assert page.evaluate("document.querySelectorAll('*').length") < 20_000
    assert 20 < len(shown(page)) < 100
    page.fill("#search", "storage-0999")
    assert shown(page) == ["mlw-nlp-0999"]
    open_workspace(page, "mlw-nlp-0999")
    assert page.locator("#workspace .findings").is_visible()


def test_scrolling_a_long_table_shows_every_workspace(browser_page: Opener) -> None:
    page = ready(browser_page(large_report()))
    page.get_by_role("button", name="Workspace", exact=True).click()
    seen = set(shown(page))
    for _ in range(200):
        at_end = page.locator(".list").evaluate(
            "list => { list.scrollTop += 500; return list.scrollTop + list.clientHeight >= list.scrollHeight - 1; }"
        )
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seen |= set(shown(page))
        if at_end:
            break
    assert len(seen) == 1111


def test_an_opened_finding_shows_since_when(browser_page: Opener) -> None:
    audit = audit_of(with_inventory(tenant(25)), {"baseline": CHECKS})
    page = ready(browser_page(html_of(replace(audit, history=history(audit))).encode()))
    page.locator("#workspace-table a.name").first.click()
    facts = page.locator("#workspace .finding.fail dl.facts").first.inner_text()
    assert re.search(r"Open\s+at least since 2026-03-02", facts)
