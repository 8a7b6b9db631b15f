"""Any fragment opens the page, also a broken or old one, and a reload shows the same."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.support.audits.audits import audit_of, html_of
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import tenant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser

ODD = (
    "#%E0%A4%A", "#q=%E0%A4%A", "#=", "#&&==", "#w=/subscriptions/none", "#finding-none", "#finding=", "#policy=gone",
    "#sort=-nonsense", "#sort=constructor", "#q=constructor:x", "#q=__proto__:y", "#q=:", "#q=check:", "#__proto__=x",
    "#inbound=nowhere&inbound=public", "#reach=%00", "#reach=x:99999", "#<img src=x onerror=alert(1)>",
    "#q=<b>x</b>&reach=<i>", "#facets", "#check-NONE", "#violations", "#tag=%3D",
)  # fmt: skip
NAMES = (
    "q",
    "sort",
    "severity",
    "inbound",
    "check",
    "unknown",
    "control",
    "tag",
    "reach",
    "w",
    "finding",
    "policy",
    "",
)
VALUES = (
    "", "x", "public", "high", "-name", "need", "NET001", "a=b", "%", "%zz", "#", "__proto__", "toString:1",
    "\U0001f600",
)  # fmt: skip


def settled(page: Page) -> tuple[str, str]:
    page.wait_for_selector("html[data-ready]", state="attached")
    return page.locator("#found").inner_text(), page.locator("#hints").inner_text()


def links(count: int) -> list[str]:
    draw = random.Random(17)
    return [
        "#" + "&".join(f"{draw.choice(NAMES)}={draw.choice(VALUES)}" for _ in range(draw.randrange(5)))
        for _ in range(count)
    ]


def test_no_fragment_breaks_the_page(browser_page: Opener) -> None:
    content = html_of(audit_of(with_inventory(tenant(5)))).encode()
    page = browser_page(content)
    for fragment in [*ODD, *links(25)]:
        page.evaluate("(hash) => { location.hash = hash; }", fragment)
        before = settled(page)
        page.reload()
        assert settled(page) == before, fragment
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("fragment", ["#finding-gone", "#w=/subscriptions/gone", "#finding=gone&q=mlw"])
def test_an_old_link_is_explained(browser_page: Opener, fragment: str) -> None:
    page = browser_page(html_of(audit_of(with_inventory(tenant(5)))).encode(), fragment=fragment)
    assert "with the id of the link. It may be fixed, deleted or not read." in settled(page)[1]
