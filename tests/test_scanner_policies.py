"""Policies from files: found, read, and refused with the file, the path and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.errors import PolicyError
from checks.registry import registry
from scanner.policies import loaded, shipped


def written(folder: Path, text: str, name: str = "mine.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_shipped_policies_are_valid_and_bear_the_names_of_their_files() -> None:
    assert {"baseline", "internet-outbound"} <= set(shipped())
    for policy in loaded(shipped(), registry()):
        assert policy.policy.name == policy.source
        assert policy.policy.description
        assert policy.checks


def test_the_vendor_rule_is_a_policy_of_its_own() -> None:
    (policy,) = loaded(["internet-outbound"], registry())
    assert [each.check.id for each in policy.checks] == ["NET006"]


def test_a_file_chooses_checks_with_severity_and_parameters(tmp_path: Path) -> None:
    text = """
name: mine
checks:
  PEP:
  NET003: {severity: critical, parameters: {min_prefix: 28}}
"""
    (policy,) = loaded([written(tmp_path, text)], registry())
    chosen = {each.check.id: each for each in policy.checks}
    assert set(chosen) == {"PEP001", "PEP002", "PEP003", "NET003"}
    assert chosen["NET003"].severity == "critical"
    assert chosen["NET003"].params.model_dump()["min_prefix"] == 28


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", ["not YAML"]),
        ("", ["a mapping", "name, description, checks", "empty"]),
        ("- a", ["a mapping", "a list"]),
        ("name: x\nchecks: {}", ["checks"]),
        ("name: x\nchecks: {NET: }\nextra: 1", ["extra", "allowed here: version, name, description, checks"]),
        ("name: x\nchecks: {NET: {sev: high}}", ["checks.NET.sev", "severity, parameters"]),
        ("name: x\nchecks: {NET: {severity: huge}}", ["checks.NET.severity", "critical"]),
        ("name: x\nchecks: {NET06: }", ["checks.NET06", "NET006", "Families: ", "MVN, NET, OBR, PEP"]),
        ("name: x\nchecks: {NET003: {parameters: {prefix: 3}}}", ["NET003", "prefix", "min_prefix"]),
        ("name: x\nchecks: {NET003: {parameters: {min_prefix: wide}}}", ["min_prefix", "integer"]),
        ("name: x\nchecks:\n  NET: \n  NET: ", ["'NET' occurs twice", "line 4"]),
        ("name: ../x\nchecks: {NET: }", ["name"]),
    ],
)
def test_what_no_policy_may_say_is_refused_by_file_path_and_what_is_allowed(
    tmp_path: Path, text: str, says: list[str]
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        loaded([path], registry())
    for word in [path, *says]:
        assert word in str(caught.value)


def test_a_policy_that_is_neither_shipped_nor_a_file_names_the_shipped_ones() -> None:
    with pytest.raises(PolicyError, match="baseline, internet-outbound"):
        loaded(["nowhere"], registry())


def test_a_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        loaded([str(tmp_path)], registry())


def test_two_policies_of_one_name_are_refused(tmp_path: Path) -> None:
    twin = written(tmp_path, "name: baseline\nchecks: {NET: }")
    with pytest.raises(PolicyError, match="both named"):
        loaded(["baseline", twin], registry())
