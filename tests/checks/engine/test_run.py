from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from checks.contract.tables import Tables
from checks.engine.asking import FINDING_COLUMNS, findings
from checks.model import Answers, Check, ChosenCheck, Params, Remediation, Severity, answer, check
from tests.support.tables.checks import connection, rule, statuses, workspace, workspace_id

Function = Callable[[Tables, Params], object]


def made(function: Function, *, over: str = "workspaces", reads: tuple[str, ...] = ()) -> Check:
    return check(
        id="TST001",
        title="A test",
        over=over,
        severity=Severity.LOW,
        reads=reads,
        remediation=Remediation(summary="Mend it."),
    )(function)  # type: ignore[arg-type]


def found(function: Function, tables: Tables, **declared: object) -> pd.DataFrame:
    one = made(function, **declared)  # type: ignore[arg-type]
    return findings(tables, [ChosenCheck(check=one, severity=Severity.HIGH, params=Params())])


def passing(index: pd.Index) -> Answers:
    yes = pd.Series(data=True, index=index, dtype="boolean")
    return answer(known=yes, passed=yes, observed="seen", expected="seen", failed="")


def test_a_finding_says_who_what_and_where() -> None:
    one = found(lambda tables, _: passing(tables.workspaces.index), Tables.of(workspaces=[workspace("Ws")]))
    assert tuple(one.columns) == FINDING_COLUMNS
    row = one.iloc[0]
    assert (row["check_id"], row["family"], row["severity"]) == ("TST001", "TST", "high")
    assert (row["resource_id"], row["workspace_id"]) == (workspace_id("Ws"), workspace_id("Ws"))
    assert row["judged_by"] == workspace_id("Ws").lower()


def test_a_check_that_raises_becomes_an_error_for_each_of_its_rows() -> None:
    def raises(tables: Tables, _params: Params) -> Answers:
        raise ZeroDivisionError("by zero")

    tables = Tables.of(workspaces=[workspace("a"), workspace("b")])
    crashed = found(raises, tables)
    assert statuses(crashed) == ["error", "error"]
    assert "ZeroDivisionError: by zero" in crashed["reason"][0]
    assert statuses(found(raises, Tables.of())) == ["error"]


def test_a_check_that_reads_more_than_it_says_becomes_an_error() -> None:
    def greedy(tables: Tables, _params: Params) -> Answers:
        return passing(tables.workspaces["isolation_mode"].index)

    tables = Tables.of(workspaces=[workspace()])
    assert statuses(found(greedy, tables)) == ["error"]
    assert statuses(found(greedy, tables, reads=("workspaces.isolation_mode",))) == ["pass"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (lambda answers: None, "NoneType"),
        (lambda answers: answers.drop(columns="reason"), "lack the column reason"),
        (lambda answers: answers.iloc[:0], "not on the index"),
        (lambda answers: answers.set_axis(["elsewhere"]), "not on the index"),
        (lambda answers: pd.concat([answers, answers]), "not on the index"),
        (lambda answers: answers.assign(status="splendid"), "no status splendid"),
        (lambda answers: answers.assign(status=pd.NA), "no status <NA>"),
    ],
)
def test_an_answer_in_the_wrong_shape_becomes_an_error(
    shape: Callable[[Answers], object], message: str
) -> None:
    tables = Tables.of(workspaces=[workspace()])
    wrong = found(lambda tables, _: shape(passing(tables.workspaces.index)), tables)
    assert statuses(wrong) == ["error"]
    assert message in wrong["reason"][0]


@pytest.mark.parametrize("known", [False, None])
@pytest.mark.parametrize("table", ["outbound_rules", "private_endpoint_connections"])
def test_children_not_all_read_add_an_unknown_row_for_their_workspace(table: str, known: bool | None) -> None:
    row = workspace(outbound_rules_known=known, private_endpoint_connections_known=known)
    tables = Tables.of(
        workspaces=[row], outbound_rules=[rule()], private_endpoint_connections=[connection("Approved")]
    )
    answers = found(lambda tables, _: passing(tables[table].index), tables, over=table)
    assert sorted(statuses(answers)) == ["pass", "unknown"]
    unread = answers[answers["status"].eq("unknown")].iloc[0]
    assert unread["resource_id"] == workspace_id()
    assert "not read completely" in unread["reason"]


def test_a_child_is_found_in_its_workspace_whatever_the_case_of_its_id() -> None:
    row = rule() | {"workspace_id": workspace_id().upper()}
    tables = Tables.of(workspaces=[workspace()], outbound_rules=[row])
    one = found(lambda tables, _: passing(tables.outbound_rules.index), tables, over="outbound_rules")
    assert list(one["judged_by"]) == [workspace_id().lower()]


def test_no_rows_and_no_checks_give_an_empty_frame_with_all_columns() -> None:
    empty = findings(Tables.of(), [])
    assert tuple(empty.columns) == FINDING_COLUMNS
    assert empty.empty


def test_nothing_absent_passes_whatever_a_check_says() -> None:
    index = pd.Index(["a", "b", "c", "d"])

    def flags(*values: bool | None) -> pd.Series:
        return pd.Series(values, index=index, dtype="boolean")

    answers = answer(
        known=flags(True, None, True, True),
        passed=flags(None, True, True, True),
        applies=flags(True, True, None, False),
        observed=pd.Series(["x", None, "x", "x"], index=index, dtype="string"),
        expected="x",
        failed="",
    )
    assert list(answers["status"]) == ["unknown", "unknown", "unknown", "not-applicable"]
    assert answers["observed"].iloc[1] == "not reported"


def test_a_declaration_that_cannot_be_right_is_refused() -> None:
    with pytest.raises(ValueError, match="no table 'cellars'"):
        made(lambda tables, _: None, over="cellars")
    with pytest.raises(ValueError, match="which no table has"):
        made(lambda tables, _: None, reads=("workspaces.colour",))
    with pytest.raises(ValueError, match="looks at workspaces"):
        replace(made(lambda tables, _: None, over="computes"), looks_at="workspace")
