"""Waivers, scores and inventories in a real browser."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.support.audits.audits import CHECKS, audit_of, html_of, waiver
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import HOSTILE_NAMES, hostile_tenant, tenant

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
    return page.locator("#workspace-table tbody .name").all_inner_texts()


def opened(opener: Opener, name: str) -> Page:
    page = opener(report())
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#workspace-table a.name", has_text=name).first.click()
    return page


def rows_of(page: Page, label: str) -> list[list[str]]:
    found = page.locator(f"#workspace [role=region][aria-label='{label}'] tbody tr").all()
    return [row.locator("td").all_text_contents() for row in found]


def test_a_waived_finding_is_shown_as_such_with_its_waiver(browser_page: Opener) -> None:
    page = opened(browser_page, "mlw-fraud-0000")
    finding = page.locator(".finding.waived", has_text="NET001")
    assert finding.locator(".state.waived").inner_text() == "waived"
    assert "The gateway comes in May. (jane.doe@contoso.example, until 2026-12-31, SEC-1234)" in (
        finding.inner_text()
    )
    assert finding.locator(".fix > summary").first.is_visible()


def test_another_policy_does_not_know_the_waiver(browser_page: Opener) -> None:
    page = opened(browser_page, "mlw-fraud-0000")
    page.select_option("#policy", label="strict")
    assert page.locator(".finding.fail", has_text="NET001").count() == 1
    assert page.locator(".finding.waived").count() == 0


def test_a_row_counts_what_is_waived_apart_from_what_fails(browser_page: Opener) -> None:
    page = opened(browser_page, "mlw-fraud-0000")
    row = page.locator("#workspace-table tr", has=page.locator("a.name", has_text="mlw-fraud-0000")).first
    assert row.locator(".tally span.waived").inner_text() == "1 waived"
    assert row.locator(".tally .high").count() == 0
    page.select_option("#policy", label="strict")
    assert row.locator(".tally .high").inner_text() == "1 high"


def test_waived_findings_can_be_chosen(browser_page: Opener) -> None:
    page = opened(browser_page, "mlw-fraud-0000")
    page.locator("#facet-verdict summary").click()
    page.locator("#facet-verdict input[value=waived]").click()
    assert 0 < len(shown(page)) < 27
    assert page.locator("#workspace-table .tally span.waived").count() == len(shown(page))
    page.select_option("#policy", label="strict")
    assert shown(page) == []


def test_dependencies_computes_and_endpoints_are_listed(browser_page: Opener) -> None:
    page = opened(browser_page, "mlw-churn-0001")
    dependencies = rows_of(page, "Dependencies")
    assert [row[2:] for row in dependencies if row[0] == "storage"] == [["read", "Enabled", "Deny", "2"]]
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
    page = opened(browser_page, "mlw-fraud-0000")
    text = page.locator("#workspace").inner_text()
    assert "Could not be read completely: computes. Not collected by the chosen policies: serverless" in text


def test_a_project_shows_the_dependencies_of_its_hub(browser_page: Opener) -> None:
    page = opened(browser_page, "project-0")
    assert len(rows_of(page, "Dependencies of its hub")) == 4


def test_a_long_word_of_azures_breaks_before_a_capital_only(browser_page: Opener) -> None:
    page = opened(browser_page, "mlw-churn-0001")
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
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#workspace-table tr", has=page.locator(".tally span.waived")).locator(
        "a.name"
    ).first.click()
    assert hostile in (page.locator(".finding.waived").first.text_content() or "")
    assert page.locator(".policy-notes li", has_text="jane.doe@contoso.example").count() == 2
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 1
