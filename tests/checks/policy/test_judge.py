from __future__ import annotations

import pandas as pd
import pytest

from checks.model import Severity
from checks.policy.judge import PolicyVerdict, concluded, judged
from tests.support.tables.checks import workspace_id


def verdict(*rows: tuple[str, str], fail_on: Severity = Severity.LOW, complete: bool = True) -> PolicyVerdict:
    frame = pd.DataFrame(rows, columns=["status", "severity"], dtype="string").assign(
        workspace_id=pd.array([workspace_id()] * len(rows), "string"),
        check_id=pd.array([f"TST{number:03}" for number in range(len(rows))], "string"),
    )
    return concluded(
        judged(frame, "mine"),
        policy="mine",
        description="",
        checks=("NET001",),
        fail_on=fail_on,
        complete=complete,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pass", "compliant"),
        ("not-applicable", "compliant"),
        ("fail", "violated"),
        ("unknown", "undetermined"),
        ("error", "undetermined"),
    ],
)
def test_every_status_comes_to_a_verdict(status: str, expected: str) -> None:
    assert verdict((status, "high")).verdict == expected


def test_a_violation_outweighs_what_is_undetermined() -> None:
    assert verdict(("unknown", "high"), ("fail", "low")).verdict == "violated"


def test_what_is_undetermined_outweighs_what_is_compliant() -> None:
    assert verdict(("pass", "high"), ("unknown", "informational")).verdict == "undetermined"


def test_something_unread_is_undetermined_even_if_all_that_was_read_passes() -> None:
    assert verdict(("pass", "high"), complete=False).verdict == "undetermined"
    assert verdict(complete=False).verdict == "undetermined"


def test_a_violation_below_the_threshold_does_not_violate_but_is_counted() -> None:
    below = verdict(("fail", "low"), fail_on=Severity.HIGH)
    assert below.verdict == "compliant"
    assert below.violated["low"] == 1
    assert verdict(("fail", "high"), fail_on=Severity.HIGH).verdict == "violated"
    assert verdict(("fail", "critical"), fail_on=Severity.HIGH).verdict == "violated"


def test_nothing_found_and_all_read_is_compliant() -> None:
    assert verdict().verdict == "compliant"


def test_counts_name_every_status_and_severity() -> None:
    counted = verdict(("pass", "low"), ("fail", "low"), ("error", "high"))
    assert counted.statuses == {"pass": 1, "fail": 1, "unknown": 0, "not-applicable": 0, "error": 1}
    assert set(counted.violated) == {severity.value for severity in Severity}
    assert counted.crashed
    assert not verdict(("pass", "low")).crashed


def test_severities_rank_from_critical_down() -> None:
    assert Severity.CRITICAL.reaches(Severity.INFORMATIONAL)
    assert Severity.LOW.reaches(Severity.LOW)
    assert not Severity.LOW.reaches(Severity.MEDIUM)
