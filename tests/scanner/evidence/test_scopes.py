"""Bundles of scans with every way to choose subscriptions, and with odd answers, agree with themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.statement import scope_members
from scanner.scope.file import scope_of_text
from scanner.scope.wanted import Wanted
from tests.support.evidence.bundles import scan_of, verified, wrong
from tests.support.worlds.scopes import team_tenant

TENANT = generated_tenant(subscriptions=3, workspaces=2, rules=1, seed=4)
ONE, OTHER, LAST = (str(each["subscriptionId"]) for each in TENANT.subscriptions)
HIDDEN = "00000000-0000-4000-8000-0000000000ff"
SCOPES = {
    "all": Wanted(),
    "by id": Wanted(subscriptions=(ONE.upper(),)),
    "by name": Wanted(subscriptions=("generated-0001",)),
    "hidden": Wanted(subscriptions=(ONE, HIDDEN)),
    "hidden alone": Wanted(subscriptions=(HIDDEN,)),
    "excluded": Wanted(excluded=(ONE, "generated-0001")),
    "nothing left": Wanted(excluded=(ONE, OTHER, LAST)),
    "group": Wanted(management_groups=("generated",)),
    "group without one": Wanted(management_groups=("generated",), excluded=(OTHER,)),
    "unknown group": Wanted(management_groups=("nowhere",), subscriptions=(ONE,)),
}
FAULTS = {
    "subscriptions refused": (Fault(kind=FaultKind.STATUS, status=403, route="subscriptions"),),
    "subscriptions broken off": (Fault(kind=FaultKind.RESET, route="subscriptions", page=2),),
    "graph refused": (Fault(kind=FaultKind.STATUS, status=403, route="resourceGraph"),),
    "graph lost": (Fault(kind=FaultKind.RESET, route="resourceGraph"),),
    "workspaces twice": (Fault(kind=FaultKind.DUPLICATES, route="workspaces"),),
    "workspaces lost": (Fault(kind=FaultKind.RESET, route="workspaces", subscription=OTHER),),
    "members missing": (Fault(kind=FaultKind.MISSING_MEMBERS, route="workspaces"),),
    "other types": (Fault(kind=FaultKind.WRONG_TYPES, route="workspaces"),),
    "other case": (Fault(kind=FaultKind.OTHER_CASE, route="workspaces"),),
    "strange names": (Fault(kind=FaultKind.STRANGE_NAMES, route="onlineEndpoints"),),
    "not registered": (
        Fault(
            kind=FaultKind.STATUS,
            status=409,
            code="MissingSubscriptionRegistration",
            route="workspaces",
            subscription=OTHER,
        ),
    ),
    "old versions": (
        Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="workspaces"),
    ),
}


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("asks_graph", [False, True])
def test_every_scope_is_complete(name: str, asks_graph: bool, tmp_path: Path) -> None:
    scanned = scan_of(TENANT, policies=("internet-outbound",), wanted=SCOPES[name], asks_graph=asks_graph)
    scanned.seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []


@pytest.mark.parametrize("name", FAULTS)
def test_odd_answers_are_complete(name: str, tmp_path: Path) -> None:
    scanned = scan_of(TENANT, *FAULTS[name], policies=("internet-outbound",), asks_graph=True)
    scanned.seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []


RULES = {
    "resource group": Wanted(resource_groups=("rg-team-*",)),
    "hub alone": Wanted(resource_groups=("rg-platform",)),
    "project without its hub": Wanted(resource_groups=("rg-team-a",)),
    "tag": Wanted(tags={"env": ("prod*",)}),
    "state": Wanted(excluded_states=("Disabled",)),
    "offer": Wanted(excluded_quota_ids=("MSDN*",)),
    "group left out": Wanted(excluded_management_groups=("sandbox",)),
    "group in a group left out": Wanted(
        management_groups=("corp",), excluded_management_groups=("sandbox",), tags={"env": ("*",)}
    ),
    "no subscription": Wanted(excluded_states=("Enabled", "Disabled")),
    "no workspace": Wanted(resource_groups=("nowhere",)),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("asks_graph", [False, True])
def test_what_a_rule_leaves_out_is_not_missing(name: str, asks_graph: bool, tmp_path: Path) -> None:
    scanned = scan_of(team_tenant(), policies=("baseline",), wanted=RULES[name], asks_graph=asks_graph)
    scanned.seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"no subscription", "no workspace"}))
def test_a_statement_without_the_rule_misses_what_the_rule_left_out(name: str, tmp_path: Path) -> None:
    scanned = scan_of(team_tenant(), policies=("baseline",), wanted=RULES[name])
    told = scanned.record.model_copy(
        update={"asked_for": scanned.record.asked_for.model_copy(update=scope_members(Wanted()))}
    )
    replace(scanned, record=told).seal(tmp_path / "bundle")
    assert any("was asked for, and has no answer" in each for each in wrong(verified(tmp_path / "bundle")))


def test_a_sealed_scope_file_has_the_rules_of_the_statement(tmp_path: Path) -> None:
    wanted = scope_of_text("tags: {env: prod*}\n", "scope.yaml")
    scanned = scan_of(team_tenant(), policies=("baseline",), wanted=wanted)
    scanned.seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []
    other = scanned.record.asked_for.model_copy(update={"scope_file": "tags: {env: dev}\n"})
    replace(scanned, record=scanned.record.model_copy(update={"asked_for": other})).seal(tmp_path / "forged")
    assert any("The sealed scope file asks for tags" in each for each in wrong(verified(tmp_path / "forged")))
