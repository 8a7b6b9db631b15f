"""The JSON Schema of policies, held against a real validator and against what loading accepts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from checks.errors import PolicyError
from checks.policy.json_schema import policy_schema
from checks.policy.parsing import parsed
from checks.registry import BUILT_IN
from tests.support.places import ROOT

CHECKS = ROOT / "checks"
SCHEMA = policy_schema({check.id: check for check in BUILT_IN})
VALIDATOR = Draft202012Validator(SCHEMA)


class _AsEditorsRead(yaml.SafeLoader):
    """A day is a text, as in JSON."""


_AsEditorsRead.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Any:
    return yaml.load(text, Loader=_AsEditorsRead)


def errors(document: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_one_and_every_field_is_described() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert "$id" not in SCHEMA
    for place in (SCHEMA, *(SCHEMA["$defs"][name] for name in ("Override", "Selector", "Waiver"))):
        for name, field in place["properties"].items():
            assert field.get("description"), name
    assert all(check.id in SCHEMA["$defs"]["Checks"]["properties"] for check in BUILT_IN)


@pytest.mark.parametrize("path", sorted((CHECKS / "policies").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_policies_validate(path: Path) -> None:
    assert errors(read(path.read_text())) == []


def test_the_starter_validates_with_and_without_its_examples() -> None:
    text = (CHECKS / "starter.yaml").read_text()
    assert errors(read(text)) == []
    assert errors(read(re.sub(r"(?m)^#:", "", text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "name: x\nchecks: {NET: , NET001: off, NET002: 'off', NET003: on, low: {severity: high}, ABC001: }",
        "name: x\nextends: baseline",
        "name: x\nextends: [baseline, a.yaml]\nfail_on: high\nunknown: violation",
        "name: x\nchecks: {NET003: {parameters: {min_prefix: 28}, note: why, enabled: false}}",
        "name: x\nchecks: {NET: }\noverrides: [{where: {tag: {a: [b, c]}, kind: Hub}, checks: {NET: off}}]",
        "name: x\nchecks: {NET: }\nwaivers: [{check: NET, where: {workspace: a}, reason: r, approver: a, "
        "expires: 2027-01-31}]",
    ],
)
def test_what_loading_accepts_validates(text: str) -> None:
    assert errors(read(text)) == []
    parsed(yaml.safe_load(text), "mine.yaml")


WAIVER = {"check": "NET", "resource": "*", "reason": "r", "approver": "a", "expires": "2027-01-31"}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"name": "x"},
        {"name": "x", "checks": {}},
        {"name": "../x", "checks": {"NET": None}},
        {"name": "x", "checks": {"NET": None}, "version": 2},
        {"name": "x", "checks": {"NET": None}, "extra": 1},
        {"name": "x", "checks": {"NET": {"sev": "high"}}},
        {"name": "x", "checks": {"NET": {"severity": "huge"}}},
        {"name": "x", "checks": {"NET": "maybe"}},
        {"name": "x", "checks": {"NET": None}, "unknown": "pass"},
        {"name": "x", "extends": [""]},
        {"name": "x", "extends": "b", "overrides": [{"checks": {"NET": None}}]},
        {"name": "x", "extends": "b", "overrides": [{"where": {}, "checks": {"NET": None}}]},
        {"name": "x", "extends": "b", "overrides": [{"where": {"kind": []}, "checks": {"NET": None}}]},
        {"name": "x", "extends": "b", "overrides": [{"where": {"kind": None}, "checks": {"NET": None}}]},
        {"name": "x", "extends": "b", "overrides": [{"where": {"kind": "a"}, "checks": {}}]},
        {
            "name": "x",
            "extends": "b",
            "overrides": [{"where": {"tag": {"a": True}}, "checks": {"NET": None}}],
        },
        {
            "name": "x",
            "extends": "b",
            "overrides": [{"where": {"management_group": "a*"}, "checks": {"NET": None}}],
        },
        *(
            {"name": "x", "extends": "b", "waivers": [{k: v for k, v in WAIVER.items() if k != missing}]}
            for missing in WAIVER
        ),
        {"name": "x", "extends": "b", "waivers": [{**WAIVER, "expires": "soon"}]},
        {"name": "x", "extends": "b", "waivers": [{**WAIVER, "expires": 20270131}]},
        {"name": "x", "extends": "b", "waivers": [{**WAIVER, "reason": "  "}]},
    ],
)
def test_what_loading_refuses_does_not_validate(document: object) -> None:
    assert errors(document)
    with pytest.raises(PolicyError):
        parsed(document, "mine.yaml")


def test_parameters_are_checked_by_check() -> None:
    assert errors({"name": "x", "checks": {"NET003": {"parameters": {"min_prefix": 99}}}})
    assert errors({"name": "x", "checks": {"NET003": {"parameters": {"min_prefx": 9}}}})
    assert errors({"name": "x", "checks": {"net": None}})
