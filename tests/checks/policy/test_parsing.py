from __future__ import annotations

from typing import Any

import pytest
import yaml

from checks.errors import PolicyError
from checks.model import ChosenCheck, Severity
from checks.policy.composition import composed
from checks.policy.parsing import Layer, parsed
from checks.registry import registry
from tests.support.places import ROOT

SHIPPED = ROOT / "checks" / "policies"


def composed_of(document: object, source: str) -> dict[str, ChosenCheck]:
    layer = Layer(source=source, policy=parsed(document, source))
    return {each.check.id: each for each in composed([layer], registry()).checks()}


def choice(checks: dict[str, Any]) -> dict[str, ChosenCheck]:
    return composed_of({"name": "mine", "checks": checks}, "mine.yaml")


def refused(document: object) -> str:
    with pytest.raises(PolicyError) as error:
        composed_of(document, "mine.yaml")
    return str(error.value)


def test_a_family_chooses_all_its_checks_in_order() -> None:
    assert list(choice({"PEP": None})) == [f"PEP00{n}" for n in range(1, 6)]


@pytest.mark.parametrize("turned", [False, True])
def test_an_id_beats_the_family_it_falls_under_whatever_their_order(turned: bool) -> None:
    settings = {"NET": {"severity": "low"}, "NET001": {"severity": "critical"}}
    checks = choice(dict(reversed(settings.items())) if turned else settings)
    assert checks["NET001"].severity is Severity.CRITICAL
    assert checks["NET002"].severity is Severity.LOW


def test_a_check_keeps_its_own_severity_and_defaults_unless_set() -> None:
    one = choice({"NET003": None})["NET003"]
    assert one.severity is Severity.MEDIUM
    assert one.params.model_dump() == {"min_prefix": 24, "max_addresses": 1024}


def test_parameters_reach_the_check() -> None:
    one = choice({"NET003": {"parameters": {"min_prefix": 30}}})["NET003"]
    assert one.params.model_dump() == {"min_prefix": 30, "max_addresses": 1024}


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        (None, ["mine.yaml", "empty"]),
        ([], ["mine.yaml", "a list"]),
        ({"name": "x", "checks": {"NET": None}, "colour": 1}, ["colour", "no such key", "name"]),
        ({"name": "x", "checks": {"NET": {"sevrity": "low"}}}, ["checks.NET.sevrity", "severity"]),
        ({"name": "x", "checks": {"NET": {"severity": "awful"}}}, ["checks.NET.severity", "critical"]),
        ({"name": "x", "checks": {}}, ["checks"]),
        ({"name": "", "checks": {"NET": None}}, ["name"]),
        ({"checks": {"NET": None}}, ["name"]),
        ({"name": "x", "checks": {"NET0O1": None}}, ["NET0O1", "Did you mean", "NET001"]),
        ({"name": "x", "checks": {"net": None}}, ["net", "Did you mean NET"]),
        ({"name": "x", "checks": {"XYZ": None}}, ["XYZ", "Families: ", "MVN, NET, OBR, PEP"]),
        (
            {"name": "x", "checks": {"NET003": {"parameters": {"min_prefix": 99}}}},
            ["NET003", "min_prefix", "less than or equal to 32"],
        ),
        (
            {"name": "x", "checks": {"NET003": {"parameters": {"min_prefix": True}}}},
            ["NET003", "min_prefix", "no numbers"],
        ),
        (
            {"name": "x", "checks": {"OBR008": {"parameters": {"approved": "pypi.org"}}}},
            ["OBR008", "approved", "has to be a list"],
        ),
        (
            {"name": "x", "checks": {"NET003": {"parameters": {"min_prefx": 9}}}},
            ["NET003", "min_prefx", "allowed here: min_prefix"],
        ),
        (
            {"name": "x", "checks": {"NET001": {"parameters": {"any": 9}}}},
            ["NET001", "allowed here: none"],
        ),
    ],
)
def test_what_no_policy_may_say_is_refused_with_its_place(document: object, parts: list[str]) -> None:
    message = refused(document)
    assert message.startswith("mine.yaml")
    assert all(part in message for part in parts), message


def shipped(name: str) -> dict[str, ChosenCheck]:
    document = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    assert document["name"] == name
    assert document["description"]
    return composed_of(document, name)


def test_internet_outbound_asks_the_vendor_rule_and_nothing_else() -> None:
    checks = shipped("internet-outbound")
    assert list(checks) == ["NET006"]
    assert checks["NET006"].params.model_dump() == {"allowed_modes": ("AllowInternetOutbound",)}
    assert checks["NET006"].severity is Severity.HIGH


def test_baseline_admits_either_mode_and_leaves_the_vendor_rule_out() -> None:
    checks = shipped("baseline")
    assert not {"NET004", "NET006"} & set(checks)
    assert {"NET001", "PEP001", "MVN001", "OBR005"} <= set(checks)
    assert checks["MVN002"].params.model_dump() == {
        "allowed_modes": ("AllowInternetOutbound", "AllowOnlyApprovedOutbound")
    }
