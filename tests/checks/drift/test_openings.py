"""Rules, denials, hubs and modes that allow more: `--fail-on-regression` fails although every check passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from checks.drift.comparison import drift
from checks.drift.model import Drift, Snapshot
from scanner.questions.diff import exit_of
from tests.support.drift_snapshots import (
    APPROVED,
    INTERNET,
    Row,
    endpoint,
    finding,
    host,
    id_of,
    policy,
    snapshot,
    tag,
    workspace,
)

PASSES = [finding("pass", "OBR006", resource="/outboundRules/rule")]
STORE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/store"


def audit(rules: list[Row], mode: str = APPROVED, waivers: Sequence[Row] = ()) -> Snapshot:
    here = [workspace(mode=mode, rules=len(rules))]
    policies = [policy("OBR006, MVN002")]
    return snapshot(
        workspaces=here, outbound_rules=rules, findings=PASSES, policies=policies, waivers=waivers
    )


def guarded(old: Snapshot, new: Snapshot) -> tuple[Drift, int]:
    found = drift(old, new)
    return found, exit_of(found)[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([host("a.example.com")], [host("*.example.com")]),
        ([host("a.example.com")], [host("b.example.com")]),
        ([host("a.example.com", "one")], [host("*.example.com", "two")]),
        ([tag("Sql.WestEurope")], [tag("Sql")]),
        ([tag("AzureBackup")], [tag("Internet")]),
        ([tag("AzureBackup")], [tag("AzureBackup", port_ranges="*")]),
        ([tag("AzureBackup")], [tag("AzureBackup", protocol="*")]),
        ([tag("X", address_prefixes="203.0.113.0/26")], [tag("X", address_prefixes="203.0.113.0/25")]),
        (
            [tag("X", address_prefixes="203.0.113.0/26")],
            [tag("X", address_prefixes="203.0.113.0/26, 8.8.8.8")],
        ),
        ([tag("Sql"), tag("Sql.EastUS", "no", action="Deny")], [tag("Sql")]),
        ([tag("Sql", action="Deny")], [tag("Sql")]),
        ([endpoint(STORE)], [endpoint(f"{STORE}2")]),
        ([host("a.example.com")], [host("a.example.com"), host("b.example.org", "new")]),
        ([], [tag("AzureBackup", "new")]),
        ([endpoint(STORE)], [endpoint(STORE), endpoint(f"{STORE}2", name="new")]),
    ],
)
def test_what_opened_is_a_regression_although_its_check_passes_before_and_after(
    before: list[Row], after: list[Row]
) -> None:
    sides = [audit(rules) for rules in (before, after)]
    found, code = guarded(*sides)
    assert (found.regressions, found.openings > 0, code) == (0, True, 1)
    assert guarded(sides[1], sides[1])[1] == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([host("*.example.com")], [host("*.example.com"), host("a.example.com", "new")]),
        ([host("*.example.com")], [host("a.example.com", "new")]),
        ([host("*.example.com")], [host("a.example.com")]),
        ([host("a.example.com", status="Failed")], [host("a.example.com")]),
        ([host("a.example.com")], [host("A.Example.com.")]),
        ([tag("Sql", category="Required")], [tag("Internet", category="Required")]),
        ([tag("Sql")], [tag("Sql", action="Deny")]),
    ],
)
def test_a_new_rule_within_another_one_and_what_closed_or_recovered_is_none(
    before: list[Row], after: list[Row]
) -> None:
    assert guarded(audit(before), audit(after))[1] == 0


@pytest.mark.parametrize(
    ("check", "status", "code"),
    [("OBR008", "pass", 0), ("OBR008", "not-applicable", 1), ("OBR006", "pass", 1)],
)
def test_a_policy_accepts_a_new_rule_to_what_it_approves(check: str, status: str, code: int) -> None:
    new = audit([host("b.example.org")])
    more = finding(status, check, resource="/outboundRules/rule")
    new = replace(new, findings=snapshot(findings=[*PASSES, more]).findings)
    assert guarded(audit([]), new)[1] == code


def test_a_hub_that_opens_is_one_regression_with_all_its_projects() -> None:
    old, new = (
        snapshot(
            workspaces=[
                workspace("hub", mode, kind="Hub"),
                *(workspace(f"p{n}", mode, kind="Project", hub_resource_id=id_of("hub")) for n in range(3)),
            ]
        )
        for mode in (APPROVED, INTERNET)
    )
    found = drift(old, new)
    assert (found.openings, len(found.reach)) == (1, 4)


def test_a_project_that_moves_to_a_hub_that_opens_more_is_a_regression() -> None:
    hubs = [workspace("narrow", kind="Hub"), workspace("wide", kind="Hub", rules=1)]
    rules = [
        {
            **host("a.example.com"),
            "rule_id": f"{id_of('wide')}/outboundRules/r",
            "workspace_id": id_of("wide"),
        }
    ]
    old, new = (
        snapshot(
            workspaces=[*hubs, workspace("project", kind="Project", hub_resource_id=id_of(hub), rules=None)],
            outbound_rules=rules,
        )
        for hub in ("narrow", "wide")
    )
    assert (drift(old, new).openings, drift(new, old).openings) == (1, 0)


def test_a_rule_that_widened_is_one_although_its_list_was_not_read_to_the_end() -> None:
    old, new = (
        snapshot(workspaces=[workspace(rules=None)], outbound_rules=[host(name)])
        for name in ("a.example.com", "*.example.com")
    )
    assert (drift(old, new).openings, drift(new, old).openings) == (1, 0)
    assert drift(new, old).reach.empty, "an unread rule may still open it"


def accepting(check: str, **values: object) -> Row:
    row = {
        "policy": "baseline",
        "check": check,
        "resource": "*/outboundrules/RULE",
        "state": "without effect",
    }
    return {
        **row,
        "reason": "Accepted.",
        "approver": "jane",
        "expires": "2027-06-30",
        "violations": 0,
        **values,
    }


@pytest.mark.parametrize(
    ("waiver", "code"),
    [
        (accepting("OBR006"), 0),
        (accepting("OBR"), 0),
        (accepting("OBR006", resource=None, where='{"workspace": ["w*"]}'), 0),
        (accepting("OBR006", resource=None, where='{"workspace": ["other"]}'), 1),
        (accepting("OBR006", resource=None, where='{"tag": {"a": ["b"]}}'), 1),
        (accepting("OBR006", resource=None, where="no JSON"), 1),
        (accepting("OBR006", state="expired"), 1),
        (accepting("OBR006", resource="*/outboundRules/other"), 1),
        (accepting("NET001"), 1),
    ],
)
def test_a_waiver_of_the_newer_audit_accepts_the_opening_of_its_rule(waiver: Row, code: int) -> None:
    new = audit([host("*.example.com")], waivers=[waiver])
    assert guarded(audit([host("a.example.com")]), new)[1] == code


@pytest.mark.parametrize(
    ("check", "code"), [("MVN002", 0), ("MVN", 0), ("NET006", 0), ("OBR005", 1), ("NET001", 1)]
)
def test_a_waiver_of_the_mode_accepts_another_mode(check: str, code: int) -> None:
    new = audit([], INTERNET, waivers=[accepting(check, resource="*/workspaces/ws")])
    assert guarded(audit([]), new)[1] == code
