"""A policy card shows the score, the waived findings and the waivers that no longer match."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from checks.contract.tables import Tables
from reports.audit import Audit
from reports.page.tallies import counted_findings
from reports.page.workspace_rows import Tally, workspace_frame, workspace_rows
from reports.tables.policies import scores_by_id
from tests.support.report_audits import CRASHING, audit_of, html_of, waiver
from tests.support.report_tenants import tenant


def text(audit: Audit) -> str:
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", html_of(audit), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", shown)))


def test_a_card_shows_the_score_and_what_is_waived_by_severity() -> None:
    audit = audit_of(tenant(25), waivers=[waiver("NET001")])
    said = text(audit)
    [verdict] = audit.verdicts
    score = f"{verdict.score:.1f} Score of 100: the worst violation chooses the band, and an unknown counts"
    assert score in said
    assert f"{verdict.waived['high']} violations are waived" in said
    assert re.search(rf"high ?fails ?{verdict.violated['high']} ?{verdict.waived['high']}\D", said)


def test_without_an_answer_that_counts_there_is_no_score() -> None:
    assert "no score There is no finding that counts." in text(audit_of(Tables.of()))


def test_the_score_is_explained_with_its_example() -> None:
    said = text(audit_of(tenant(3)))
    assert "critical 0 to 25, high 25 to 50" in said
    assert "50 + 25 × 10 / 18 = 63.9" in said
    assert "unknown in place of another status, never raises a score" in said


def test_expired_and_orphan_waivers_and_unread_groups_are_shown_with_what_to_do() -> None:
    waivers = [waiver("NET001", expires="2026-05-03"), *(waiver("MVN001", f"gone-{n}") for n in range(6))]
    audit = audit_of(tenant(25), waivers=waivers)
    groups = replace(audit.verdicts[0], unread_groups=("mg-production",))
    said = text(replace(audit, verdicts=(groups,)))
    assert "1 waiver has expired. The findings of an expired waiver are violations again." in said
    assert "violations that it no longer covers:" in said
    assert "6 waivers match nothing." in said
    assert said.count("it matches no finding") == 6
    assert (
        "1 management group was not read. The rules of this policy for such a group were not applied." in said
    )
    assert "mg-production" in said


def test_waived_findings_do_not_count_as_failing_but_are_counted() -> None:
    audit, excused = audit_of(tenant(25)), audit_of(tenant(25), waivers=[waiver("NET001")])
    failing, waived = (sum(row.total for row in tally(each)) for each in (audit, excused))
    assert failing == waived
    assert sum(row.waived for row in tally(excused)) == excused.verdicts[0].waived["high"] > 0
    assert "high" not in {name for row in tally(excused) for name, _ in row.failures}


def tally(audit: Audit) -> list[Tally]:
    counted = counted_findings(audit)
    frame = workspace_frame(audit, counted)
    return [row.tallies[0] for row in workspace_rows(audit, frame, counted)]


def test_a_waived_finding_about_no_known_workspace_shows_its_waiver() -> None:
    audit = audit_of(Tables.of(), {"baseline": [CRASHING]})
    excused = audit.findings.assign(verdict="waived", waiver="Accepted by Jane.")
    assert "Waived: Accepted by Jane." in text(replace(audit, findings=excused))


def test_a_subscription_of_the_heat_map_shows_its_score() -> None:
    audit = audit_of(tenant(25))
    scores = scores_by_id(audit.verdicts[0], "subscription")
    assert len(scores) == 5
    for score in scores.values():
        assert f'<span class="score">{score}</span>' in html_of(audit)
