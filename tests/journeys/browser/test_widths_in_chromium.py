"""No text is cut at any width: not on a phone, not in print, not with names that never end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from checks.registry import registry
from tests.support.audits.audits import audit_of, html_of, waiver
from tests.support.audits.histories import history
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import tenant
from tests.support.clipped_text import clipped
from tests.support.small_pages import small_drift, small_history
from tests.support.tables.hostile import hostile_tables

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser

LONG = "Averylongnamethatnobodycanbreak" * 6


@cache
def usual() -> bytes:
    audit = audit_of(
        with_inventory(tenant(25)), {"baseline": tuple(registry().values())}, waivers=[waiver("OBR006")]
    )
    return html_of(replace(audit, history=history(audit))).encode()


def many() -> bytes:
    return html_of(audit_of(with_inventory(tenant(600)))).encode()


def endless() -> bytes:
    return html_of(audit_of(hostile_tables(LONG))).encode()


def changed() -> bytes:
    return small_drift(LONG)


def nights() -> bytes:
    return small_history(LONG)


def unfold(page: Page) -> None:
    if page.locator("#workspace-table a.name").count():
        page.locator("#workspace-table a.name").first.click()
        page.fill("#reach-input", "*.blob.core.windows.net")
        page.keyboard.press("Enter")
        page.click("#show-annex")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@pytest.mark.parametrize("width", [390, 768, 1100, 1440])
@pytest.mark.parametrize("content", [usual, many, endless, changed, nights], ids=lambda made: made.__name__)
def test_no_text_is_cut(browser_page: Opener, content: Callable[[], bytes], width: int) -> None:
    page = browser_page(content(), viewport={"width": width, "height": 900})
    if content in (usual, many, endless):
        page.wait_for_selector("html[data-ready]", state="attached")
    assert clipped(page) == []
    unfold(page)
    assert clipped(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("content", [usual, endless, changed, nights], ids=lambda made: made.__name__)
def test_no_text_is_cut_in_print(browser_page: Opener, content: Callable[[], bytes]) -> None:
    page = browser_page(content(), viewport={"width": 700, "height": 1000})
    if content in (usual, endless):
        page.wait_for_selector("html[data-ready]", state="attached")
    unfold(page)
    page.emulate_media(media="print")
    assert clipped(page) == []


def test_print_opens_what_is_folded(browser_page: Opener) -> None:
    page = browser_page(usual(), viewport={"width": 700, "height": 1000})
    page.wait_for_selector("html[data-ready]", state="attached")
    rows = page.locator("#reach .fold tbody tr, #fleet .fold tbody tr")
    assert not rows.first.is_visible()
    page.emulate_media(media="print")
    assert rows.count()
    assert all(row.bounding_box() for row in rows.all())
