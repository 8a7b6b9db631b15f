"""One cause is counted once: Projects after their hub, checks after the checks they follow."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

import pandas as pd
import pytest

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.engine.causes import with_causes
from checks.model import ChosenCheck, Severity
from checks.policy.judge import PolicyVerdict, concluded, judged
from checks.registry import registry
from tests.support.tables.checks import Row, host_rule, isolated, workspace, workspace_id

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


@pytest.mark.parametrize(
    ("fail_on", "verdict"), [(Severity.HIGH, "violated"), (Severity.CRITICAL, "compliant")]
)
def test_the_severity_of_a_consequence_still_reaches_the_threshold(fail_on: Severity, verdict: str) -> None:
    row = workspace(public_network_access="Enabled", network_acls_default_action="Allow")
    found = explained(["NET001", "NET002"], workspaces=[row])
    turned = found.assign(severity=found["check_id"].map({"NET001": "low", "NET002": "high"}))
    assert verdict_of(turned, fail_on).verdict == verdict


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
