"""Waivers, scores and inventories in a real browser."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from checks.registry import registry
from tests.support.report_audits import CHECKS, audit_of, html_of, waiver
from tests.support.report_inventory import with_inventory
from tests.support.report_tenants import HOSTILE_NAMES, hostile_tenant, tenant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser

POLICIES = {"baseline": CHECKS, "strict": CHECKS[:1]}


@cache
def report() -> bytes:
    waivers = [waiver("NET001", "*fraud-0000", reason="The gateway comes in May."), waiver("OBR", "*fqdn-0")]
    return html_of(audit_of(with_inventory(tenant(25)), POLICIES, waivers=waivers)).encode()


def shown(page: Page) -> list[str]:
    return page.locator("#workspace-table > tbody > tr:visible .toggle .name").all_inner_texts()


def open_workspace(page: Page, name: str) -> None:
    page.locator(".toggle", has_text=name).first.click()


def rows_of(page: Page, label: str) -> list[list[str]]:
    found = page.locator(f"tr.detail [role=region][aria-label='{label}'] tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in found]


def test_a_waived_finding_is_shown_as_such_after_the_fails(browser_page: Opener) -> None:
    page = browser_page(report())
    open_workspace(page, "mlw-fraud-0000")
    finding = page.locator(".finding.fail.waived", has_text="NET001")
    assert finding.locator(".chip").inner_text() == "waived"
    assert "The gateway comes in May. (jane.doe@contoso.example, until 2026-12-31, SEC-1234)" in (
        finding.inner_text()
    )
    headings = [each.partition(" (")[0] for each in page.locator(".findings h4").all_inner_texts()]
    assert headings.index("Waived") == len(headings) - 1
    assert finding.locator(".fix > summary").is_visible()


def test_another_policy_does_not_know_the_waiver(browser_page: Opener) -> None:
    page = browser_page(report())
    open_workspace(page, "mlw-fraud-0000")
    page.select_option("#policy", label="strict")
    assert page.locator(".finding.fail", has_text="NET001").count() == 1
    assert page.locator(".finding.waived").count() == 0


def test_a_row_counts_what_is_waived_apart_from_what_fails(browser_page: Opener) -> None:
    page = browser_page(report())
    row = page.locator("tr", has=page.locator(".toggle", has_text="mlw-fraud-0000")).first
    assert row.locator(".tally:visible span.waived").inner_text() == "1 waived"
    assert row.locator(".tally:visible .high").count() == 0
    page.select_option("#policy", label="strict")
    assert row.locator(".tally:visible .high").inner_text() == "1 high"


def test_the_verdict_waived_can_be_chosen(browser_page: Opener) -> None:
    page = browser_page(report())
    page.select_option("#verdict", "waived")
    page.click("#open-shown")
    found = page.locator("tr.detail .finding")
    assert 0 < len(shown(page)) < 27
    assert found.count() == page.locator("tr.detail .finding.waived").count() > 0
    page.select_option("#policy", label="strict")
    assert shown(page) == []


def test_scores_sort_as_numbers_under_the_policy_chosen(browser_page: Opener) -> None:
    page = browser_page(report())
    button = page.get_by_role("button", name="Score")
    for policy in ("baseline", "strict"):
        page.select_option("#policy", label=policy)
        button.click()
        cells = page.locator("#workspace-table td[data-label=Score] > div:visible").all_inner_texts()
        numbers = [float(cell) for cell in cells if cell != "none"]
        ascending = page.locator("th", has=button).get_attribute("aria-sort") == "ascending"
        assert numbers == sorted(numbers, reverse=not ascending)
        assert len(set(numbers)) > 1
        assert set(cells[len(numbers) :]) <= {"none"}


def test_dependencies_computes_and_endpoints_are_listed(browser_page: Opener) -> None:
    page = browser_page(report())
    open_workspace(page, "mlw-churn-0001")
    dependencies = rows_of(page, "Dependencies")
    assert ["storage", "storage-0001", "read", "Enabled", "Deny", "2"] in dependencies
    assert [row[2] for row in dependencies if row[0] == "registry"] == [
        "could not be read: AuthorizationFailed: no access"
    ]
    computes = rows_of(page, "Computes")
    assert [row[:3] for row in computes] == [
        ["ci", "ComputeInstance", "203.0.113.6"],
        ["cpu", "AmlCompute", "no"],
    ]
    assert rows_of(page, "Online, batch and serverless endpoints")[1] == ["score", "online", "Enabled", "Key"]


def test_what_was_not_collected_or_not_read_is_one_quiet_line(browser_page: Opener) -> None:
    page = browser_page(report())
    open_workspace(page, "mlw-fraud-0000")
    assert (
        page.locator(".quiet").inner_text()
        == (
            "Could not be read: computes. Not collected by the chosen policies: serverless endpoints. "
        ).rstrip()
    )


def test_a_project_shows_the_dependencies_of_its_hub(browser_page: Opener) -> None:
    page = browser_page(report())
    open_workspace(page, "project-0")
    assert len(rows_of(page, "Dependencies of its hub")) == 4


def test_a_long_word_of_azures_breaks_before_a_capital_only(browser_page: Opener) -> None:
    page = browser_page(report())
    open_workspace(page, "mlw-churn-0001")
    value = page.locator("dd bdi", has_text="AllowOnlyApprovedOutbound").first
    assert value.locator("wbr").count() == 3
    assert value.evaluate("value => value.textContent") == "AllowOnlyApprovedOutbound"


@pytest.mark.parametrize("hostile", HOSTILE_NAMES)
def test_a_hostile_waiver_is_shown_and_runs_nothing(browser_page: Opener, hostile: str) -> None:
    waivers = [
        waiver("NET001", reason=hostile),
        waiver("PEP001", reason=hostile, expires="2025-01-31"),
        waiver("MVN001", "nowhere", reason=hostile),
    ]
    page = browser_page(html_of(audit_of(with_inventory(hostile_tenant()), waivers=waivers)).encode())
    page.select_option("#verdict", "waived")
    page.click("#open-shown")
    assert hostile in (page.locator(".finding.waived").first.text_content() or "")
    assert page.locator(".notice li", has_text="jane.doe@contoso.example").count() == 2
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 2


def test_a_thousand_workspaces_stay_below_ten_megabytes_and_usable(browser_page: Opener) -> None:
    checks = dict.fromkeys(("baseline", "data-exfiltration"), tuple(registry().values()))
    tables = with_inventory(tenant(1000, subscriptions=40, rules=12))
    waivers = [waiver("NET001", "*mlw-fraud*"), waiver("OBR006")]
    content = html_of(audit_of(tables, checks, waivers=waivers)).encode()
    assert len(content) < 10_000_000
    page = browser_page(content)
    assert "of 1,111 workspaces" in page.locator("#found").inner_text()
    page.fill("#search", "storage-0999")
    assert shown(page) == ["mlw-nlp-0999"]
    page.locator(".toggle:visible").click()
    assert page.locator("tr.detail .findings").is_visible()
