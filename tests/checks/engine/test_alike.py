from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from checks.contract.hubs import with_hub_values
from checks.contract.tables import Tables
from checks.engine.alike import Alike
from checks.engine.answered import Answered
from checks.engine.asking import findings
from checks.engine.kin import Kin
from checks.model import ANSWER_COLUMNS, Check, ChosenCheck
from checks.registry import registry
from tests.support.tables.checks import asked, host_rule, isolated, rule, workspace, workspace_id
from tests.support.tables.drawn import chosen, tables

CHECKS = registry()


def words(answered: Answered) -> pd.DataFrame:
    texts = {name: getattr(answered, name) for name in ANSWER_COLUMNS}
    return pd.DataFrame({name: each.pool[each.codes] for name, each in texts.items()})


def of_everything(check: Check) -> ChosenCheck:
    return chosen(replace(check, looks_at="everything"))


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(world=tables())
def test_a_check_answers_alike_whether_asked_of_all_rows_or_of_different_ones(world: Tables) -> None:
    seen = with_hub_values(world)
    alike = Alike(seen, Kin(seen), worth=0)
    for check in CHECKS.values():
        if check.looks_at != "everything":
            assert alike.question(check).places is not None, check.id
            told_apart = words(alike.answered(of_everything(check)))
            pd.testing.assert_frame_equal(words(alike.answered(chosen(check))), told_apart, obj=check.id)


def many(row: Callable[[str], dict[str, object]]) -> Tables:
    names = [f"ws{n}" for n in range(6)]
    return Tables.of(
        workspaces=[isolated(name) for name in names],
        outbound_rules=[row(name) for name in names],
    )


def opening(of: str, **values: object) -> dict[str, object]:
    return {**rule("to-pypi", of=of), "type": "FQDN", "fqdn": "*.blob.core.windows.net", **values}


def test_rows_that_say_the_same_are_shown_once_and_keep_their_own_names() -> None:
    world = with_hub_values(many(lambda of: opening(of) | {"rule": f"rule-of-{of}"}))
    shown = Alike(world, Kin(world)).question(CHECKS["OBR004"]).tables
    assert len(shown.outbound_rules) == 1
    found = findings(world, [chosen(CHECKS["OBR004"])])
    found = found[found["status"].eq("fail")]
    assert [f"rule-of-ws{n} " in reason for n, reason in enumerate(found["reason"])] == [True] * 6


def test_a_name_that_is_absent_is_not_filled_in() -> None:
    world = many(lambda of: opening(of) | ({} if of == "ws3" else {"rule": "r"}) | {"rule": None})
    for read in ("row", "everything"):
        check = replace(CHECKS["OBR002"], looks_at=read)
        assert "\ue000" not in "".join(findings(world, [chosen(check)])["reason"])


def test_a_reported_text_that_looks_like_a_stand_in_is_shown_as_it_is() -> None:
    world = many(lambda of: opening(of, fqdn="\ue000rule\ue001.blob.core.windows.net"))
    found = findings(world, [chosen(CHECKS["OBR004"])])
    assert set(found["observed"]) == {"\ue000rule\ue001.blob.core.windows.net"}


def test_a_check_that_leans_on_what_it_does_not_look_at_is_an_error_and_no_verdict() -> None:
    def by_tags(shown: Tables, _params: object) -> pd.DataFrame:
        return CHECKS["NET001"].function(shown, shown.workspaces["tags"])

    check = replace(CHECKS["NET001"], function=by_tags)
    assert set(asked_of(check)["status"]) == {"error"}


def asked_of(check: Check) -> pd.DataFrame:
    rows = [workspace(f"ws{n}", public_network_access="Enabled") for n in range(4)]
    return findings(Tables.of(workspaces=rows), [chosen(check)])


@pytest.mark.parametrize("of", ["ws", "WS"])
def test_a_rule_is_judged_in_its_own_workspace_whatever_the_case_of_its_id(of: str) -> None:
    row = {**host_rule("pypi.org"), "workspace_id": workspace_id(of)}
    assert list(asked("OBR002", [isolated()], rules=[row])["status"]) == ["pass"]
