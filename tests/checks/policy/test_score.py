"""The score: its formula, its example, and that unknown never improves it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.model import Severity, Status
from checks.policy.judge import PolicyVerdict, concluded, judged
from checks.policy.model import UnknownCounts, Waiver
from checks.policy.score import COUNTS, SCORE_COLUMNS
from checks.policy.selectors import workspace_facts
from checks.policy.waivers import waived
from tests.support.tables.checks import workspace_id

Row = tuple[str, str, str]
FACTS = workspace_facts(Tables.of())
WAIVER = Waiver.model_validate(
    {"check": "TST", "resource": "*waived", "reason": "r", "approver": "a", "expires": date(2030, 1, 1)}
)


def concluded_of(rows: list[Row], unknown: UnknownCounts = UnknownCounts.INCOMPLETE) -> PolicyVerdict:
    """The verdict over rows of status, severity and resource; a waiver bears those named `…waived`."""
    frame = pd.DataFrame(rows, columns=["status", "severity", "resource_id"], dtype="string")
    frame = frame.assign(check_id="TST001", family="TST", workspace_id=workspace_id("w")).astype("string")
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


def rank(value: float | None) -> float:
    """No score ranks with 0: nothing has been shown."""
    return value or 0.0


EXAMPLE: list[Row] = [
    ("pass", "high", "a"),
    ("fail", "medium", "b"),
    ("unknown", "low", "c"),
    ("fail", "critical", "waived"),
    ("not-applicable", "critical", "d"),
]


def test_the_documented_example() -> None:
    assert score(EXAMPLE) == pytest.approx(55.6, abs=0.05)
    assert score([("fail", "low", "c") if row[2] == "c" else row for row in EXAMPLE]) == score(EXAMPLE)
    better = [("pass", "low", "c") if row[2] == "c" else row for row in EXAMPLE]
    assert score(better) == pytest.approx(66.7, abs=0.05)


def test_nothing_that_counts_gives_no_score() -> None:
    assert score([]) is None
    assert score([("not-applicable", "high", "a"), ("fail", "high", "waived")]) is None
    assert score([("fail", "informational", "a")]) is None


def test_everything_passed_is_100_and_nothing_passed_is_0() -> None:
    assert score([("pass", "low", "a"), ("pass", "critical", "b")]) == 100
    assert score([("error", "low", "a"), ("unknown", "high", "b"), ("fail", "high", "c")]) == 0


ROWS = st.lists(
    st.tuples(
        st.sampled_from([status.value for status in Status]),
        st.sampled_from([severity.value for severity in Severity]),
        st.sampled_from(["a", "waived"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data(), st.sampled_from(UnknownCounts))
def test_unknown_never_improves_a_score(rows: list[Row], data: st.DataObject, unknown: UnknownCounts) -> None:
    known = [n for n, row in enumerate(rows) if row[0] != "error"]
    if not known:
        return
    at = data.draw(st.sampled_from(known))
    doubted = [*rows[:at], ("unknown", *rows[at][1:]), *rows[at + 1 :]]
    assert rank(score(doubted, unknown)) <= rank(score(rows, unknown))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_score_lies_between_0_and_100(rows: list[Row]) -> None:
    value = score(rows)
    assert value is None or 0 <= value <= 100


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from(UnknownCounts))
def test_every_finding_is_in_one_count_of_every_scope(rows: list[Row], unknown: UnknownCounts) -> None:
    table = concluded_of(rows, unknown).scores
    assert tuple(table.columns) == SCORE_COLUMNS
    assert list(table["scope"]) == ["policy", "subscription", "workspace"]
    assert table[list(COUNTS)].sum(axis="columns").eq(len(rows)).all()


def test_scopes_are_told_apart_by_id_whatever_its_case() -> None:
    frame = pd.DataFrame(
        {
            "status": ["pass", "fail", "pass", "error"],
            "severity": "low",
            "workspace_id": [workspace_id("A"), workspace_id("a"), workspace_id("b"), ""],
        }
    ).astype("string")
    table = concluded(
        judged(frame, "mine"), policy="mine", description="", checks=(), fail_on=Severity.LOW, complete=True
    ).scores
    by_id = table[table["scope"].eq("workspace")].set_index("id")["score"]
    assert dict(by_id) == {workspace_id("A"): 50.0, workspace_id("b"): 100.0}
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
