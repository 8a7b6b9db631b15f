"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

IN_CI = bool(os.environ.get("CI"))
"""CI draws the same examples each time, and fewer; a developer's machine and `make nightly` draw new ones."""

settings.register_profile(
    "a busy machine", deadline=None, max_examples=40 if IN_CI else 100, derandomize=IN_CI
)
settings.register_profile("quick", deadline=None, max_examples=20, derandomize=IN_CI)
settings.load_profile("a busy machine")

SLOW = (
    "checks/drift/test_drift.py::test_every_finding_is_in_one_class",
    "checks/drift/test_drift.py::test_workspaces_and_rules_swap",
    "checks/drift/test_guard.py",
    "checks/drift/test_openings.py",
    "checks/drift/test_rules.py::test_what_opens_one_way",
    "checks/engine/test_equal_rows.py::test_a_check_asked_once",
    "checks/engine/test_equal_rows.py::test_a_check_sees_one",
    "checks/fixes/test_kinds.py",
    "checks/fixes/test_worlds.py",
    "checks/network/test_reach_o",
    "checks/policy/test_score.py",
    "checks/test_all.py::test_a_world_beside_others",
    "checks/test_all.py::test_blanking",
    "checks/test_names_in_texts.py",
    "checks/test_registry.py",
    "checks/test_undocumented_words.py",
    "documents/test_help.py::test_a_scan_imports",
    "documents/test_help.py::test_neither_a_question",
    "documents/test_help.py::test_no_help_imports",
    "documents/test_pasted_commands.py",
    "journeys/",
    "reports/test_csv_files.py",
    "reports/test_html_page.py",
    "reports/test_page_parts.py",
    "reports/test_root_digest.py",
    "reports/test_selection.py",
    "reports/test_trend_on_page.py",
    "reports/test_writing.py",
    "scanner/archive/",
    "scanner/azure/",
    "scanner/cassettes/",
    "scanner/doctor/",
    "scanner/emulator/",
    "scanner/evidence/",
    "scanner/offline/test_offline.py::test_a_format",
    "scanner/offline/test_offline_cli.py",
    "scanner/payloads/test_advice.py::test_the_sign_in",
    "scanner/payloads/test_people.py::test_one_owner",
    "scanner/reading/",
    "scanner/test_after.py",
    "scanner/test_explain.py",
    "scanner/test_fix.py",
    "scanner/test_reach.py",
    "scanner/test_sources.py",
    "scanner/test_summary.py",
    "scanner/test_unwritable_places.py",
    "scanner/workers/",
)
QUICK = ("journeys/test_demo_truth.py",)
"""The tests that start a process, scan over HTTP or draw many examples, by the start of their ids.

`make quick` leaves them out (`-m "not slow"`), except those of QUICK.
"""

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of SLOW."""
    for item in items:
        name = item.nodeid.removeprefix("tests/")
        if name.startswith(SLOW) and not name.startswith(QUICK):
            item.add_marker("slow")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; the test is skipped where there is none, and fails instead where CI is set.

    For one module at a time: while playwright runs, its event loop stands in the way of any other.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        missing("there is no chromium, chromium-browser or google-chrome on the PATH")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the package playwright is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


def missing(reason: str) -> NoReturn:
    """Skip the browser test, or fail it where CI promises a browser."""
    if os.environ.get("CI"):
        pytest.fail(f"browser tests must run in CI, but {reason}")
    pytest.skip(f"browser test: {reason}")


@dataclass(frozen=True, kw_only=True)
class Opener:
    """Opens pages as files and notes whatever they should not do."""

    browser: Browser
    folder: Path
    problems: list[str] = field(default_factory=list)

    def __call__(self, content: bytes, *, fragment: str = "", **options: Any) -> Page:
        """The page in a context of its own; every request, message and error of it is noted."""
        file = self.folder / "report.html"
        file.write_bytes(content)
        address = file.as_uri()
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: self.problems.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self._noted(dialog))
        page.on("request", lambda request: self._noted_request(request.url, address))
        page.goto(address + fragment)
        return page

    def _noted(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _noted_request(self, url: str, address: str) -> None:
        if url.partition("#")[0] != address:
            self.problems.append(f"request: {url}")


@pytest.fixture
def browser_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """An `Opener`; the test fails for any problem that it leaves in the list."""
    opener = Opener(browser=browser, folder=tmp_path)
    yield opener
    for context in browser.contexts:
        context.close()
    assert opener.problems == []
