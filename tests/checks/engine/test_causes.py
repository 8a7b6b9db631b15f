"""One cause is counted once: Projects after their hub, checks after the checks they follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.engine.causes import with_causes
from checks.model import ChosenCheck, Severity
from checks.policy.judge import PolicyVerdict, concluded, headlines, judged
from checks.policy.model import UnknownCounts
from checks.registry import registry
from tests.support.tables.checks import Row, host_rule, isolated, workspace, workspace_id
from tests.support.tables.dependencies import STORAGE, dependency
from tests.support.tables.explained import CHECKS as TESTED
from tests.support.tables.explained import SEVERITIES, Answer, answers_of, explained_answers, judged_answers

CHECKS = registry()


def explained(check_ids: Sequence[str], **rows: Sequence[Row]) -> pd.DataFrame:
    chosen = [
        ChosenCheck(check=CHECKS[id], severity=CHECKS[id].severity, params=CHECKS[id].params())
        for id in check_ids
    ]
    found = judged(findings(Tables.of(**rows), chosen), "mine")
    return with_causes(found, {id: CHECKS[id] for id in check_ids}).astype(object)


def verdict_of(found: pd.DataFrame, fail_on: Severity = Severity.LOW) -> PolicyVerdict:
    return concluded(
        found, policy="mine", description="", checks=(), fail_on=fail_on, complete=True, workspaces=21
    )


def test_every_check_that_is_followed_exists_and_no_chain_is_a_circle() -> None:
    follows = {check.id: check.follows for check in CHECKS.values()}
    assert {other for named in follows.values() for other in named} <= CHECKS.keys()
    assert list(TopologicalSorter(follows).static_order())


def test_a_hub_with_twenty_projects_is_one_violation() -> None:
    hub = workspace("hub", kind="Hub", public_network_access="Enabled")
    projects = [workspace(f"p{n}", kind="Project", hub_resource_id=workspace_id("HUB")) for n in range(20)]
    found = explained(["NET001"], workspaces=[hub, *projects])
    assert list(found["verdict"]) == ["violated", *["consequence"] * 20]
    assert set(found["caused_by"]) == {"", f"NET001 {workspace_id('hub')}"}
    assert "Follows from NET001 of hub." in found["reason"].iloc[-1]
    verdict = verdict_of(found)
    assert verdict.violated["high"] == 1
    assert (verdict.consequences, verdict.inheriting) == (20, 20)


def test_a_projects_own_violation_is_its_own() -> None:
    hub = workspace("hub", kind="Hub", hbi_workspace=False)
    project = workspace("p", kind="Project", hub_resource_id=workspace_id("hub"), hbi_workspace=False)
    assert list(explained(["SEC003"], workspaces=[hub, project])["verdict"]) == ["violated", "violated"]


def test_a_project_whose_hub_was_not_read_follows_from_nothing() -> None:
    project = workspace("p", kind="Project", hub_resource_id=workspace_id("hub"))
    assert list(explained(["NET001"], workspaces=[project])["verdict"]) == ["undetermined"]


def test_a_check_follows_one_of_the_same_workspace_and_no_other() -> None:
    rows = [
        workspace("open", public_network_access="Enabled", network_acls_default_action="Allow"),
        workspace("shut", public_network_access="Disabled", network_acls_default_action="Allow"),
    ]
    found = explained(["NET001", "NET002"], workspaces=rows).set_index(["workspace_id", "check_id"])
    assert found.loc[(workspace_id("open"), "NET002"), "caused_by"] == f"NET001 {workspace_id('open')}"
    assert found.loc[(workspace_id("shut"), "NET002"), "caused_by"] == ""


def test_a_check_follows_one_of_the_same_rule_and_no_other() -> None:
    rules = [host_rule("*", "all"), host_rule("*.azurecr.io", "registries")]
    found = explained(["OBR005", "OBR006"], workspaces=[isolated()], outbound_rules=rules)
    causes = found.set_index(["check_id", "resource_id"])["caused_by"]
    all_, registries = (f"{workspace_id()}/outboundRules/{name}" for name in ("all", "registries"))
    assert causes["OBR006", all_] == f"OBR005 {all_}"
    assert causes["OBR006", registries] == ""


def test_without_the_cause_in_the_policy_a_finding_stays_its_own() -> None:
    row = workspace(public_network_access="Enabled", network_acls_default_action="Allow")
    assert list(explained(["NET002"], workspaces=[row])["verdict"]) == ["violated"]


def test_a_waived_cause_explains_nothing() -> None:
    row = workspace(public_network_access="Enabled", network_acls_default_action="Allow")
    ids = ["NET001", "NET002"]
    found = judged(findings(Tables.of(workspaces=[row]), [_chosen(id) for id in ids]), "mine")
    waived = found.assign(verdict=found["verdict"].mask(found["check_id"].eq("NET001"), "waived"))
    assert list(with_causes(waived, {id: CHECKS[id] for id in ids})["verdict"]) == ["waived", "violated"]


def _chosen(check_id: str) -> ChosenCheck:
    check = CHECKS[check_id]
    return ChosenCheck(check=check, severity=check.severity, params=check.params())


@settings(max_examples=50, deadline=None)
@given(answers_of("a", "b", "p", "q"), SEVERITIES, st.sampled_from(UnknownCounts), st.sampled_from(Severity))
def test_a_cause_carries_its_consequences(
    answers: list[Answer],
    severities: dict[str, Severity],
    unknown: UnknownCounts,
    fail_on: Severity,
) -> None:
    """Nobody has to look at a consequence: without them all, verdict, score and counts are the same."""
    found = explained_answers(answers, severities, unknown)
    whole = verdict_of(found, fail_on)
    kept = verdict_of(found[found["verdict"].ne("consequence")], fail_on)
    assert verdict_of(judged_answers(answers, severities, unknown), fail_on).verdict == whole.verdict
    assert (kept.verdict, kept.violated, kept.undecided) == (whole.verdict, whole.violated, whole.undecided)
    before, after = (each.scores.set_index(["scope", "id"])["score"] for each in (whole, kept))
    own = [key for key in after.index if key[0] == "workspace"]
    assert before[own].equals(after[own])


def test_a_headline_counts_a_hub_once_and_names_its_projects() -> None:
    hub = workspace("hub", kind="Hub", public_network_access="Enabled")
    projects = [workspace(f"p{n}", kind="Project", hub_resource_id=workspace_id("HUB")) for n in range(20)]
    found = explained(["NET001"], workspaces=[hub, *projects])
    assert headlines(found, ["NET001"], 21) == (
        "1 of 21 workspaces is open to the internet; 20 Projects inherit it.",
    )
    alone = found[found["verdict"].ne("consequence")]
    assert headlines(alone, ["NET001"], 21) == ("1 of 21 workspaces is open to the internet.",)


def test_a_cause_lists_what_follows_and_takes_the_worst_severity() -> None:
    row = workspace(public_network_access="Enabled", network_acls_default_action="Allow")
    ids = ["NET001", "NET002"]
    found = judged(findings(Tables.of(workspaces=[row]), [_chosen(id) for id in ids]), "mine")
    turned = found.assign(
        severity=found["check_id"].map({"NET001": "low", "NET002": "high"}).astype("string")
    )
    explained = with_causes(turned, {id: CHECKS[id] for id in ids})
    assert list(explained["severity"]) == ["high", "high"]
    assert list(explained["followed_by"]) == ["1 high NET002 violated", ""]


def test_a_violation_does_not_follow_from_an_unknown_cause() -> None:
    answers = [("a", "TST001", "unknown"), ("a", "TST002", "fail"), ("b", "TST001", "unknown")]
    found = explained_answers([*answers, ("b", "TST002", "unknown")], dict.fromkeys(TESTED, Severity.LOW))
    assert list(found["verdict"]) == ["undetermined", "violated", "undetermined", "consequence"]


def test_checks_that_explain_each_other_explain_nothing() -> None:
    found = judged_answers(
        [("a", "TST003", "fail"), ("a", "TST004", "fail")], dict.fromkeys(TESTED, Severity.LOW)
    )
    circle = {**TESTED, "TST003": replace(TESTED["TST003"], follows=("TST004",))}
    assert list(with_causes(found, circle)["verdict"]) == ["violated", "violated"]


def test_headlines_count_workspaces_and_not_findings() -> None:
    rules = [host_rule("*", f"r{n}") for n in range(3)]
    found = explained(["OBR005"], workspaces=[isolated(), workspace("other")], outbound_rules=rules)
    verdict = concluded(
        found,
        policy="p",
        description="",
        checks=("OBR005",),
        fail_on=Severity.LOW,
        complete=True,
        workspaces=2,
    )
    assert verdict.headlines == ("1 of 2 workspaces allows data exfiltration.",)


def test_image_builds_follow_from_the_store_that_does_not_exist_and_from_no_other() -> None:
    names = ("gone-store", "gone-vault")
    stores = [
        dependency("storage", "gone-store", read_status="missing"),
        dependency("vault", "gone-vault", read_status="missing"),
        dependency("storage", "gone-vault", public_network_access="Odd"),
    ]
    workspaces = [workspace(each, image_build_compute="") for each in names]
    found = explained(["RES008", "RES013"], workspaces=workspaces, associated_resources=stores)
    of_builds = found[found["check_id"].eq("RES008")].set_index("workspace_id")
    assert of_builds["status"].eq("unknown").all()
    assert of_builds.loc[workspace_id("gone-store"), "caused_by"] == f"RES013 {STORAGE}"
    assert of_builds.loc[workspace_id("gone-vault"), "caused_by"] == ""
