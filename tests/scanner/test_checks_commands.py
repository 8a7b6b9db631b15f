"""`azml-audit checks list` and `checks show`: filters, JSON, and text that fits the terminal."""

from __future__ import annotations

import json

import pytest

from checks.registry import registry
from scanner.policies import loaded
from tests.support.command_line import run

CHECKS = registry()
NARROW = {"COLUMNS": "80"}


def listed(*arguments: str) -> set[str]:
    code, out, err = run("checks", "list", "--json", *arguments)
    assert (code, err) == (0, "")
    return {each["id"] for each in json.loads(out)}


def test_filters_narrow_the_list_and_add_up() -> None:
    assert listed() == set(CHECKS)
    assert listed("--family", "net") == {id for id, check in CHECKS.items() if check.family == "NET"}
    assert listed("--severity", "critical") == {
        id for id, each in CHECKS.items() if each.severity == "critical"
    }
    (policy,) = loaded(["data-exfiltration"], CHECKS)
    of_policy = {each.check.id for each in policy.checks}
    assert listed("--policy", "data-exfiltration") == of_policy
    supports = {id for id, check in CHECKS.items() if "NS-2" in check.controls.get("MCSB", ())}
    assert supports <= listed("--control", "NS-2")
    both = listed("--policy", "data-exfiltration", "--severity", "high", "--severity", "critical")
    assert both == {id for id in of_policy if CHECKS[id].severity in {"high", "critical"}}


def test_the_list_has_a_heading_for_each_family() -> None:
    _, out, _ = run("checks", "list", env=NARROW)
    assert max(map(len, out.splitlines())) <= 80
    assert "NET: inbound access to the workspace" in out
    assert f"{len(CHECKS)} checks." in out


def test_a_record_has_the_facts_of_the_check() -> None:
    _, out, _ = run("checks", "list", "--json", "--family", "NET")
    record = next(each for each in json.loads(out) if each["id"] == "NET002")
    assert record["follows"] == list(CHECKS["NET002"].follows)
    assert record["fix"] == CHECKS["NET002"].remediation.summary


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--family", "NTE"], "Did you mean NET?"),
        (["--severity", "hgih"], "Did you mean high?"),
        (["--policy", "baselin"], "baseline"),
        (["--control", "no such control"], "docs/controls.md"),
    ],
)
def test_a_filter_that_no_check_has_is_a_usage_error(arguments: list[str], problem: str) -> None:
    code, _, err = run("checks", "list", *arguments)
    assert code == 2
    assert problem in err


@pytest.mark.parametrize("check_id", sorted(CHECKS))
def test_a_check_is_explained_in_text_and_its_code_can_be_copied(check_id: str) -> None:
    check = CHECKS[check_id]
    code, out, _ = run("checks", "show", check_id.lower(), env=NARROW)
    assert code == 0
    assert "```" not in out
    assert "**" not in out
    assert "{{" not in out
    fix = check.remediation.for_any_resource()
    for text in (fix.az, fix.bicep, fix.terraform):
        assert all(line.strip() in out for line in text.splitlines())
    assert " ".join(check.remediation.summary.split()) in " ".join(out.split())
    prose = out.partition("az CLI:")[0]
    assert all(len(line) <= 80 or "http" in line for line in prose.splitlines())


def test_an_unknown_check_is_named_with_a_hint() -> None:
    code, _, err = run("checks", "show", "NET0O1")
    assert code == 2
    assert "Did you mean" in err
