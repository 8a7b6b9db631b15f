"""`report.sarif`, read by sarif-pydantic; the properties it does not know are checked here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from sarif_pydantic import Sarif

from checks.engine.finding_ids import finding_ids
from tests.support.audits.formats import count, document, rich_audit

UNKNOWN_TO_IT = {"Run.columnKind", "Result.suppressions", "Invocation.toolExecutionNotifications"}
"""Properties of SARIF 2.1.0 that sarif-pydantic 0.6 does not check."""


def not_read(value: Any) -> Iterator[str]:
    """The properties a model does not know, at any depth."""
    if isinstance(value, BaseModel):
        yield from (f"{type(value).__name__}.{name}" for name in value.model_extra or ())
        for name in value.model_fields_set:
            yield from not_read(getattr(value, name, None))
    elif isinstance(value, list):
        for each in value:
            yield from not_read(each)


def runs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document("report.sarif", "sarif")["runs"]
    return found


def results() -> list[dict[str, Any]]:
    return [result for run in runs() for result in run["results"]]


@pytest.mark.parametrize("audit", ["rich", "plain"])
def test_it_is_sarif_and_nothing_in_it_is_unknown_to_the_standard(audit: str) -> None:
    log = document("report.sarif", "sarif", audit)
    assert log["version"] == "2.1.0"
    assert set(not_read(Sarif.model_validate(log))) <= UNKNOWN_TO_IT


def test_there_is_a_run_for_each_policy_and_a_result_for_each_fail_unknown_and_error() -> None:
    ids = [run["automationDetails"]["id"] for run in runs()]
    assert ids == [
        "azml-audit/base%20line%2F1/2026-05-04T09:30:00Z",
        "azml-audit/strict/2026-05-04T09:30:00Z",
    ]
    for status in ("fail", "unknown", "error"):
        told = [result for result in results() if result["properties"]["status"] == status]
        assert len(told) == count(status=status) > 0
    assert len(results()) == sum(count(status=status) for status in ("fail", "unknown", "error"))


def test_only_what_fails_has_a_level_and_what_is_not_known_is_open() -> None:
    told = {(each["properties"]["verdict"], each["kind"], each["level"]) for each in results()}
    assert told == {
        ("violated", "fail", "error"),
        ("violated", "fail", "warning"),
        ("violated", "fail", "note"),
        ("waived", "fail", "error"),
        ("undetermined", "open", "none"),
    }
    ranks = {each["properties"]["severity"]: each["rank"] for each in results()}
    assert sorted(ranks, key=lambda name: -ranks[name]) == [
        "critical",
        "high",
        "medium",
        "low",
        "informational",
    ]


def test_every_result_has_suppressions_and_only_what_is_waived_has_one() -> None:
    waived = [each for each in results() if each["suppressions"]]
    assert len(waived) == count(verdict="waived") > 0
    for each in waived:
        (suppression,) = each["suppressions"]
        assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
        assert suppression["justification"].startswith("Borne by <b>us</b>")


def test_results_are_followed_by_their_finding_ids_and_have_ids_of_their_own() -> None:
    known = set(finding_ids(rich_audit().findings))
    for each in results():
        assert each["correlationGuid"] in known
        assert set(each["partialFingerprints"].values()) == {each["correlationGuid"]}
    assert len({each["guid"] for each in results()}) == len(results())


def test_code_scanning_finds_a_place_for_every_result() -> None:
    for each in results():
        (location,) = each["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not set(uri) & set(' "<>\\^`{|}')
        assert not uri.startswith("/")
        assert location["logicalLocations"][0]["fullyQualifiedName"]
        assert location["physicalLocation"]["region"]["startLine"] == 1


def test_rules_carry_help_controls_and_a_severity_code_scanning_knows() -> None:
    for run in runs():
        rules = run["tool"]["driver"]["rules"]
        assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
        assert all("{{" not in each["help"]["markdown"] + each["help"]["text"] for each in rules)
    rule = next(rule for rule in runs()[0]["tool"]["driver"]["rules"] if rule["id"] == "NET001")
    assert rule["properties"]["controls"] == {"MCSB": ["NS-2"], "NIST SP 800-53": ["AC-4", "SC-7"]}
    assert rule["properties"]["tags"] == ["security", "NET", "MCSB", "NIST SP 800-53"]
    assert rule["properties"]["security-severity"] == "8.0"
    assert rule["helpUri"].startswith("https://learn.microsoft.com/")
    assert "javascript:" not in rule["help"]["markdown"] + rule["help"]["text"]
    assert "Without an approved private endpoint nobody can reach" in rule["help"]["markdown"]


def test_gaps_crashes_and_waivers_to_mind_are_notifications() -> None:
    (invocation,) = runs()[0]["invocations"]
    notes = [(each["descriptor"]["id"], each["level"]) for each in invocation["toolExecutionNotifications"]]
    assert notes.count(("GAP", "error")) == len(rich_audit().tables.gaps) > 0
    assert {("NOT-AZURE", "note"), ("UNKNOWN", "warning"), ("CRASH", "error"), ("WAIVER", "warning")} < set(
        notes
    )
    assert invocation["executionSuccessful"] is False
    (other,) = runs()[1]["invocations"]
    assert other["executionSuccessful"] is True
    assert all("Grant Reader" in each["message"]["text"] for each in gaps(other))


def gaps(invocation: dict[str, Any]) -> list[dict[str, Any]]:
    notes = invocation["toolExecutionNotifications"]
    return [each for each in notes if each["descriptor"]["id"] == "GAP"]
