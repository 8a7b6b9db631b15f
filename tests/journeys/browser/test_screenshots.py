"""Screenshots of the demo's page for people to look at: they are in build/screenshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.screenshots import OTHERS, PARTS, README_IMAGE, ROOT, WIDTHS, demo_page, opened, taken

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

BOXES = """(all) => all.map((each) => {
  const { x, y, width, height } = each.getBBox();
  return [x, y, x + width, y + height, each.textContent];
})"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_page(tmp_path_factory.mktemp("demo"))


def test_the_demo_is_drawn_at_every_width_and_as_print(page: Path, browser: Browser) -> None:
    written = taken(browser, page, ROOT / "build/screenshots")
    names = {path.name for path in written if path.stat().st_size > 1_000}
    assert {f"{part}-{width}.png" for part in (*PARTS, *OTHERS, "head", "page") for width in WIDTHS} <= names
    assert {"head-dark.png", "controls-dark.png", "coverage-dark.png", "print.pdf"} <= names


@pytest.mark.parametrize("width", [1440, 390])
def test_the_first_screen_has_sentence_verdict_coverage_and_command(
    page: Path, browser: Browser, width: int
) -> None:
    shown = opened(browser, page, width=width)
    room = shown.viewport_size
    assert room
    for part in ("h1", "#head .policy", "#head .since", "#closing-command"):
        box = shown.locator(part).first.bounding_box()
        assert box, part
        assert box["y"] + box["height"] <= room["height"], part
        assert box["x"] + box["width"] <= width, part


def test_no_text_of_a_picture_leaves_it_or_covers_another(page: Path, browser: Browser) -> None:
    shown = opened(browser, page, width=1440)
    for number in range(shown.locator("#workspace-table a.name").count()):
        shown.locator("#workspace-table a.name").nth(number).click()
        boxes = shown.locator("svg.picture > text").evaluate_all(BOXES)
        assert [box for box in boxes if box[0] < 0 or box[2] > 600 or box[3] > 260] == []
        clashes = [
            (one[4], other[4])
            for place, one in enumerate(boxes)
            for other in boxes[:place]
            if one[0] < other[2] and other[0] < one[2] and one[1] + 3 < other[3] and other[1] + 3 < one[3]
        ]
        assert clashes == []


def test_the_image_of_the_readme_is_small() -> None:
    assert README_IMAGE.stat().st_size < 150_000, "renew it with python -m tests.support.screenshots"
