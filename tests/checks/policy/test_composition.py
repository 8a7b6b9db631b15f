"""The settings that layers, overrides and their order give, and the source of every value."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.errors import PolicyError
from checks.model import Answers, Check, Params, Remediation, Severity, check
from checks.policy.composition import CHECK_DEFAULT, NEVER_NAMED, Composition, composed, scoped
from checks.policy.parsing import Layer, parsed
from checks.registry import registry
from tests.support.tables.checks import SUBSCRIPTION, connection, host_rule, isolated, rule, workspace

CHECKS = {
    id: registry()[id]
    for id in ("MVN001", "MVN002", "NET001", "NET002", "NET003", "OBR005", "OBR006", "PEP001", "PEP002")
}


def layer(source: str = "mine.yaml", **document: Any) -> Layer:
    return Layer(source=source, policy=parsed({"name": "mine", **document}, source))


def composition(*layers: Layer, checks: dict[str, Check] | None = None) -> Composition:
    return composed(layers, checks or CHECKS)


def override(checks: dict[str, Any], **where: Any) -> dict[str, Any]:
    return {"where": where or {"workspace": "*"}, "checks": checks}


def found(policy: Composition, tables: Tables) -> pd.DataFrame:
    return findings(tables, scoped(policy, tables))


TABLES = Tables.of(
    workspaces=[
        isolated("a", "AllowInternetOutbound", location="westeurope", public_network_access="Enabled"),
        isolated("b", location="eastus", public_network_access="Disabled"),
        workspace("c"),
    ],
    outbound_rules=[{**host_rule("*", "one"), "workspace_id": isolated("b")["workspace_id"]}],
    private_endpoint_connections=[connection("Pending", of="a"), connection("Approved", "pe2", of="b")],
)


def names(frame: pd.DataFrame) -> list[str]:
    return list(frame["workspace_id"].str.rpartition("/")[2])


def test_an_override_says_other_things_of_its_workspaces_only() -> None:
    policy = composition(
        layer(
            checks={"MVN002": {"parameters": {"allowed_modes": ["AllowOnlyApprovedOutbound"]}}},
            overrides=[
                override(
                    {
                        "MVN002": {
                            "severity": "low",
                            "parameters": {"allowed_modes": ["AllowInternetOutbound"]},
                        }
                    },
                    location="westeurope",
                )
            ],
        )
    )
    frame = found(policy, TABLES)
    assert names(frame) == ["a", "b", "c"]
    assert list(frame["severity"]) == ["low", "high", "high"]
    assert list(frame["status"])[:2] == ["pass", "pass"]


def test_an_override_turns_checks_on_and_off_for_its_workspaces_only() -> None:
    policy = composition(
        layer(
            checks={"NET001": None},
            overrides=[
                override({"NET001": False, "MVN001": None}, workspace="a"),
                override({"NET001": "off"}, workspace="c"),
            ],
        )
    )
    frame = found(policy, TABLES)
    assert list(zip(names(frame), frame["check_id"], strict=True)) == [("a", "MVN001"), ("b", "NET001")]
    assert [each.check.id for each in policy.checks()] == ["MVN001", "NET001"]


def test_rows_below_a_workspace_follow_it() -> None:
    policy = composition(
        layer(checks={"PEP002": None}, overrides=[override({"PEP002": False}, workspace="a")])
    )
    assert set(names(found(policy, TABLES))) == {"b"}


def test_rows_of_no_workspace_that_was_seen_follow_what_holds_everywhere() -> None:
    tables = TABLES.replaced(workspaces=TABLES.workspaces.iloc[:0])
    everywhere = layer(checks={"PEP002": None}, overrides=[override({"PEP002": {"severity": "low"}})])
    assert list(found(composition(everywhere), tables)["severity"]) == ["medium", "medium"]
    assert found(
        composition(layer(checks={"NET001": None}, overrides=[override({"PEP002": None})])), tables
    ).empty


def test_no_overrides_and_one_that_matches_nothing_judge_alike() -> None:
    plain = composition(layer(checks={"NET": None, "OBR": None, "PEP": None}))
    idle = composition(
        layer(
            checks={"NET": None, "OBR": None, "PEP": None},
            overrides=[override({"NET": False, "MVN": {"severity": "low"}}, workspace="nobody")],
        )
    )
    pd.testing.assert_frame_equal(found(plain, TABLES), found(idle, TABLES))


SETTINGS = st.one_of(
    st.just(False),
    st.just(None),
    st.fixed_dictionaries({"severity": st.sampled_from([each.value for each in Severity])}),
)
BLOCKS = st.dictionaries(st.sampled_from(["NET", "NET001", "PEP", "high", "medium"]), SETTINGS, min_size=1)
WHERE = st.sampled_from([{"workspace": "a"}, {"location": "*"}, {"workspace": "nobody"}, {"workspace": "*"}])
OVERRIDES = st.lists(
    st.builds(lambda where, checks: {"where": where, "checks": checks}, WHERE, BLOCKS), max_size=3
)


@given(OVERRIDES, BLOCKS, st.sampled_from(list(CHECKS)))
def test_the_later_override_wins(overrides: list[Any], last: dict[str, Any], check_id: str) -> None:
    strongest = {check_id: {"severity": "critical"}}
    policy = composition(layer(checks={"MVN": None}, overrides=[*overrides, override({**last, **strongest})]))
    settled = policy.effective([True] * len(policy.overrides))[check_id]
    assert settled.is_on
    assert settled.severity == "critical"
    assert settled.sources["severity"] == f"mine.yaml: overrides[{len(overrides)}]"


@settings(max_examples=25, deadline=None)
@given(OVERRIDES, BLOCKS, st.integers(0, 3))
def test_an_override_that_matches_nothing_changes_nothing(
    overrides: list[Any], idle: dict[str, Any], at: int
) -> None:
    with_idle = [*overrides[:at], override(idle, workspace="nobody"), *overrides[at:]]
    without, with_one = (
        found(composition(layer(checks={"MVN": None}, overrides=each)), TABLES)
        for each in (overrides, with_idle)
    )
    pd.testing.assert_frame_equal(without, with_one)


@settings(max_examples=25, deadline=None)
@given(OVERRIDES)
def test_every_workspace_is_judged_as_it_is_explained(overrides: list[Any]) -> None:
    policy = composition(layer(checks={"MVN": None}, overrides=overrides))
    frame = found(policy, TABLES)
    for name, key in zip("abc", TABLES.workspaces.index, strict=True):
        applies = [
            each.where.workspace in (("*",), (name,)) or (each.where.location is not None and name != "c")
            for each in policy.overrides
            if each.where
        ]
        settled = policy.effective(applies)
        rows = frame[frame["workspace_id"].str.lower().eq(key)]
        expected = {(id, each.severity.value) for id, each in settled.items() if each.is_on}
        seen = set(zip(rows["check_id"], rows["severity"], strict=True))
        assert seen <= expected
        over_workspaces = {id for id, _ in expected if CHECKS[id].over == "workspaces"}
        assert over_workspaces <= {id for id, _ in seen}


def test_an_id_beats_its_family_and_a_family_a_severity_value_by_value() -> None:
    policy = composition(
        layer(checks={"NET003": None, "medium": {"severity": "critical"}, "NET": {"severity": "low"}})
    )
    settled = policy.effective([])
    assert settled["NET003"].severity is Severity.LOW
    assert settled["NET003"].sources["severity"] == "mine.yaml: checks.NET"
    assert settled["NET003"].sources["enabled"] == "mine.yaml: checks.NET003"
    assert settled["PEP002"].severity is Severity.CRITICAL
    assert settled["PEP002"].sources["enabled"] == "mine.yaml: checks.medium"


def test_parameters_merge_key_by_key_and_every_value_has_its_source() -> None:
    base = layer(
        "base.yaml", checks={"OBR006": {"parameters": {"shared_domains": ["x.example"]}}, "NET": None}
    )
    mine = layer(
        checks={"NET003": {"parameters": {"min_prefix": 28}}, "OBR006": {"severity": "critical"}},
        overrides=[{"name": "edge", **override({"NET003": {"parameters": {"min_prefix": 30}}})}],
    )
    policy = composition(base, mine)
    everywhere, edge = policy.effective([False]), policy.effective([True])
    assert everywhere["NET003"].sources["parameters.min_prefix"] == "mine.yaml: checks.NET003"
    assert edge["NET003"].sources["parameters.min_prefix"] == "mine.yaml: overrides[0] (edge)"
    assert edge["NET003"].parameters == {"min_prefix": 30}
    assert edge["OBR006"].parameters == {"shared_domains": ["x.example"]}
    assert edge["OBR006"].sources == {
        "enabled": "mine.yaml: checks.OBR006",
        "severity": "mine.yaml: checks.OBR006",
        "parameters.shared_domains": "base.yaml: checks.OBR006",
    }
    assert everywhere["MVN001"].sources == {"enabled": NEVER_NAMED, "severity": CHECK_DEFAULT}


def test_a_layer_turns_off_what_it_extends_and_on_again() -> None:
    base, mine = (
        layer("base.yaml", checks={"NET": None}),
        layer(checks={"NET": "off", "NET002": {"enabled": True}}),
    )
    assert [each.check.id for each in composition(base, mine).checks()] == ["NET002"]


def test_the_nearest_word_on_failing_and_on_unknown_counts() -> None:
    base = layer("base.yaml", checks={"NET": None}, fail_on="high", unknown="violation")
    assert composition(base, layer(extends="base")).fail_on == "high"
    assert composition(base, layer(extends="base", unknown="incomplete")).unknown == "incomplete"
    assert composition(base, layer(extends="base")).unknown == "violation"
    assert composition(layer(checks={"NET": None})).fail_on == "low"


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        ({"checks": {"NET": None}, "version": 2}, ["version", "version 1"]),
        ({"checks": {"NET": None}, "version": True}, ["version"]),
        ({"checks": {"NET": None}, "fail_on": "awful"}, ["fail_on", "critical"]),
        ({"checks": {"NET": None}, "unknown": "pass"}, ["unknown", "incomplete", "violation"]),
        ({"checks": {"hihg": None}}, ["checks.hihg", "Did you mean high"]),
        ({"checks": {"NET": False}}, ["every check is off"]),
        ({}, ["`checks`", "`extends`"]),
        ({"overrides": [override({"NET0": None})]}, ["overrides[0].checks.NET0", "Did you mean"]),
        (
            {"overrides": [override({"NET": {"sev": 1}})]},
            ["overrides[0].checks.NET.sev", "allowed here: severity"],
        ),
        ({"overrides": [{"checks": {"NET": None}}]}, ["overrides[0].where", "missing"]),
        (
            {"overrides": [override({"NET": None}, knd="Hub")]},
            ["overrides[0].where.knd", "allowed here: subscription"],
        ),
        (
            {
                "overrides": [
                    override({"NET": None}, workspace="a"),
                    override({"NET003": {"parameters": {"min": 1}}}),
                ]
            },
            ["overrides[1].checks.NET003.parameters (of NET003)", "min", "allowed here: min_prefix"],
        ),
        (
            {"overrides": [override({"NET003": {"enabled": False, "parameters": {"min_prefix": 99}}})]},
            ["overrides[0].checks.NET003.parameters", "less than or equal to 32"],
        ),
        (
            {"waivers": [{"check": "NET001", "resource": "*"}]},
            ["waivers[0].reason", "approver", "expires", "missing"],
        ),
        (
            {
                "waivers": [
                    {
                        "check": "high",
                        "resource": "*",
                        "reason": "r",
                        "approver": "a",
                        "expires": "2027-01-31",
                    }
                ]
            },
            ["waivers[0].check: high", "no check of that id or family"],
        ),
        (
            {"waivers": [{"check": "NET", "reason": "r", "approver": "a", "expires": "2027-01-31"}]},
            ["waivers[0]", "`resource`", "`where`"],
        ),
        ({"overrides": [override({"NET": None}, tag={"env": True})]}, ["where.tag.env", "quotes"]),
    ],
)
def test_what_no_policy_may_say_is_refused_with_its_place(document: dict[str, Any], parts: list[str]) -> None:
    values = {"checks": {"NET": None}, **document} if {"overrides", "waivers"} & set(document) else document
    with pytest.raises(PolicyError) as error:
        composition(layer(**values))
    assert str(error.value).startswith("mine.yaml: ")
    assert all(part in str(error.value) for part in parts), str(error.value)


class Width(Params):
    """Counts how often it is asked."""

    width: int = 1


def counting(asked: list[int], *, crashes: bool = False) -> Check:
    @check(
        id="TST001",
        title="Counts",
        over="outbound_rules",
        severity=Severity.LOW,
        reads=(),
        remediation=Remediation(summary="None."),
        params=Width,
    )
    def counts(tables: Tables, params: Width) -> Answers:
        """Counts."""
        asked.append(params.width)
        if crashes:
            raise RuntimeError("broken")
        texts = {"status": "pass", "observed": "", "expected": "", "reason": ""}
        return pd.DataFrame(texts, index=tables.outbound_rules.index)

    return counts


def test_a_check_is_asked_once_for_each_of_its_different_parameters() -> None:
    asked: list[int] = []
    policy = composition(
        layer(
            checks={"TST": None},
            overrides=[
                override({"TST": {"severity": "high"}}, workspace="a"),
                override({"TST": {"parameters": {"width": 2}}}, workspace="b"),
            ],
        ),
        checks={"TST001": counting(asked)},
    )
    tables = TABLES.replaced(
        outbound_rules=Tables.of(outbound_rules=[rule("r", of) for of in "abc"]).outbound_rules
    )
    frame = found(policy, tables)
    assert sorted(asked) == [1, 2]
    rows = frame[frame["status"].eq("pass")]
    assert dict(zip(names(rows), rows["severity"], strict=True)) == {"a": "high", "b": "low", "c": "low"}


def test_a_check_that_crashes_without_rows_has_one_finding_in_any_scope() -> None:
    policy = composition(
        layer(
            checks={"TST": False, "NET001": None},
            overrides=[
                override({"TST": {"severity": "high"}}, workspace="a"),
                override({"TST": {"parameters": {"width": 2}}}, workspace="b"),
            ],
        ),
        checks={"TST001": counting([], crashes=True), "NET001": CHECKS["NET001"]},
    )
    frame = found(policy, TABLES.replaced(outbound_rules=TABLES.outbound_rules.iloc[:0]))
    assert list(frame["status"]).count("error") == 1


def test_a_subscription_is_matched_by_the_name_it_has_in_its_table() -> None:
    tables = Tables.of(
        subscriptions=[
            {
                "subscription_resource_id": f"/subscriptions/{SUBSCRIPTION}",
                "subscription_id": SUBSCRIPTION.upper(),
                "subscription": "Sandbox 1",
            }
        ],
        workspaces=[workspace("a", subscription_id=SUBSCRIPTION), workspace("b", subscription_id="other")],
    )
    policy = composition(
        layer(checks={"NET001": None}, overrides=[override({"NET001": False}, subscription="sandbox *")])
    )
    assert names(found(policy, tables)) == ["b"]


def test_management_groups_are_named_once_from_overrides_and_waivers() -> None:
    policy = composition(
        layer(
            checks={"NET": None},
            overrides=[override({"NET": None}, management_group=["Corp", "b"])],
            waivers=[
                {
                    "check": "NET",
                    "where": {"management_group": "corp"},
                    "reason": "r",
                    "approver": "a",
                    "expires": "2027-01-31",
                }
            ],
        )
    )
    assert [group.lower() for group in policy.management_groups] == ["b", "corp"]


def test_the_digest_is_of_the_settings_and_not_of_the_prose() -> None:
    settings = {"MVN002": {"severity": "low"}}
    reworded = layer(description="Other words.", checks={"MVN002": {"severity": "low", "note": "Because."}})
    other = layer(checks={"MVN002": {"severity": "high"}})
    assert composition(layer(checks=settings)).digest == composition(reworded).digest
    assert composition(layer(checks=settings)).digest != composition(other).digest
