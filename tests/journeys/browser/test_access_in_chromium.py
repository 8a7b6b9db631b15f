"""axe finds nothing to object to, in both schemes, wide and narrow, opened, filtered, empty and with a drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from checks.contract.tables import Tables
from tests.support.audits.audits import CHECKS, audit_of, html_of, waiver
from tests.support.audits.histories import history
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import tenant
from tests.support.small_pages import small_drift, small_history

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser


@cache
def report() -> bytes:
    audit = audit_of(
        with_inventory(tenant(25)), {"baseline": CHECKS, "strict": CHECKS[:1]}, waivers=[waiver("OBR006")]
    )
    return html_of(replace(audit, history=history(audit))).encode()


def objections(page: Page) -> list[tuple[Any, ...]]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(each["id"], each["help"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]


def plain(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")


def opened(page: Page) -> None:
    plain(page)
    page.locator("#workspace-table a.name").first.click()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.fill("#reach-input", "pypi.org")
    page.keyboard.press("Enter")
    page.click("#show-annex")


def filtered(page: Page) -> None:
    plain(page)
    page.fill("#search", "no such workspace")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("act", [plain, opened, filtered], ids=lambda act: act.__name__)
def test_the_page_is_accessible(browser_page: Opener, scheme: str, width: int, act: Any) -> None:
    page = browser_page(report(), color_scheme=scheme, viewport={"width": width, "height": 900})
    act(page)
    assert objections(page) == []


CONTENTS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: html_of(audit_of(Tables.of())).encode(),
    "drift": small_drift,
    "history": small_history,
}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
@pytest.mark.parametrize("content", CONTENTS)
def test_other_pages_are_accessible(browser_page: Opener, content: str, scheme: str, width: int) -> None:
    page = browser_page(CONTENTS[content](), color_scheme=scheme, viewport={"width": width, "height": 900})
    assert objections(page) == []
