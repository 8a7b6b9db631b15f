"""The page of a drift in a real browser: nothing runs, nothing is fetched, everything fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.drift.comparison import drift
from checks.drift.model import Drift
from reports.page import drift_page
from tests.support.audits.audits import audit_of, html_of, written
from tests.support.audits.tenants import HOSTILE_NAMES, tenant
from tests.support.drift_snapshots import (
    OTHER,
    finding,
    host,
    id_of,
    policy,
    snapshot,
    subscription,
    workspace,
)

if TYPE_CHECKING:
    from tests.conftest import Opener

pytestmark = pytest.mark.browser

WAIVER: Mapping[str, object] = {"policy": "baseline", "check": "NET001", "resource": "*", "violations": 1}


def findings(status: str, texts: Sequence[tuple[object, str]]) -> list[Mapping[str, object]]:
    return [
        {**finding(status), "workspace_id": id, "resource_id": id}
        | dict.fromkeys(("workspace", "reason", "observed"), name)
        for id, name in texts
    ]


def hostile() -> Drift:
    """Return a drift with rows in every table, in which every text is an attack."""
    names = [workspace(f"w{number}", subscription=name) for number, name in enumerate(HOSTILE_NAMES)]
    seen = [
        {**each, "workspace": name, "outbound_rules": 1}
        for each, name in zip(names, HOSTILE_NAMES, strict=True)
    ]
    texts = [(each["workspace_id"], name) for each, name in zip(seen, HOSTILE_NAMES, strict=True)]
    rules = [
        {**host("a.example.com"), "workspace_id": id, "rule_id": f"{id}/outboundRules/r", "rule": name}
        for id, name in texts
    ]
    wide = [
        {**rule, "fqdn": "*.example.com", "error_information": name}
        for rule, (_, name) in zip(rules, texts, strict=True)
    ]
    waivers = [{**WAIVER, "resource": name, "reason": name, "where": name} for name in HOSTILE_NAMES]
    old = snapshot(
        HOSTILE_NAMES[0],
        workspaces=[*seen, workspace("x", of=OTHER)],
        outbound_rules=rules,
        findings=findings("pass", texts),
        subscriptions=[subscription(), subscription(OTHER)],
    )
    new = snapshot(
        HOSTILE_NAMES[1],
        workspaces=seen,
        outbound_rules=wide,
        findings=findings("fail", texts),
        waivers=waivers,
        policies=[policy(source=HOSTILE_NAMES[2])],
        subscriptions=[subscription(), subscription(OTHER, read=False, note=HOSTILE_NAMES[3])],
    )
    return drift(old, new)


def page_of(found: Drift) -> bytes:
    return written(drift_page.files(found, "0.1.0"))["drift.html"]


@pytest.mark.parametrize("width", [1280, 390])
def test_every_table_is_shown_and_no_name_does_anything(browser_page: Opener, width: int) -> None:
    page = browser_page(page_of(hostile()), viewport={"width": width, "height": 900})
    count = len(HOSTILE_NAMES)
    rows = {
        name: page.locator(f"[aria-label='{name}'] tbody tr").count()
        for name in (
            "Findings that changed",
            "Destinations that changed",
            "Outbound rules that changed",
            "Waivers that changed",
        )
    }
    assert rows == dict.fromkeys(rows, count)
    assert page.locator("[aria-label='Workspaces that changed'] tbody tr").count() == 1
    assert (
        page.locator(".lead")
        .inner_text()
        .startswith(f"{count} violations and {count} openings that the older audit does not have.")
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("text=*.example.com").first.is_visible()


def test_no_difference_is_one_sentence(browser_page: Opener) -> None:
    side = snapshot(workspaces=[workspace()], findings=[finding("fail")])
    page = browser_page(page_of(drift(side, side)))
    assert page.locator(".lead").inner_text() == "No difference."
    assert page.locator("table").count() == 1


def test_a_report_with_a_baseline_has_the_drift_after_the_verdicts(browser_page: Opener) -> None:
    audit = replace(audit_of(tenant(3)), drift=hostile())
    page = browser_page(html_of(audit).encode(), fragment="#drift")
    assert page.locator("nav a", has_text="Changes").get_attribute("href") == "#drift"
    ids = page.locator("main > section").evaluate_all("sections => sections.map(each => each.id)")
    assert ids.index("head") < ids.index("workspaces") < ids.index("drift") < ids.index("coverage")
    assert "that the older audit does not have" in page.locator("#head .since").inner_text()


def test_more_rows_than_a_page_should_hold_are_counted(browser_page: Opener) -> None:
    many = [finding("fail", of=f"w{number:03}") for number in range(250)]
    seen = [workspace(f"w{number:03}") for number in range(250)]
    found = drift(
        snapshot(
            workspaces=seen, findings=[{**each, "status": "pass", "verdict": "compliant"} for each in many]
        ),
        snapshot(workspaces=seen, findings=many),
    )
    page = browser_page(page_of(found))
    assert page.locator("[aria-label='Findings that changed'] tbody tr").count() == 200
    assert page.locator(".quiet").inner_text().startswith("50 more rows are in drift_findings.csv")
    assert id_of("w000").rpartition("/")[2] in page.locator("tbody").nth(1).inner_text()
