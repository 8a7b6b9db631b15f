"""The questions of a newcomer, answered with the demo page alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from scanner.commands.demo import demo
from scanner.commands.gathering import Job
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
    assert "10 of 28 workspaces may reach it: 9 unknown, 9 may not." in answer.inner_text()
    assert "azml-audit scan --policy data-exfiltration" in answer.inner_text()
    answer.get_by_text("Commands", exact=True).first.click()
    assert "az ml workspace outbound-rule remove" in answer.locator("pre").first.inner_text()


def test_a_control_is_found_by_its_id(browser_page: Opener, demo_bytes: bytes) -> None:
    page = ready(browser_page(demo_bytes))
    page.fill("#search", "NS-2")
    page.locator("#hints a").first.click()
    control = page.locator("#control-MCSB-NS-2")
    assert control.is_visible()
    page.wait_for_function(
        "() => { const { top } = document.getElementById('control-MCSB-NS-2').getBoundingClientRect();"
        " return top >= -1 && top < 400; }"
    )
    counted = re.search(r"(\d+) workspaces", control.locator("h3").inner_text())
    assert counted
    assert page.locator("#found").inner_text() == f"{counted[1]} of 28 workspaces"


def test_a_subscription_that_was_not_read_is_named_by_the_search(
    browser_page: Opener, demo_bytes: bytes
) -> None:
    page = ready(browser_page(demo_bytes))
    page.fill("#search", "finance")
    hint = page.locator("#hints")
    assert "Larkfield Finance (restricted) was not read: nothing is known about it." in hint.inner_text()
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
