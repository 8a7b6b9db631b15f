"""`report.oscal.json` and its plan, read by compliance-trestle."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import Any

import pytest
import trestle.oscal
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults

from checks.families.frameworks import PUBLIC_NETWORK_ACCESS
from reports.formats.oscal_plan import control_id
from tests.support.audits.formats import count, document, rich_audit

TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9._\-]*")


def readable(document: Any) -> Any:
    """The document under a version that the installed trestle reads: 3 reads 1.1, 5 reads 1.2.

    What the results hold did not change between the two; as 1.1.3 it was read by trestle 3.12.4.
    """
    changed = copy.deepcopy(document)
    assert changed["metadata"]["oscal-version"] == "1.1.3"
    if not re.match(trestle.oscal.OSCAL_VERSION_REGEX, "1.1.3"):
        changed["metadata"]["oscal-version"] = trestle.oscal.OSCAL_VERSION
    return changed


def results(audit: str = "rich") -> Any:
    return document("report.oscal.json", "oscal", audit)["assessment-results"]


def plan(audit: str = "rich") -> Any:
    return document("report.oscal-plan.json", "oscal", audit)["assessment-plan"]


@pytest.mark.parametrize("audit", ["rich", "plain"])
def test_trestle_reads_the_results_and_the_plan(audit: str) -> None:
    AssessmentResults.model_validate(readable(results(audit)))
    AssessmentPlan.model_validate(readable(plan(audit)))


def test_trestle_refuses_other_documents() -> None:
    for name in ("uuid", "import-ap", "results"):
        broken = readable(results())
        del broken[name]
        with pytest.raises(ValueError, match=name):
            AssessmentResults.model_validate(broken)


def test_the_results_import_the_plan_beside_them_and_the_plan_what_is_in_it() -> None:
    assert results()["import-ap"] == {"href": "report.oscal-plan.json"}
    (resource,) = plan()["back-matter"]["resources"]
    assert plan()["import-ssp"] == {"href": f"#{resource['uuid']}"}


def test_every_reference_leads_somewhere_and_no_uuid_is_used_twice() -> None:
    for result in results()["results"]:
        observations = {each["uuid"] for each in result["observations"]}
        items = {each["uuid"] for each in result["local-definitions"]["inventory-items"]}
        risks = {each["uuid"] for each in result.get("risks", [])}
        for finding in result["findings"]:
            assert {each["observation-uuid"] for each in finding["related-observations"]} <= observations
            assert {each["risk-uuid"] for each in finding.get("related-risks", [])} <= risks
        for each in result["observations"]:
            assert {subject["subject-uuid"] for subject in each.get("subjects", [])} <= items
    every = [each["uuid"] for result in results()["results"] for each in (*result["observations"], result)]
    assert max(Counter(every).values()) == 1


def test_there_is_an_observation_for_each_gap_and_each_violation_and_unknown() -> None:
    gaps = len(rich_audit().tables.gaps)
    for result, policy in zip(results()["results"], ("base line/1", "strict"), strict=True):
        needed = sum(count(policy=policy, status=status) for status in ("fail", "unknown", "error"))
        props = [{prop["name"] for prop in each["props"]} for each in result["observations"]]
        assert sum("finding-id" in names for names in props) == needed
        assert sum("resources" in names for names in props) == len(props) - needed - gaps > 0
    assert gaps > 0


def test_only_a_check_with_compliant_findings_is_satisfied() -> None:
    (result, _) = results()["results"]
    told = {each["title"].partition(":")[0]: each["target"]["status"] for each in result["findings"]}
    assert told["Everything in scope is read"] == {"state": "not-satisfied", "reason": "other"}
    assert told["SEC001"] == {"state": "not-satisfied", "reason": "other"}
    assert told["NET001"] == {"state": "not-satisfied", "reason": "fail"}
    plain = {each["target"]["status"]["state"] for each in results("plain")["results"][0].get("findings", [])}
    assert plain <= {"satisfied"}


def test_a_waiver_is_an_accepted_risk() -> None:
    (risk,) = results()["results"][0]["risks"]
    assert risk["status"] == "deviation-approved"
    assert len(risk["related-observations"]) == count(verdict="waived") > 0
    assert risk["statement"].startswith("Borne by &lt;b&gt;us&lt;/b&gt; | \\`all\\`")


def test_names_of_others_are_neither_html_nor_markdown() -> None:
    texts = [each["description"] for result in results()["results"] for each in result["observations"]]
    assert any("&lt;img src=x" in text for text in texts)
    assert not any("<" in text for text in texts)


def test_controls_are_tokens_and_nist_ones_are_as_nist_writes_them() -> None:
    assert control_id("NIST SP 800-53 r5", "SC-7(3)") == "sc-7.3"
    assert control_id("PCI DSS 4", "1.4.4") == "PCI-DSS-4_1.4.4"
    ids = {
        control_id(framework, each) for framework, listed in PUBLIC_NETWORK_ACCESS.items() for each in listed
    }
    assert len(ids) == sum(map(len, PUBLIC_NETWORK_ACCESS.values()))
    assert all(TOKEN.fullmatch(each) for each in ids)
