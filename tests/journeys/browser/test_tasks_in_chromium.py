"""The questions of a newcomer, answered with the demo page alone."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest

from scanner.commands.demo import demo
from scanner.commands.job import Job
from scanner.terminal import Terminal

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser


def ready(page: Page) -> Page:
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


@pytest.fixture(scope="module", autouse=True)
def demo_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the page. The demo has an event loop of its own, so it runs before the browser starts."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    demo(Job(output=folder, policies=("baseline",), quiet=True), Terminal())
    return (folder / "report.html").read_bytes()


def test_who_may_send_to_any_storage_account_and_what_to_type(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    page.click("#reach [data-ask=Storage]")
    answer = page.locator("#reach-answer")
    assert "10 of 32 workspaces may reach it: 13 unknown, 9 may not." in answer.inner_text()
    assert "9 by their isolation mode." in answer.inner_text()
    answer.get_by_text("Commands for each of 9 workspaces").click()
    assert answer.locator(".one h4 a").count() == 9
    assert answer.locator(".one pre").first.inner_text().count("provision-network") == 1
    answer.get_by_role("button", name="Copy commands for all 9").click()
    answer.get_by_role("button", name="Copied").wait_for()
    typed = page.evaluate("navigator.clipboard.readText()")
    assert (
        typed.count('"isolationMode": "AllowOnlyApprovedOutbound"') == typed.count("provision-network") == 9
    )
    answer.get_by_text("Commands", exact=True).first.click()
    assert "az ml workspace outbound-rule remove" in answer.locator("pre").nth(9).inner_text()
    assert "opens no storage account" in answer.inner_text()
    of_unknown = answer.locator("li", has_text="may deny it").inner_text()
    assert "mlw-pricing-prod: any-storage, prefix-over-tag OBR005" in of_unknown
    page.fill("#reach-input", "Any storage account")
    page.keyboard.press("Enter")
    assert re.search(r"^10 of \d+ workspaces may reach it", answer.inner_text())


@pytest.mark.parametrize("typed", ["NS-2", "mcsb  ns-2"])
def test_a_control_is_found_by_its_id(browser_page: Opener, demo_bytes: bytes, typed: str) -> None:
    page = ready(browser_page(demo_bytes))
    page.fill("#search", typed)
    page.locator("#found", has_text=re.compile(r"^[1-9]\d* of 32")).wait_for()
    page.locator("#hints a").first.click()
    control = page.locator("#control-MCSB-NS-2")
    assert control.is_visible()
    page.wait_for_function(
        "() => { const { top } = document.getElementById('control-MCSB-NS-2').getBoundingClientRect();"
        " return top >= -1 && top < 400; }"
    )
    counted = re.search(r"(\d+) workspaces", control.locator("h3").inner_text())
    assert counted
    assert page.locator("#found").inner_text() == f"{counted[1]} of 32 workspaces"
    assert "Secure cloud native services with network controls" in control.locator("h3").inner_text()
    with page.expect_download() as download:
        control.get_by_role("button", name="Save MCSB NS-2 as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert len({row["workspace"] for row in rows if row["status"] == "fail"}) == int(counted[1])
    assert {"pass", "not asked", "not read", "unknown"} <= {row["status"] for row in rows}
    assert {row["control"] for row in rows} == {"MCSB NS-2"}
    assert all(row["title"] for row in rows if row["check"])
    assert all(row["audited_at"] and row["resource"] for row in rows if row["workspace"])


def test_what_a_check_does_not_know_is_a_link_that_filters(browser_page: Opener, demo_bytes: bytes) -> None:
    page = ready(browser_page(demo_bytes))
    page.evaluate("document.querySelectorAll('.framework').forEach((each) => { each.open = true; })")
    links = page.locator("#control-MCSB-NS-2 a[href^='#unknown=']").all()
    assert links
    for link in links:
        link.click()
        count = link.inner_text().split()[0]
        page.wait_for_function(
            f"() => document.getElementById('found').textContent.startsWith('{count} of ')"
        )


def test_a_subscription_that_was_not_read_is_named_by_the_search(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    page.fill("#search", "finance")
    hint = page.locator("#hints")
    assert "Larkfield Finance (restricted) was not read: nothing is known about it." in hint.inner_text()
    assert "az role assignment create" in hint.inner_text()
    reasons = page.locator("#workspace-table .why")
    assert sorted(each.split(":")[0] for each in reasons.all_inner_texts()) == ["dependency", "hub"]
    assert set(reasons.locator("mark").all_inner_texts()) == {"finance"}
    page.locator("#fleet summary", has_text="By subscription").click()
    row = page.locator("#fleet tr", has_text="Larkfield Finance").inner_text()
    assert "not read" in row
    assert "az role assignment create" in row
    page.fill("#search", "OBR005")
    assert hint.inner_text().startswith("Check OBR005")
    page.fill("#search", "")
    assert hint.is_hidden()


def test_the_picture_shows_a_perimeter_and_the_check_that_objects(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    page.fill("#search", "mlw-wide-addresses")
    page.locator("#workspace-table a.name").first.click()
    page.locator("#workspace svg.picture").wait_for()
    words = page.locator("#workspace svg.picture text").all_text_contents()
    assert [words[words.index("storage RES001") + 1], words[words.index("vault RES002") + 1]] == [
        "perimeter enforced",
        "perimeter learning",
    ]
    page.fill("#search", "proj-partner-pilot")
    page.locator("#workspace-table a.name").first.click()
    texts = page.locator("#workspace svg.picture text")
    assert "private endpoints not read" in texts.all_text_contents()
    assert "nobody from outside" not in texts.all_text_contents()


def test_exfiltration_and_reach_are_connected_on_the_first_screen(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    sentence = page.locator(".ways-out")
    assert re.match(
        r"Outbound rules of 3 workspaces allow data exfiltration\. 9 more let data out to every public address by "
        r"their isolation mode, which baseline accepts\.",
        sentence.inner_text(),
    )
    sentence.locator("a").click()
    page.wait_for_function(
        "() => { const { top } = document.querySelector('#reach-answer .sum')?.getBoundingClientRect() ?? {};"
        " return top > 0 && top < innerHeight; }"
    )
    may, perhaps = re.findall(r"(\d+) (?:may reach|unknown)", sentence.inner_text())
    answer = page.locator("#reach-answer .sum").inner_text()
    assert answer.startswith(f"{may} of ")
    assert f": {perhaps} unknown" in answer


def test_a_hub_counts_what_follows_and_the_projects_that_inherit(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    page.fill("#search", "hub-ideas")
    page.locator("#workspace-table .name", has_text="hub-ideas").first.click()
    counted = page.locator(".findings > p").first
    assert counted.inner_text() == "5 violations, 2 of which follow from another. 3 Projects inherit them."
    assert page.locator(".findings .follows summary").all_inner_texts() == ["1 finding follows from this"] * 2
    page.fill("#search", "proj-ideas-chat")
    page.locator("#workspace-table .name", has_text="proj-ideas-chat").first.click()
    inherited = page.locator(".findings section", has=page.get_by_text("Inherited from its hub"))
    assert inherited.locator("article").count() == 5


def test_what_the_policy_accepts_is_said_and_the_picture_names_the_openings(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    row = page.locator("#workspace-table tr", has_text="mlw-forecast-prod")
    assert "may send data to the internet by its mode: accepted by baseline" in row.inner_text()
    page.locator("#workspace-table a.name", has_text="mlw-pricing-prod").click()
    drawn = page.locator("#workspace svg.picture text").all_text_contents()
    assert {"*.blob.core.windows.net OBR004", "AppService.WestEurope OBR005"} <= set(drawn)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("scrollTo({ top: 5000, behavior: 'instant' })")
    assert page.locator("nav a", has_text="Fixes").evaluate("link => link.getBoundingClientRect().top >= 0")
