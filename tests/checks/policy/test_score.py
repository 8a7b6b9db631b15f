"""The score: its formula, its example, and that unknown never improves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.model import Severity, Status
from checks.policy.judge import PolicyVerdict, concluded, judged
from checks.policy.model import UnknownCounts, Waiver
from checks.policy.score import COUNTS, SCORE_COLUMNS, scores
from checks.policy.selectors import workspace_facts
from checks.policy.waivers import waived
from tests.support.tables.checks import workspace_id
from tests.support.tables.explained import FOLLOWS, SEVERITIES, Answer, answers_of, explained_answers

Row = tuple[str, str, str]
FACTS = workspace_facts(Tables.of())
WAIVER = Waiver.model_validate(
    {"check": "TST", "resource": "*waived", "reason": "r", "approver": "a", "expires": date(2030, 1, 1)}
)


def concluded_of(rows: list[Row], unknown: UnknownCounts = UnknownCounts.INCOMPLETE) -> PolicyVerdict:
    """The verdict over rows of status, severity and resource, a check each; a waiver covers those named `…waived`."""
    frame = pd.DataFrame(rows, columns=["status", "severity", "resource_id"], dtype="string")
    ids = [f"TST{number:03}" for number in range(len(rows))]
    frame = frame.assign(check_id=ids, family="TST", workspace_id=workspace_id("w")).astype("string")
    found = waived(judged(frame, "mine", unknown=unknown), [("", WAIVER)], FACTS, date(2029, 1, 1))
    return concluded(
        found.findings,
        policy="mine",
        description="",
        checks=("TST001",),
        fail_on=Severity.LOW,
        complete=True,
        unknown=unknown,
    )


def score(rows: list[Row], unknown: UnknownCounts = UnknownCounts.INCOMPLETE) -> float | None:
    return concluded_of(rows, unknown).score


EXAMPLE: list[Row] = [
    ("pass", "high", "a"),
    ("fail", "medium", "b"),
    ("unknown", "low", "c"),
    ("fail", "critical", "waived"),
    ("not-applicable", "critical", "d"),
]


def test_the_documented_example() -> None:
    assert score(EXAMPLE) == pytest.approx(63.9, abs=0.05)
    assert score([("fail", "low", "c") if row[2] == "c" else row for row in EXAMPLE]) == score(EXAMPLE)
    better = [("pass", "low", "c") if row[2] == "c" else row for row in EXAMPLE]
    assert score(better) == pytest.approx(50 + 25 * 12 / 18)


def test_nothing_violated_is_100_and_no_finding_is_no_score() -> None:
    assert score([]) is None
    assert score([("not-applicable", "high", "a"), ("fail", "high", "waived")]) == 100
    assert score([("pass", "low", "a"), ("pass", "critical", "b")]) == 100


@pytest.mark.parametrize(
    ("severity", "lowest"),
    [("critical", 0), ("high", 25), ("medium", 50), ("low", 75), ("informational", 75)],
)
@pytest.mark.parametrize("status", ["fail", "unknown", "error"])
def test_the_worst_severity_chooses_the_band(status: str, severity: str, lowest: int) -> None:
    assert score([(status, severity, "a")]) == lowest
    assert lowest < score([(status, severity, "a"), ("pass", "high", "b")]) < lowest + 25  # type: ignore[operator]


ROWS = st.lists(
    st.tuples(
        st.sampled_from([status.value for status in Status]),
        st.sampled_from([severity.value for severity in Severity]),
        st.sampled_from(["a", "waived"]),
    ),
    min_size=1,
    max_size=8,
)


def scored(findings: list[Answer], severities: Mapping[str, Severity]) -> dict[str, float]:
    """The scores of the workspaces, and of the policy under ""."""
    table = scores(explained_answers(findings, severities), "mine")
    table = table[table["scope"].ne("subscription")]
    return {
        str(id).rpartition("/")[2]: float(score)
        for id, score in zip(table["id"], table["score"], strict=True)
    }


FAILED = ("fail", "unknown", "error")


@settings(max_examples=30, deadline=None)
@given(answers_of("a", "b", "c"), SEVERITIES, st.data(), st.sampled_from(["unknown", "fail"]))
def test_neither_unknown_nor_a_violation_ever_raises_a_score(
    findings: list[Answer], severities: Mapping[str, Severity], data: st.DataObject, status: str
) -> None:
    at = data.draw(st.integers(0, len(findings) - 1))
    worse = [*findings[:at], (*findings[at][:2], status), *findings[at + 1 :]]
    before, after = scored(findings, severities), scored(worse, severities)
    assert all(after[scope] <= before[scope] + 1e-9 for scope in before)


@settings(max_examples=30, deadline=None)
@given(answers_of("a", "b", "c"), SEVERITIES, st.data())
def test_one_more_violation_never_raises_a_score(
    findings: list[Answer], severities: Mapping[str, Severity], data: st.DataObject
) -> None:
    workspace = data.draw(st.sampled_from([workspace for workspace, _, _ in findings]))
    more = [*findings, (workspace, data.draw(st.sampled_from(sorted(severities))), "fail")]
    before, after = scored(findings, severities), scored(more, severities)
    assert all(after[scope] <= before[scope] + 1e-9 for scope in before)


@settings(max_examples=30, deadline=None)
@given(answers_of("a", "b", "c"), SEVERITIES, st.data(), st.integers(1, 30))
def test_harmless_findings_of_a_check_that_counts_change_nothing(
    findings: list[Answer], severities: Mapping[str, Severity], data: st.DataObject, count: int
) -> None:
    counting = [each for each in findings if each[2] != "not-applicable"]
    if counting:
        workspace, check, _ = data.draw(st.sampled_from(counting))
        assert scored([*findings, *[(workspace, check, "pass")] * count], severities) == scored(
            findings, severities
        )


@settings(max_examples=30, deadline=None)
@given(answers_of("a", "b", "c"), SEVERITIES)
def test_a_workspace_with_a_critical_violation_never_scores_above_one_without(
    findings: list[Answer], severities: Mapping[str, Severity]
) -> None:
    found = scored(findings, severities)
    critical = {
        w for w, check, status in findings if severities[check] is Severity.CRITICAL and status in FAILED
    }
    for one in critical:
        assert all(found[one] <= found[other] for other in found.keys() - critical - {""})


def test_a_cause_and_its_consequences_count_once_with_the_greater_weight() -> None:
    severities = dict.fromkeys(FOLLOWS, Severity.LOW) | {"TST001": Severity.HIGH}
    quiet = [("a", "TST001", "fail"), ("a", "TST004", "pass")]
    assert scored([*quiet, ("a", "TST002", "fail")], severities) == scored(quiet, severities)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_a_score_lies_between_0_and_100(rows: list[Row]) -> None:
    value = score(rows)
    assert value is None or 0 <= value <= 100


@settings(max_examples=30, deadline=None)
@given(ROWS, st.sampled_from(UnknownCounts))
def test_every_finding_is_in_one_count_of_every_scope(rows: list[Row], unknown: UnknownCounts) -> None:
    table = concluded_of(rows, unknown).scores
    assert tuple(table.columns) == SCORE_COLUMNS
    assert list(table["scope"]) == ["policy", "subscription", "workspace"]
    assert table[list(COUNTS)].sum(axis="columns").eq(len(rows)).all()


def test_scopes_differ_by_id_in_any_case() -> None:
    frame = pd.DataFrame(
        {
            "status": ["pass", "fail", "pass", "error"],
            "severity": "low",
            "check_id": "TST001",
            "workspace_id": [workspace_id("A"), workspace_id("a"), workspace_id("b"), ""],
        }
    ).astype("string")
    table = concluded(
        judged(frame, "mine"), policy="mine", description="", checks=(), fail_on=Severity.LOW, complete=True
    ).scores
    by_id = table[table["scope"].eq("workspace")].set_index("id")["score"]
    assert dict(by_id) == {workspace_id("A"): 75.0, workspace_id("b"): 100.0}
    assert table["scope"].value_counts().to_dict() == {"workspace": 2, "policy": 1, "subscription": 1}
    assert table["error"].tolist() == [1, 0, 0, 0]


def test_waived_findings_do_not_violate_and_are_counted() -> None:
    verdict = concluded_of([("fail", "high", "waived"), ("pass", "low", "a")])
    assert verdict.verdict == "compliant"
    assert verdict.waived["high"] == 1
    assert verdict.violated["high"] == 0
    assert verdict.statuses["fail"] == 1


def test_unknown_may_count_as_a_violation_and_an_error_never_does() -> None:
    assert concluded_of([("unknown", "high", "a")]).verdict == "undetermined"
    assert concluded_of([("unknown", "high", "a")], UnknownCounts.VIOLATION).verdict == "violated"
    assert concluded_of([("error", "high", "waived")], UnknownCounts.VIOLATION).verdict == "undetermined"
