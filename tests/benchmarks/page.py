"""What the page costs a browser: its size, how soon it can be used, and how long a keystroke and a facet take.

    python tests/benchmarks/page.py --workspaces 1000 10000

The tenants are generated and judged in this process; the page opens in headless Chromium. Milliseconds are the median
of ten, measured inside the page from the event until the next frame could be drawn.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from checks.registry import registry
from reports.audit import Audit
from reports.page import html_page
from scanner.audit import audited
from scanner.policies import loaded
from scanner.tables.tabulate import tables
from tests.benchmarks.judge_all_checks import pages, payload

ROWS = (
    "file MB",
    "CPU to write s",
    "usable s",
    "keystroke ms",
    "facet ms",
    "sort ms",
    "open ms",
    "DOM nodes",
    "heap MB",
)

KEYSTROKE = """(word) => {
  const started = performance.now();
  const search = document.getElementById("search");
  search.value = word;
  search.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now() - started;
}"""

CLICK = """(selector) => {
  const started = performance.now();
  document.querySelector(selector).click();
  document.body.getBoundingClientRect();
  return performance.now() - started;
}"""


def audit_of(workspaces: int, rules: int, policy: str) -> Audit:
    """Return the audit of a generated tenant with up to 100 workspaces in a subscription."""
    bodies = pages(max(1, workspaces // 100), min(100, workspaces), rules)
    made = tables(payload(name, json.loads(body)) for name, body in bodies)
    made = made.replaced(workspaces=made.workspaces.assign(outbound_rules_known=True))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    policies = loaded([policy], registry())
    return audited(made, policies, source="generated", is_azure=False, started_at=moment, finished_at=moment)


def written(audit: Audit, folder: Path) -> tuple[Path, float]:
    """Write the page and return its path and the CPU seconds that took."""
    path = folder / html_page.NAME
    started = time.process_time()
    with path.open("wb") as file:
        file.writelines(html_page.files(audit)[html_page.NAME])
    return path, time.process_time() - started


def median(page: Page, script: str, *arguments: str) -> float:
    """Return the median of ten runs with the arguments in turn."""
    found: float = statistics.median(page.evaluate(script, arguments[n % len(arguments)]) for n in range(10))
    return found


def measured(page: Page, path: Path) -> dict[str, float]:
    """Open the page and return its figures."""
    started = time.monotonic()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    usable = time.monotonic() - started
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap: dict[str, Any] = session.send("Runtime.getHeapUsage")
    nodes = page.evaluate("document.querySelectorAll('*').length")
    return {
        "usable s": usable,
        "DOM nodes": nodes,
        "heap MB": heap["usedSize"] / 1e6,
        "keystroke ms": median(page, KEYSTROKE, "m", "ml", "mlw", "mlw-0", ""),
        "facet ms": median(page, CLICK, "#facets input"),
        "sort ms": median(page, CLICK, "th[data-sort=name] button"),
        "open ms": median(page, CLICK, "a.name"),
    }


def main() -> None:
    """Print a column of figures for each number of workspaces."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workspaces", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rules", type=int, default=12)
    parser.add_argument("--policy", default="baseline")
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    columns = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for count in arguments.workspaces:
            audit = audit_of(count, arguments.rules, arguments.policy)
            path, spent = written(audit, Path(folder))
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            found = {"file MB": path.stat().st_size / 1e6, "CPU to write s": spent, **measured(page, path)}
            columns.append(found)
            browser.close()
            del audit
    print(f"{'workspaces':<16}" + "".join(f"{count:>12,}" for count in arguments.workspaces))
    for row in ROWS:
        print(f"{row:<16}" + "".join(f"{column[row]:>12,.2f}" for column in columns))


if __name__ == "__main__":
    main()
