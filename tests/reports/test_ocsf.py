"""`report.ocsf.jsonl`, read by py-ocsf-models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from checks.engine.finding_ids import finding_ids
from reports.writing.encoding import json_lines
from tests.support.audits.formats import count, file, rich_audit

UNKNOWN_TO_IT = {".cloud", ".compliance.status", ".compliance.status_code", ".compliance.status_details"}
"""Attributes of OCSF 1.8.0 (profile cloud, object compliance) that py-ocsf-models 0.10 leaves out."""


def lost(raw: Any, read: Any, path: str = "") -> Iterator[str]:
    """The attributes that were given and that a model did not keep, at any depth."""
    if isinstance(raw, dict):
        for name, value in raw.items():
            if name not in (read or {}):
                yield f"{path}.{name}"
            else:
                yield from lost(value, read[name], f"{path}.{name}")
    elif isinstance(raw, list):
        for one, other in zip(raw, read or [], strict=True):
            yield from lost(one, other, path)


def events() -> list[dict[str, Any]]:
    return [json.loads(line) for line in file("report.ocsf.jsonl", "ocsf").splitlines()]


def findings() -> list[dict[str, Any]]:
    return [event for event in events() if event["finding_info"]["types"] != ["GAP"]]


def test_every_event_is_a_compliance_finding_and_nothing_in_it_is_unknown() -> None:
    for event in events():
        model = ComplianceFinding.model_validate(event)
        assert (model.class_uid, model.type_uid, model.metadata.version) == (2003, 200301, "1.8.0")
        assert set(lost(event, model.model_dump(mode="json"))) <= UNKNOWN_TO_IT


def test_every_line_is_an_event_and_a_tenant_without_anything_has_none() -> None:
    text = file("report.ocsf.jsonl", "ocsf").decode()
    assert text.endswith("\n")
    assert len(text.splitlines()) == len(events())
    assert file("report.ocsf.jsonl", "ocsf", "plain") == b""


def test_a_line_end_of_unicode_in_a_value_does_not_end_a_line() -> None:
    text = "".join(json_lines([{"name": "a\u2028b\u2029c\x85d\ne"}]))
    assert len(text.splitlines()) == 1
    assert json.loads(text) == {"name": "a\u2028b\u2029c\x85d\ne"}


def test_there_is_an_event_for_each_finding_of_each_policy_and_for_each_gap() -> None:
    audit = rich_audit()
    listed = audit.findings[audit.findings["status"].ne("not-applicable")]
    assert [event["finding_info"]["uid"] for event in findings()] == finding_ids(listed).tolist()
    assert len(events()) - len(findings()) == len(audit.tables.gaps) > 0
    assert len({event["metadata"]["uid"] for event in events()}) == len(events())


def test_a_status_is_the_fact_and_a_waiver_suppresses_without_hiding_it() -> None:
    told = {(each["compliance"]["status_code"], each["compliance"]["status_id"]) for each in findings()}
    assert told == {("pass", 1), ("unknown", 2), ("fail", 3), ("error", 0)}
    waived = [each for each in findings() if each["status"] == "Suppressed"]
    assert len(waived) == count(verdict="waived") > 0
    for each in waived:
        assert each["compliance"]["status"] == "Fail"
        assert each["compliance"]["status_details"][-1].startswith("Waived: Borne by")


def test_a_pass_is_informational_and_keeps_the_severity_of_its_check() -> None:
    passes = [each for each in findings() if each["compliance"]["status_code"] == "pass"]
    assert {each["severity"] for each in passes} == {"Informational"}
    assert {each["unmapped"]["severity"] for each in passes} > {"high"}
    for each in findings():
        if each["compliance"]["status_code"] != "pass":
            assert each["severity"].lower() == each["unmapped"]["severity"]


def test_what_was_not_read_is_a_warning_with_what_closes_it() -> None:
    for event in events()[: len(rich_audit().tables.gaps)]:
        assert (event["compliance"]["status_id"], event["compliance"]["status_code"]) == (2, "gap")
        assert event["remediation"]["desc"].startswith("Grant Reader")


def test_every_event_has_policy_severity_standards_and_that_it_is_not_azure() -> None:
    for event in events():
        assert event["metadata"]["labels"] == ["not-azure"]
        assert event["message"].startswith("Not Azure: ")
        assert event["cloud"]["provider"].startswith("not Azure")
    assert {event["unmapped"]["policy"] for event in findings()} == {"base line/1", "strict"}
    assert {event["severity_id"] for event in findings()} == {1, 2, 3, 4, 5}
    event = next(event for event in findings() if event["finding_info"]["types"] == ["NET001"])
    assert event["compliance"]["standards"] == ["MCSB", "NIST SP 800-53"]
    assert event["compliance"]["requirements"] == ["MCSB NS-2", "NIST SP 800-53 AC-4", "NIST SP 800-53 SC-7"]
    assert event["resources"][0]["type"] == "Microsoft.MachineLearningServices/workspaces"
