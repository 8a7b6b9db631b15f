from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.tables.checks import Row, endpoint_rule, findings_of, workspace_id
from tests.support.tables.dependencies import REGISTRY, STORAGE, VAULT, closed
from tests.support.tables.workloads import place, project, status

INTERNET, APPROVED = "AllowInternetOutbound", "AllowOnlyApprovedOutbound"
TARGETS = {
    "blob": (STORAGE, "blob"),
    "file": (STORAGE, "file"),
    "vault": (VAULT, "vault"),
    "registry": (REGISTRY, "registry"),
    "workspace": (f"{workspace_id()}/", "amlworkspace"),
}
OPEN = {"public_network_access": "Enabled", "default_action": "Allow"}
LINKS: Row = {"storage_account": STORAGE, "key_vault": VAULT, "container_registry": REGISTRY}


def site(mode: str | None = INTERNET, **values: object) -> Row:
    return {**place(mode=mode, public_network_access="Enabled"), **LINKS, **values}


def rules(*without: str, **values: object) -> list[Row]:
    """Active rules for every target but some."""
    return [
        endpoint_rule(target.lower(), part.upper(), name, status="Active", category="Required", **values)
        for name, (target, part) in TARGETS.items()
        if name not in without
    ]


def all_closed() -> list[Row]:
    return [closed("storage"), closed("vault"), closed("registry")]


def opened() -> list[Row]:
    return [{**row, **OPEN} for row in all_closed()]


def judged(row: Row, rows: Sequence[Row], resources: Sequence[Row]) -> str:
    return status("OBR011", workspaces=[row], outbound_rules=rows, associated_resources=resources)


@pytest.mark.parametrize("mode", [INTERNET, APPROVED])
def test_obr011_closed_dependencies_with_a_rule_each_are_reached(mode: str) -> None:
    assert judged(site(mode), rules(), all_closed()) == "pass"


@pytest.mark.parametrize("mode", [INTERNET, APPROVED])
@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        *(("blob", "storage blob"), ("file", "storage file"), ("vault", "vault"), ("registry", "registry")),
        ("workspace", "the workspace itself (amlworkspace)"),
    ],
)
def test_obr011_a_closed_dependency_without_a_rule_is_named(mode: str, lacking: str, named: str) -> None:
    answers = findings_of(
        "OBR011",
        workspaces=[site(mode, public_network_access="Disabled")],
        outbound_rules=rules(lacking),
        associated_resources=all_closed(),
    )
    assert answers["status"].tolist() == ["fail"]
    assert answers["reason"][0] == f"No active private-endpoint rule leads to {named}."
    assert answers["observed"][0] == f"missing: {named}"


def test_obr011_everything_that_lacks_is_listed() -> None:
    answers = findings_of(
        "OBR011", workspaces=[site(public_network_access="Disabled")], associated_resources=all_closed()
    )
    assert answers["reason"][0].endswith(
        "leads to storage blob, storage file, vault, registry, the workspace itself (amlworkspace)."
    )


def test_obr011_open_dependencies_need_a_rule_only_where_all_outbound_is_approved() -> None:
    assert judged(site(INTERNET), [], opened()) == "not-applicable"
    assert judged(site(APPROVED), [], opened()) == "fail"
    assert judged(site(APPROVED), rules(), opened()) == "pass"


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"public_network_access": "SecuredByPerimeter", "default_action": "Allow"}, "fail"),
        ({"public_network_access": "Enabled", "default_action": "Deny"}, "fail"),
        ({"public_network_access": None, "default_action": "Deny"}, "fail"),
        ({"public_network_access": "Enabled", "default_action": None}, "unknown"),
        ({"public_network_access": "Enabled", "default_action": "Allow"}, "not-applicable"),
        ({"public_network_access": "Enabled", "default_action": ""}, "not-applicable"),
        ({"public_network_access": "Whatever", "default_action": "Allow"}, "unknown"),
        ({"read_status": "unreadable", "public_network_access": None, "default_action": None}, "unknown"),
        ({"read_status": "missing", "public_network_access": None, "default_action": None}, "unknown"),
    ],
)
def test_obr011_what_closes_a_dependency_makes_it_private(values: Row, outcome: str) -> None:
    resources = [{**row, **values} if row["role"] == "storage" else row for row in opened()]
    assert judged(site(INTERNET), [], resources) == outcome


