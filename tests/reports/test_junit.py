"""`junit.xml`, read by junitparser."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from reports.writing.encoding import REPLACEMENT
from tests.support.audits.formats import count, file, rich_audit


def suites() -> list[TestSuite]:
    return list(JUnitXml.fromstring(file("junit.xml", "junit")))


def cases(kind: type | None = None) -> list[TestCase]:
    """The cases of the policies with a result of that kind; None: those that pass."""
    found = [case for suite in suites()[1:] for case in suite]
    if kind is None:
        return [case for case in found if not case.result]
    return [case for case in found if any(isinstance(each, kind) for each in case.result)]


def counted() -> int:
    """The pairs of a check and pass or not-applicable, which have one case together."""
    findings = rich_audit().findings
    rest = findings[findings["status"].isin(["pass", "not-applicable"])]
    return len(set(zip(rest["policy"], rest["check_id"], rest["status"], strict=True)))


def test_there_is_a_case_for_each_violation_and_unknown_and_one_for_the_passes_of_a_check() -> None:
    names = [suite.name for suite in suites()]
    assert names == ["gaps", "base line/1", "strict"]
    for suite in suites():
        assert len(list(suite)) == suite.tests
    needed = sum(count(status=status) for status in ("fail", "unknown", "error"))
    told = [(case.classname, case.name) for suite in suites() for case in suite]
    assert len(told) == len(set(told)) == needed + counted() + len(rich_audit().tables.gaps)


def test_the_counts_are_those_of_the_cases() -> None:
    whole: list[Any] = [JUnitXml.fromstring(file("junit.xml", "junit")), *suites()]
    for each in whole:
        said = (each.tests, each.failures, each.errors, each.skipped)
        each.update_statistics()
        assert said == (each.tests, each.failures, each.errors, each.skipped)


def test_violated_fails_undetermined_is_an_error_and_the_rest_is_skipped_or_passes() -> None:
    assert len(cases(Failure)) == count(verdict="violated") > 0
    assert len(cases(Error)) == count(verdict="undetermined") > 0
    not_applicable = [case for case in cases(Skipped) if case.name.endswith(": not applicable")]
    assert len(cases(Skipped)) == count(verdict="waived") + len(not_applicable)
    assert len(cases()) + len(not_applicable) == counted()
    assert {each.type for case in cases(Error) for each in case.result} == {"unknown", "error"}
    assert {each.type for case in cases(Failure) for each in case.result} == {
        "critical",
        "high",
        "medium",
        "low",
    }


def test_every_gap_is_an_error_with_what_closes_it() -> None:
    gaps = suites()[0]
    assert gaps.tests == gaps.errors == len(rich_audit().tables.gaps) > 0
    assert all("Grant Reader" in case.result[0].message for case in gaps)


def test_a_skipped_case_has_a_reason() -> None:
    messages = [case.result[0].message for case in cases(Skipped)]
    assert sum(message.startswith("Waived: Borne by <b>us</b>") for message in messages) == count(
        verdict="waived"
    )
    assert all(len(message) > 20 for message in messages)


def test_control_characters_do_not_break_it_and_markup_stays_text() -> None:
    text = file("junit.xml", "junit").decode()
    ET.fromstring(text)
    assert "\x00" not in text
    assert any(
        f"{REPLACEMENT}{REPLACEMENT}{REPLACEMENT}]]>&" in case.name for suite in suites() for case in suite
    )
    assert any("</script><script>" in case.name for suite in suites() for case in suite)


def test_a_tenant_without_anything_is_a_run_without_cases() -> None:
    read = JUnitXml.fromstring(file("junit.xml", "junit", "plain"))
    assert (read.tests, read.failures, read.errors) == (0, 0, 0)
    assert read.name == "azml-audit"
