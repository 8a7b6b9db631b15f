"""The demo tenant's expected answers, written down in one reviewed file, against what a scan finds."""

from __future__ import annotations

from functools import cache

import pytest
import yaml

from checks.engine.asking import findings
from checks.registry import BUILT_IN, registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.policies import loaded
from scanner.reading.collection import EVERYTHING
from tests.support.places import DATA
from tests.support.scanning import rows, scanned

TRUTH: dict[str, dict[str, str]] = yaml.safe_load((DATA / "demo_truth.yaml").read_text())
FAMILIES = list(dict.fromkeys(check.family for check in BUILT_IN))

# The worst answer over a workspace's resources counts; "." stands where there is none to answer for.
LETTERS = {"error": "E", "fail": "F", "unknown": "U", "pass": "P", "not-applicable": "-"}


@cache
def found() -> dict[str, dict[str, str]]:
    """Workspace name -> check id -> letter."""
    (policy,) = loaded([str(DATA / "demo_truth_policy.yaml")], registry())
    with emulated(demo_tenant()) as emulator:
        tables, _ = scanned(emulator, collection=EVERYTHING)
    worst: dict[str, dict[str, str]] = {}
    order = list(LETTERS.values())
    for row in rows(findings(tables, policy.checks)):
        answers = worst.setdefault(row["workspace_id"].rsplit("/", 1)[-1].lower(), {})
        known = answers.get(row["check_id"], "-")
        answers[row["check_id"]] = min(known, LETTERS[row["status"]], key=order.index)
    return worst


def letters(answers: dict[str, str], family: str) -> str:
    return "".join(answers.get(check.id, ".") for check in BUILT_IN if check.family == family)


@pytest.mark.parametrize("workspace", TRUTH)
def test_the_scan_finds_exactly_what_is_written_down(workspace: str) -> None:
    scan = {family: letters(found()[workspace], family) for family in FAMILIES}
    assert scan == TRUTH[workspace]


def test_every_workspace_and_every_check_is_written_down() -> None:
    assert set(TRUTH) == set(found())
    for workspace, families in TRUTH.items():
        for family in FAMILIES:
            count = sum(check.family == family for check in BUILT_IN)
            assert len(families[family]) == count, f"{workspace} {family}"


def test_each_check_is_seen_to_fail_somewhere_or_is_known_not_to() -> None:
    failing = {check for answers in found().values() for check, letter in answers.items() if letter == "F"}
    assert {check.id for check in BUILT_IN} - failing == NEVER_FAILS


# No demo workspace violates these: with selected addresses and a managed network comes Azure's own rule.
NEVER_FAILS = {"SCN006"}
