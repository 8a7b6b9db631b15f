"""Screenshots of the demo's page, wide, middle and narrow, light and dark, and as print.

`python -m tests.support.screenshots` renews the image of the README, docs/images/page.png.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.commands.demo import demo
from scanner.commands.job import Job
from scanner.terminal import Terminal
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.support.small_pages import small_drift, small_history

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
README_IMAGE = ROOT / "docs/images/page.png"
WIDTHS = (1440, 768, 390)
PARTS = ("fixes", "fleet", "reach", "workspaces", "workspace", "drift", "controls", "coverage")
OTHERS: Mapping[str, Callable[[], bytes]] = {"drift-alone": small_drift, "history": small_history}


def demo_page(folder: Path) -> Path:
    """Audit the demo tenant with drift and return the path of its page."""
    demo(Job(output=folder / "demo", policies=("baseline",), quiet=True), Terminal(), with_drift=True)
    return folder / "demo/report.html"


def opened(browser: Browser, page: Path, *, width: int, scheme: str = "light") -> Page:
    """Open the page in a window of that width."""
    height = {1440: 900, 768: 1024, 390: 844}.get(width, 540)
    shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    shown.goto(page.as_uri())
    shown.wait_for_selector("html[data-ready]", state="attached")
    shown.fill("#reach-input", "any storage account")
    shown.press("#reach-input", "Enter")
    shown.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    return shown


def taken(browser: Browser, page: Path, folder: Path) -> list[Path]:
    """Write the screenshots into the folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        shown = opened(browser, page, width=width)
        shown.screenshot(path=folder / f"head-{width}.png")
        shown.locator("#workspace-table a.name").first.click()
        for part in PARTS:
            shown.locator(f"#{part}").screenshot(path=folder / f"{part}-{width}.png")
        shown.screenshot(path=folder / f"page-{width}.png", full_page=True)
    dark = opened(browser, page, width=1440, scheme="dark")
    for part in ("head", "controls", "coverage"):
        dark.locator(f"#{part}").screenshot(path=folder / f"{part}-dark.png")
    for name, made in OTHERS.items():
        for width in WIDTHS:
            shown = browser.new_page(viewport={"width": width, "height": 900})
            shown.set_content(made().decode())
            shown.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    printed = opened(browser, page, width=1440)
    printed.pdf(path=folder / "print.pdf", format="A4")
    return sorted(folder.iterdir())


def main() -> None:
    """Renew the image of the README."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    README_IMAGE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = demo_page(Path(folder))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
            opened(browser, page, width=960).screenshot(path=README_IMAGE)
            browser.close()


if __name__ == "__main__":
    main()