def test_obr011_an_unread_dependency_does_not_matter_where_its_rule_is_there() -> None:
    unread = closed("storage", read_status="unreadable")
    resources = [unread, closed("vault"), closed("registry")]
    assert judged(site(INTERNET), rules(), resources) == "pass"
    assert judged(site(INTERNET), rules("blob"), resources) == "unknown"
    assert judged(site(INTERNET), rules("blob", "vault"), resources) == "fail"
    assert judged(site(APPROVED), rules("blob"), resources) == "fail"


def test_obr011_a_dependency_that_was_not_asked_for_is_unknown() -> None:
    assert judged(site(INTERNET), [], []) == "unknown"


def test_obr011_what_a_workspace_does_not_have_needs_no_rule() -> None:
    assert judged(site(APPROVED, container_registry=""), rules("registry"), all_closed()[:2]) == "pass"
    assert judged(site(APPROVED, container_registry=None), rules("registry"), all_closed()) == "unknown"


@pytest.mark.parametrize(
    "values",
    [
        {"status": "Inactive"},
        {"status": "Failed"},
        {"type": "FQDN"},
        {"subresource_target": "queue"},
        {"service_resource_id": f"{STORAGE}other"},
    ],
)
def test_obr011_a_rule_that_is_not_active_or_leads_elsewhere_does_not_count(values: Row) -> None:
    rows = [{**row, **values} for row in rules()]
    assert judged(site(APPROVED), rows, all_closed()) == "fail"


@pytest.mark.parametrize("column", ["status", "type", "subresource_target", "service_resource_id"])
def test_obr011_a_rule_with_a_part_left_out_could_be_the_one(column: str) -> None:
    rows = [{**row, column: None} for row in rules()]
    assert judged(site(APPROVED), rows, all_closed()) == "unknown"


def test_obr011_rules_that_were_not_all_read_decide_nothing() -> None:
    assert judged(site(outbound_rules_known=False), rules("blob"), all_closed()) == "unknown"
    assert judged(site(outbound_rules_known=None), rules(), all_closed()) == "unknown"


def test_obr011_a_rule_of_another_workspace_does_not_count() -> None:
    own = endpoint_rule(workspace_id("other"), "amlworkspace", "own", status="Active")
    others = [{**row, "workspace_id": workspace_id("other")} for row in [*rules(), own]]
    other = {**site(APPROVED), "workspace_id": workspace_id("other"), "workspace": "other"}
    answers = findings_of("OBR011", workspaces=[site(APPROVED), other], outbound_rules=others)
    assert answers["status"].tolist() == ["pass", "fail"]


@pytest.mark.parametrize(
    ("network", "lacking", "outcome"),
    [
        ("Inactive", "blob", "not-applicable"),
        ("Inactive", "", "pass"),
        (None, "blob", "unknown"),
        (None, "", "pass"),
        ("Dozing", "blob", "unknown"),
    ],
)
def test_obr011_a_network_that_is_not_provisioned_yet_may_lack_rules(
    network: str | None, lacking: str, outcome: str
) -> None:
    assert judged(site(managed_network_status=network), rules(lacking), all_closed()) == outcome


@pytest.mark.parametrize(("mode", "outcome"), [("Disabled", "not-applicable"), (None, "unknown")])
def test_obr011_the_mode_decides_whether_there_is_a_network_to_ask_about(
    mode: str | None, outcome: str
) -> None:
    assert judged(site(mode), [], all_closed()) == outcome


def test_obr011_a_project_is_judged_by_the_rules_and_dependencies_of_its_hub() -> None:
    hub = {**site(), "workspace_id": workspace_id("hub"), "workspace": "hub", "kind": "Hub"}
    theirs = workspace_id("hub")
    rows = [{**row, "workspace_id": theirs} for row in rules("vault")]
    resources = [
        closed(role, of="hub")
        for role, id in (("storage", STORAGE), ("vault", VAULT), ("registry", REGISTRY))
    ]
    answers = findings_of(
        "OBR011",
        workspaces=[hub, project("proj", "hub")],
        outbound_rules=rows,
        associated_resources=resources,
    )
    assert answers["status"].tolist() == ["fail", "fail"]
    assert all("leads to vault." in reason for reason in answers["reason"])
