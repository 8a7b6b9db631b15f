"""The trend on the page of a scan, and since when each violation and each destination is open."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from checks.severity import Verdict
from reports.audit import Audit
from reports.history import History
from reports.page import violations
from reports.page.fleet_view import destinations
from reports.page.networks import fleet
from tests.support.audits.audits import CHECKS, audit_of, html_of
from tests.support.audits.histories import history
from tests.support.audits.tenants import tenant


def with_history(*, nights: int = 9) -> Audit:
    audit = audit_of(tenant(25), {"baseline": CHECKS})
    made = history(audit, nights=nights)
    rows = destinations(audit, fleet(audit.tables))
    known = {row.text: next(iter(made.since.values())) for row in rows}
    return replace(audit, history=replace(made, destinations=known))


def test_every_violation_in_print_and_without_script_shows_since_when() -> None:
    audit = with_history()
    page = html_of(audit)
    assert audit.history is not None
    listed = [
        item for group in violations.violations(audit) for reason in group.reasons for item in reason.items
    ]
    annex = page[page.index('<noscript id="annex">') :]
    assert annex.count("at least since 2026-03-02</span></li>") == len(listed) > 20


def test_too_many_violations_for_a_line_each_show_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    audit = with_history()
    monkeypatch.setattr(violations, "IN_DETAIL", 3)
    groups = [group for group in violations.violations(audit) if group.verdict == Verdict.VIOLATED]
    assert groups
    assert all("(at least since 2026-03-02)" in reason.names for group in groups for reason in group.reasons)


def test_the_script_gets_since_when_for_each_finding() -> None:
    page = html_of(with_history())
    packed = re.search(r'id="facts">([^<]+)<', page)
    assert packed
    facts = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    words = {facts["strings"][number] for number in facts["findings"]["since"]}
    assert words == {"at least since 2026-03-02"}


def test_each_destination_shows_since_when_the_fleet_has_it() -> None:
    page = html_of(with_history())
    reach = page[page.index('<section id="reach"') : page.index('<section id="workspaces"')]
    assert reach.count('<span class="sub">at least since 2026-03-02</span>') > 2


def test_the_line_of_the_chart_joins_no_run_with_gaps() -> None:
    page = html_of(with_history())
    chart = page[page.index('<section id="trend"') : page.index("<figcaption>")]
    lines = re.findall(r'<polyline class="(\w+)" points="([^"]*)"', chart)
    assert [name for name, _ in lines] == ["high", "medium", "low", "informational"]
    rings = re.findall(r'<circle class="ring (\w+)" cx="([\d.]+)"', chart)
    assert [name for name, _ in rings] == [name for name, _ in lines]
    for (_, points), (_, ring) in zip(lines, rings, strict=True):
        places = [float(point.split(",")[0]) for point in points.split()]
        assert len(places) == 8
        assert float(ring) not in places
        assert all(before < after for before, after in pairwise(places))


def test_the_head_and_the_trend_count_the_same_and_name_what_is_left_out() -> None:
    page = html_of(with_history())
    made = with_history().history
    assert made is not None
    first, last = made.points[0], made.points[-1]
    assert f"{first.total} violations on 2026-03-02, {last.total} now" in page
    assert "16 violations opened after the first run, 8 closed" in page
    assert "3 runs of another scope or other policies are not mixed in" in page


def test_the_first_run_claims_no_trend() -> None:
    page = html_of(with_history(nights=1))
    assert "Every violation may be older than it" in page
    assert "<polyline" not in page


def test_a_page_without_a_history_has_none() -> None:
    page = html_of(audit_of(tenant(25), {"baseline": CHECKS}))
    assert 'id="trend"' not in page
    assert "at least since" not in page


def test_a_long_history_lists_its_last_runs_and_draws_all() -> None:
    page = html_of(with_history(nights=40))
    assert "10 older runs" in page
    points = re.search(r'<polyline class="high" points="([^"]*)"', page)
    assert points
    assert len(points[1].split()) == 39


def test_a_history_without_a_violation_draws_nothing() -> None:
    audit = with_history()
    assert audit.history is not None
    calm = tuple(replace(each, violations=dict.fromkeys(each.violations, 0)) for each in audit.history.points)
    empty = History(points=calm, since={}, destinations={}, others=0)
    assert "<polyline" not in html_of(replace(audit, history=empty))
