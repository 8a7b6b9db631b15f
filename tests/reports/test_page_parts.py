"""The parts of the page: what is reachable, the five fixes, controls, waivers and scores."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from html import unescape
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.policy.model import Waiver
from reports.audit import Audit
from reports.page.controls import check_results, frameworks
from reports.page.fix_plan import fix_plan
from reports.page.fleet_view import cells, destinations
from reports.page.gap_groups import gap_groups
from reports.page.networks import fleet, inbound_postures, outbound_postures
from reports.page.tallies import counted_findings
from reports.page.workspace_rows import workspace_frame, workspace_rows
from reports.tables.population import GapRow
from tests.support.audits.audits import CHECKS, audit_of, html_of, waiver
from tests.support.audits.tenants import HOSTILE_NAMES, hostile_tenant, tenant, workspace_row

APPROVED = {
    **workspace_row(1),
    "isolation_mode": "AllowOnlyApprovedOutbound",
    "managed_network_reported": True,
    "outbound_rules_known": True,
}

GAP = GapRow(asked="workspaces", scope="s", answer="403", message="", closes="", request="")


def text(audit: Audit) -> str:
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", html_of(audit), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", shown)))


def rule(**values: object) -> dict[str, Any]:
    id = APPROVED["workspace_id"]
    base = {"rule_id": f"{id}/outboundRules/r", "workspace_id": id, "rule": "r", "status": "Active"}
    tag = {"type": "ServiceTag", "category": "UserDefined", "action": "Allow", "protocol": "TCP"}
    return {**base, **tag, "port_ranges": "443", "address_prefixes": "", **values}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"service_tag": "Storage"}, "approved with an opening"),
        ({"service_tag": "Storage", "status": "Failed"}, "approved only"),
        ({"service_tag": "Storage", "status": None}, "unknown"),
        ({"service_tag": "Storage", "action": "Deny"}, "approved only"),
        ({"service_tag": "Storage", "category": "Required"}, "approved only"),
        ({"service_tag": "AzureMonitor"}, "approved only"),
        ({"service_tag": "AzureMonitor", "address_prefixes": "0.0.0.0/0"}, "approved with an opening"),
        ({"type": "FQDN", "fqdn": "*.blob.core.windows.net"}, "approved only"),
        ({"type": "FQDN", "fqdn": "*.azurewebsites.net"}, "approved with an opening"),
        ({"type": "FQDN", "fqdn": "pypi.org"}, "approved only"),
    ],
)
def test_what_is_reachable_decides_outbound(values: dict[str, object], expected: str) -> None:
    tables = Tables.of(workspaces=[APPROVED], outbound_rules=[rule(**values)])
    assert set(outbound_postures(fleet(tables)).values()) == {expected}


@pytest.mark.parametrize(
    ("mode", "known", "expected"),
    [
        ("AllowInternetOutbound", True, "internet"),
        ("Disabled", True, "no managed network"),
        ("AllowOnlyApprovedOutbound", False, "unknown"),
        ("SomethingNew", True, "unknown"),
        (None, True, "unknown"),
    ],
)
def test_modes_and_rules_that_were_not_read(mode: str | None, known: bool, expected: str) -> None:
    tables = Tables.of(workspaces=[{**APPROVED, "isolation_mode": mode, "outbound_rules_known": known}])
    assert set(outbound_postures(fleet(tables)).values()) == {expected}


@pytest.mark.parametrize(
    ("access", "action", "rules", "expected"),
    [
        ("Disabled", None, None, "private"),
        ("Enabled", "Deny", "203.0.113.0/24", "selected addresses"),
        ("Enabled", "Deny", "0.0.0.0/1, 128.0.0.0/1", "public"),
        ("Enabled", "Deny", None, "unknown"),
        ("Enabled", None, "203.0.113.0/24", "public"),
        (None, "Deny", "203.0.113.0/24", "unknown"),
    ],
)
def test_what_is_reachable_decides_inbound(
    access: str | None, action: str | None, rules: str | None, expected: str
) -> None:
    named = {"public_network_access": access, "network_acls_default_action": action, "ip_rules": rules}
    tables = Tables.of(workspaces=[{**APPROVED, **named}])
    assert inbound_postures(tables.effective.workspaces).tolist() == [expected]


def test_the_cells_count_every_workspace_once() -> None:
    audit = audit_of(tenant(25))
    network, counted = fleet(audit.tables), counted_findings(audit)
    rows = tuple(workspace_rows(audit, workspace_frame(audit, counted, network), counted))
    found = [cell for line in cells(rows) for cell in line]
    assert sum(cell.count for cell in found) == len(audit.tables.workspaces)
    worst = {cell.worst for cell in found if cell.count}
    assert worst <= {"critical", "high", "medium", "low", "unknown", ""}


def test_destinations_name_each_opener_and_put_the_open_ones_first() -> None:
    tables = Tables.of(
        workspaces=[APPROVED],
        outbound_rules=[
            rule(service_tag="Storage"),
            rule(rule_id="x", rule="gone", service_tag="Sql", status="Failed"),
            rule(rule_id="y", rule="index", type="FQDN", fqdn="pypi.org"),
        ],
    )
    found = destinations(audit_of(tables), fleet(tables))
    assert [(row.text, row.kind, row.rules) for row in found] == [
        ("Storage TCP 443", "open to everybody", ("r",)),
        ("pypi.org", "one owner", ("index",)),
    ]


def test_the_plan_clears_the_most_severe_and_counts_what_is_left() -> None:
    audit = audit_of(tenant(25))
    plan = fix_plan(audit)
    assert plan
    violated = Counter(dict(plan.left))
    for fix in plan.fixes:
        violated.update(dict(fix.cleared))
    assert violated == Counter(audit.verdicts[0].violated)
    assert plan.fixes[0].cleared[0][0] == "critical"
    first = plan.fixes[0]
    assert not first.can_be_undone
    said = text(audit)
    for fix in plan.fixes:
        others = [id for id in fix.resources if id.lower() not in audit.tables.workspaces.index]
        assert [part for part, _ in fix.parts] == [id.rsplit("/", 1)[-1] for id in others]
        assert all(part in said.partition("The fleet")[0] for part, _ in fix.parts[:3])
        assert len(fix.parts) <= 3 or f"and {len(fix.parts) - 3:,} more" in said
    assert any(fix.parts for fix in plan.fixes)
    commands = [shlex.split(each) for each in first.commands.split("\n\n")]
    assert {words[words.index("--ids") + 1] for words in commands} == set(first.resources)


def test_a_ticket_and_a_waiver_name_every_resource_whatever_its_name() -> None:
    audit = audit_of(hostile_tenant())
    plan = fix_plan(audit)
    assert plan
    for fix in plan.fixes:
        for waived in yaml.safe_load(fix.waiver)["waivers"]:
            found = Waiver.model_validate(waived)
            assert found.resource
            assert len(found.resource) == len(fix.resources)
        assert fix.ticket.count("- [ ] ") == len(fix.resources)


@given(name=st.text(min_size=1) | st.sampled_from(HOSTILE_NAMES))
def test_a_waiver_covers_a_name_with_glob_characters_and_no_other(name: str) -> None:
    if not name.isprintable():
        return
    named = tenant(4, names={0: name})
    plan = fix_plan(audit_of(named))
    assert plan
    for fix in plan.fixes:
        for waived in yaml.safe_load(fix.waiver)["waivers"]:
            assert all(
                fnmatchcase(id, glob) for id, glob in zip(fix.resources, waived["resource"], strict=True)
            )


def test_controls_that_no_chosen_check_supports_are_not_asked() -> None:
    found = frameworks(check_results(audit_of(tenant(3))))
    verdicts = {control.verdict for framework in found for control in framework.controls}
    assert "not asked" in verdicts
    ids = {
        check.check.id for framework in found for control in framework.controls for check in control.checks
    }
    asked = {
        check.check.id
        for framework in found
        for control in framework.controls
        for check in control.checks
        if check.is_asked
    }
    assert asked <= {check.id for check in CHECKS} < ids | {check.id for check in CHECKS}


def test_a_score_and_what_is_waived_are_beside_the_verdict() -> None:
    audit = audit_of(tenant(25), waivers=[waiver("NET001")])
    [verdict] = audit.verdicts
    said = text(audit)
    assert f"score {verdict.score:.1f}" in said
    assert f"{sum(verdict.waived.values())} waived" in said
    assert "score" not in text(audit_of(Tables.of())).partition("Coverage")[0]


def test_the_score_is_explained_with_its_example() -> None:
    said = text(audit_of(tenant(3)))
    assert "critical 0 to 25, high 25 to 50" in said
    assert "50 + 25 × 10 / 18 = 63.9" in said
    assert "unknown in place of another status, never raises a score" in said


def test_expired_and_orphan_waivers_and_unread_groups_are_shown_with_what_to_do() -> None:
    waivers = [waiver("NET001", expires="2026-05-03"), *(waiver("MVN001", f"gone-{n}") for n in range(6))]
    audit = audit_of(tenant(25), waivers=waivers)
    groups = replace(audit.verdicts[0], unread_groups=("mg-production",))
    said = text(replace(audit, verdicts=(groups,)))
    assert "1 waiver has expired" in said
    assert "violations that it no longer covers:" in said
    assert "6 waivers match nothing" in said
    assert said.count("it matches no finding") == 6
    assert "1 management group was not read" in said
    assert "mg-production" in said


@pytest.mark.parametrize("state", ["Failed", "Deleting", "SoftDeleted"])
def test_a_workspace_in_another_state_than_succeeded_shows_it(state: str) -> None:
    tables = Tables.of(workspaces=[{**APPROVED, "provisioning_state": state}])
    assert f'<span class="chip">{state}</span>' in html_of(audit_of(tables))
    settled = Tables.of(workspaces=[{**APPROVED, "provisioning_state": "Succeeded"}])
    assert 'class="chip"' not in html_of(audit_of(settled))


def test_gaps_are_listed_by_the_command_that_closes_them() -> None:
    command = "az role assignment create --role Reader --scope /subscriptions/s"
    gaps = [
        replace(GAP, asked=asked, closes=f"Grant Reader (or a role with {asked}): {command}")
        for asked in "ab"
    ]
    alone, none = replace(GAP, closes="Scan again."), replace(GAP, closes="")
    found = gap_groups([none, alone, *gaps, alone])
    assert [(each.command, each.advice, len(each.gaps)) for each in found] == [
        (command, "Grant Reader", 2),
        ("", "Scan again.", 2),
        ("", "", 1),
    ]


def test_a_check_that_no_workspace_fails_has_no_alarming_word() -> None:
    said = html_of(audit_of(tenant(25)))
    summaries = re.findall(r'<details class="check[^>]*><summary>(.*?)</summary>', said)
    assert summaries
    for summary in summaries:
        assert ('class="severity' in summary) == ("fails in" in summary)


def test_a_check_counts_the_workspaces_that_fail_that_are_unknown_and_that_pass() -> None:
    audit = audit_of(tenant(25))
    result = check_results(audit)["NET001"]
    own = audit.findings[audit.findings["check_id"].eq("NET001")]
    counts = own.groupby("status")["workspace_id"].nunique()
    assert (len(result.workspaces), result.unknown, result.passing) == tuple(
        counts[status] for status in ("fail", "unknown", "pass")
    )
    mixed = check_results(audit)["OBR001"]
    rules = audit.findings[audit.findings["check_id"].eq("OBR001")]
    clean = rules.groupby("workspace_id")["status"].agg(lambda each: set(each) == {"pass"})
    assert mixed.passing == clean.sum() < rules["workspace_id"].nunique()
