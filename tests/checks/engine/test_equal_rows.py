from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Answers, Check, Params, Scope, answer
from checks.registry import registry
from tests.support.side_by_side import beside
from tests.support.tables.checks import asked, findings_of, host_rule, isolated, rule, workspace, workspace_id
from tests.support.tables.drawn import chosen, tables

CHECKS = registry()


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(world=tables())
def test_a_check_asked_once_for_equal_rows_answers_as_if_asked_for_every_row(world: Tables) -> None:
    repeated = beside(dict.fromkeys("abc", world))
    once = findings(repeated, map(chosen, CHECKS.values()))
    asked_of_every_row = [chosen(replace(check, looks_at="everything")) for check in CHECKS.values()]
    pd.testing.assert_frame_equal(once, findings(repeated, asked_of_every_row))


def rows_shown(check: Check, world: Tables) -> list[int]:
    seen: list[int] = []

    def counting(shown: Tables, params: Params) -> Answers:
        seen.append(len(shown[check.over]))
        return check.function(shown, params)

    findings(world, [chosen(replace(check, function=counting))])
    return seen


@pytest.mark.parametrize(
    "check", [each for each in CHECKS.values() if each.looks_at != "everything"], ids=lambda check: check.id
)
def test_a_check_sees_one_of_each_kind_of_rows(check: Check) -> None:
    alone, repeated = many(opening, of=1), many(opening, of=5)
    assert rows_shown(check, repeated) == rows_shown(check, alone)


def many(row: Callable[[str], dict[str, object]], of: int = 6) -> Tables:
    names = [f"ws{n}" for n in range(of)]
    return Tables.of(
        workspaces=[isolated(name) for name in names],
        outbound_rules=[row(name) for name in names],
    )


def opening(of: str, **values: object) -> dict[str, object]:
    return {**rule("to-storage", of=of), "type": "FQDN", "fqdn": "*.blob.core.windows.net", **values}


def test_equal_rows_keep_their_own_names() -> None:
    world = many(lambda of: opening(of, rule=f"rule-of-{of}"))
    found = findings(world, [chosen(CHECKS["OBR004"])])
    assert list(found["status"]) == ["fail"] * 6
    assert [f"rule-of-ws{n} " in reason for n, reason in enumerate(found["reason"])] == [True] * 6


@pytest.mark.parametrize("looks_at", ["row", "everything"])
def test_a_name_that_is_absent_is_not_reported(looks_at: Scope) -> None:
    world = many(lambda of: opening(of, rule=None))
    found = findings(world, [chosen(replace(CHECKS["OBR004"], looks_at=looks_at))])
    assert set(found["reason"]) == {"The rule not reported reaches storage by name: *.blob.core.windows.net."}


ODD = st.text(st.sampled_from("{}%\\ab\ue000\ue001é "), max_size=12) | st.sampled_from(
    ["{status}", "{{rule}}", "{rule", "}", "{0}", "%s", "{rule!r}"]
)


@given(names=st.lists(ODD, min_size=1, max_size=4), host=ODD)
def test_braces_in_reported_values_are_shown_as_they_are(names: list[str], host: str) -> None:
    def failing(shown: Tables, _params: Params) -> Answers:
        hosts = shown.outbound_rules["fqdn"]
        no = pd.Series(data=False, index=hosts.index, dtype="boolean")
        return answer(
            known=~no,
            passed=no,
            observed=hosts,
            expected="{wanted} for {fqdn}",
            failed="{rule} of {{rule}}: {host}.",
            values={"host": hosts, "wanted": host},
        )

    world = Tables.of(
        workspaces=[isolated()],
        outbound_rules=[{**rule(f"id{n}"), "rule": name, "fqdn": host} for n, name in enumerate(names)],
    )
    scopes: tuple[Scope, ...] = ("row", "everything")
    for looks_at in scopes:
        check = replace(CHECKS["OBR004"], function=failing, looks_at=looks_at)
        found = findings(world, [chosen(check)])
        assert list(found["observed"]) == [host] * len(names)
        assert list(found["expected"]) == [f"{host} for {host}"] * len(names)
        assert list(found["reason"]) == [f"{name} of {{rule}}: {host}.".strip() for name in names]


def test_a_text_that_names_what_the_check_does_not_read_is_an_error() -> None:
    def naming(shown: Tables, _params: Params) -> Answers:
        yes = pd.Series(data=True, index=shown.workspaces.index, dtype="boolean")
        return answer(known=yes, passed=yes, observed="{firewall_sku}", expected="", failed="")

    found = asked_of(replace(CHECKS["NET001"], function=naming))
    assert set(found["status"]) == {"error"}
    assert "firewall_sku" in found["reason"].iloc[0]


def test_a_check_that_decides_by_what_it_does_not_look_at_is_an_error() -> None:
    def by_tags(shown: Tables, _params: object) -> pd.DataFrame:
        return CHECKS["NET001"].function(shown, shown.workspaces["tags"])

    assert set(asked_of(replace(CHECKS["NET001"], function=by_tags))["status"]) == {"error"}


def asked_of(check: Check) -> pd.DataFrame:
    rows = [workspace(f"ws{n}", public_network_access="Enabled") for n in range(4)]
    return findings(Tables.of(workspaces=rows), [chosen(check)])


@pytest.mark.parametrize("of", ["ws", "WS"])
def test_a_rule_is_judged_in_its_own_workspace_whatever_the_case_of_its_id(of: str) -> None:
    row = {**host_rule("pypi.org"), "workspace_id": workspace_id(of)}
    assert list(asked("OBR002", [isolated()], rules=[row])["status"]) == ["pass"]


def test_equal_resources_that_each_admit_their_own_workspace_all_pass() -> None:
    names = [f"ws{n}" for n in range(4)]
    stores = [
        {
            "association_id": f"{workspace_id(name)}#storage",
            "workspace_id": workspace_id(name),
            "resource_id": "/storage/shared",
            "role": "storage",
            "read_status": "read",
            "default_action": "Deny",
            "bypass": "None",
            "resource_access_rules": ", ".join(workspace_id(each) for each in names[:3]),
        }
        for name in names
    ]
    workspaces = [workspace(name, associated_resources_known=True) for name in names]
    found = findings_of("RES005", workspaces=workspaces, associated_resources=stores)
    assert list(found["status"]) == ["pass", "pass", "pass", "fail"]
