"""Selectors: each key, the globs, and that what is not known never matches."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.contract.tables import Tables
from checks.policy.selectors import NOWHERE, Selector, matching, unknown_groups, workspace_facts
from tests.support.tables.checks import SUBSCRIPTION, workspace, workspace_id

TAGGED = workspace(
    "mlw-Fraud",
    kind="Hub",
    subscription_id=SUBSCRIPTION.upper(),
    resource_group="rg-ML",
    location="westeurope",
    tags=json.dumps({"Env": "Prod", "cost center/ä.b": "a=b, [c]*", "empty": "", "odd": None}),
)


def subscription(**values: object) -> dict[str, object]:
    return {
        "subscription_resource_id": f"/subscriptions/{SUBSCRIPTION}",
        "subscription_id": SUBSCRIPTION,
        "subscription": "Contoso Research",
        "management_groups": "Corp, platform",
        "known_management_groups": "Corp, other, platform",
        **values,
    }


def facts(*workspaces: dict[str, object], **of_subscription: object) -> pd.DataFrame:
    return workspace_facts(
        Tables.of(subscriptions=[subscription(**of_subscription)], workspaces=list(workspaces))
    )


def matches(row: dict[str, object], /, **where: Any) -> bool:
    found = matching(Selector.model_validate(where), facts(row))
    assert not found[NOWHERE]
    return bool(found.iloc[0])


@pytest.mark.parametrize(
    ("key", "yes", "no"),
    [
        (
            "subscription",
            ["contoso *", SUBSCRIPTION, "11111111-*", ["x", "*RESEARCH"]],
            ["contoso", "*prod*"],
        ),
        ("management_group", ["corp", "PLATFORM", ["x", "corp"]], ["other", "cor"]),
        ("resource_group", ["RG-ml", "rg-*", "rg-?l"], ["rg", "ml"]),
        ("kind", ["hub", ["Project", "Hub"]], ["Project", "Default"]),
        ("location", ["WestEurope", "*europe"], ["west", "eastus"]),
        ("workspace", ["mlw-fraud", "mlw-*", workspace_id("mlw-fraud"), "*/resourcegroups/rg-ml/*"], ["mlw"]),
        ("tag", [{"env": "prod"}, {"ENV": ["x", "p*"]}, {"empty": "*"}], [{"env": "dev"}, {"nope": "*"}]),
    ],
)
def test_each_key_matches_by_glob_whatever_the_case(key: str, yes: list[Any], no: list[Any]) -> None:
    assert all(matches(TAGGED, **{key: globs}) for globs in yes)
    assert not any(matches(TAGGED, **{key: globs}) for globs in no)


def test_tags_with_odd_characters_are_found() -> None:
    assert matches(TAGGED, tag={"Cost Center/Ä.b": "a=b, [[]c][*]"})
    assert matches(TAGGED, tag={"cost center/ä.b": "a=b*"})
    assert not matches(TAGGED, tag={"odd": "*"})
    assert not matches(TAGGED, tag={"env": "prod", "empty": "x"})


def test_brackets_are_classes_and_match_themselves_only_when_escaped() -> None:
    named = workspace("mlw-b1")
    assert matches(named, workspace="mlw-[ABC]1")
    assert matches(named, workspace="mlw-[!x]?")
    assert not matches(named, workspace="mlw-[!b]1")
    assert not matches(named, workspace="mlw-[b")
    assert matches(workspace("mlw-[b"), workspace="mlw-[[]b")


def test_all_keys_given_must_match() -> None:
    assert matches(TAGGED, kind="Hub", location="westeurope", tag={"env": "prod"})
    assert not matches(TAGGED, kind="Hub", location="eastus", tag={"env": "prod"})


@pytest.mark.parametrize(
    "where",
    [{"kind": "*"}, {"location": "*"}, {"tag": {"env": "*"}}, {"resource_group": "*"}, {"subscription": "*"}],
)
def test_what_is_not_known_matches_nothing_not_even_a_star(where: dict[str, Any]) -> None:
    bare: dict[str, object] = {"workspace_id": workspace_id("x"), "workspace": "x"}
    assert not matches(bare, **where)
    assert matches(bare, workspace="*")


def test_a_workspace_of_a_subscription_nobody_listed_has_no_name_or_group() -> None:
    assert not matches({**TAGGED, "subscription_id": "other"}, management_group="corp")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({}, "at least one of"),
        ({"kind": None}, "kind is empty"),
        ({"kind": None, "location": "x"}, "kind is empty"),
        ({"kind": []}, "at least 1"),
        ({"kind": " "}, "at least 1"),
        ({"tag": {}}, "at least 1"),
        ({"management_group": "corp-*"}, "without wildcards"),
        ({"management_group": "corp, platform"}, "pattern"),
        ({"colour": "red"}, "colour"),
        ({"tag": {"env": True}}, "valid"),
    ],
)
def test_a_selector_that_selects_everything_or_nonsense_is_refused(
    where: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Selector.model_validate(where)


def test_a_group_that_was_not_read_for_every_workspace_is_not_known() -> None:
    row = workspace(subscription_id=SUBSCRIPTION)
    assert unknown_groups(["CORP", "other"], facts(row)) == ()
    assert unknown_groups(["corp", "more"], facts(row)) == ("more",)
    assert unknown_groups(["corp"], facts(row, known_management_groups=None)) == ("corp",)
    assert unknown_groups(["corp"], facts(row, management_groups=None, known_management_groups="")) == (
        "corp",
    )
    assert unknown_groups(["corp"], facts(row, workspace("lost"))) == ("corp",)
    assert unknown_groups(["corp"], facts()) == ()


@settings(deadline=None)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_tag_is_matched_by_its_own_value_escaped(name: str, value: str) -> None:
    if not name.strip() or name != name.strip() or len(name.lower()) != len(name):
        return
    escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in value)
    if not escaped.strip() or escaped != escaped.strip():
        return
    assert matches({**TAGGED, "tags": json.dumps({name: value})}, tag={name: escaped})
