from __future__ import annotations

import pytest

from checks.families.outbound.required_tags import REQUIRED_TAGS
from tests.support.tables.checks import (
    SUBSCRIPTION,
    Row,
    asked,
    endpoint_rule,
    host_rule,
    isolated,
    status_of_rule,
    statuses,
    tag_rule,
    workspace_id,
)

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts/sa"


@pytest.mark.parametrize(
    ("status_of_it", "error", "network", "status"),
    [
        ("Active", "", "Active", "pass"),
        ("active", "", None, "pass"),
        ("Failed", "", "Inactive", "fail"),
        ("Active", "no right to approve", "Active", "fail"),
        ("Inactive", "", "Active", "fail"),
        ("Provisioning", "", "active", "not-applicable"),
        ("Provisioning", "broken", "active", "fail"),
        ("Inactive", "broken", "Inactive", "fail"),
        ("Active", None, "Active", "unknown"),
        (None, "", "Active", "unknown"),
        ("Inactive", "", None, "unknown"),
        ("Sleeping", "", "Active", "unknown"),
        ("Inactive", "", "Inactive", "not-applicable"),
        ("Deleting", "", "Active", "not-applicable"),
    ],
)
def test_obr001_a_rule_has_to_be_in_force(
    status_of_it: str | None, error: str | None, network: str | None, status: str
) -> None:
    row = host_rule("pypi.org", status=status_of_it, error_information=error, category="Required")
    found = asked("OBR001", [isolated(managed_network_status=network)], rules=[row])
    assert statuses(found) == [status]


@pytest.mark.parametrize(
    ("row", "mode", "status"),
    [
        (host_rule("pypi.org"), "AllowOnlyApprovedOutbound", "pass"),
        (endpoint_rule(STORAGE, "blob"), "AllowInternetOutbound", "pass"),
        (endpoint_rule(STORAGE, "blob"), None, "pass"),
        (host_rule("pypi.org"), "AllowInternetOutbound", "fail"),
        (tag_rule("Storage"), "Foo", "unknown"),
        (host_rule("pypi.org"), None, "unknown"),
        (host_rule("pypi.org", type="Tunnel"), "AllowInternetOutbound", "unknown"),
        (host_rule("pypi.org", category=None), "AllowInternetOutbound", "unknown"),
        (tag_rule("AzureMonitor", category="Required"), "AllowInternetOutbound", "not-applicable"),
    ],
)
def test_obr002_host_and_tag_rules_are_valid_in_approved_outbound_only(
    row: Row, mode: str | None, status: str
) -> None:
    assert statuses(asked("OBR002", [isolated(mode=mode)], rules=[row])) == [status]


def tags(*names: str, **values: object) -> list[Row]:
    in_force = {"status": "Active", "category": "Required"}
    return [tag_rule(name, f"rule-{name}", **{**in_force, **values}) for name in names]


def test_obr003_all_required_tags_present_pass_with_a_region_or_without() -> None:
    regional = [f"{tag}.WestUS3" if tag.startswith("Batch") else tag.upper() for tag in REQUIRED_TAGS]
    assert statuses(asked("OBR003", [isolated(location="West US3")], rules=tags(*regional))) == ["pass"]
    assert statuses(asked("OBR003", [isolated(location="eastus")], rules=tags(*regional))) == ["fail"]
    assert statuses(asked("OBR003", [isolated(location=None)], rules=tags(*regional))) == ["unknown"]


def test_obr003_a_network_that_is_not_provisioned_needs_no_rules_yet() -> None:
    assert statuses(asked("OBR003", [isolated(managed_network_status="Inactive")])) == ["not-applicable"]


def test_obr003_a_rule_that_lacks_for_the_network_itself_is_recommended() -> None:
    rows = [*tags(*REQUIRED_TAGS), endpoint_rule(STORAGE, "blob", "pe", status="Active")]
    found = asked("OBR003", [isolated()], rules=rows)
    assert statuses(found) == ["pass"]
    assert "VirtualNetwork" in found["reason"][0]


def test_obr003_a_missing_required_tag_is_named() -> None:
    found = asked("OBR003", [isolated()], rules=tags(*REQUIRED_TAGS[:-1]))
    assert statuses(found) == ["fail"]
    assert found["reason"][0] == "No active rule allows TCP 443 to AzureMonitor."


@pytest.mark.parametrize(
    "values",
    [
        {"action": "Deny"},
        {"address_prefixes": "20.1.2.3/32"},
        {"status": "Failed"},
        {"status": "Provisioning"},
        {"protocol": "UDP"},
        {"port_ranges": "9999"},
    ],
)
def test_obr003_a_tag_that_is_denied_or_overridden_does_not_count(values: dict[str, object]) -> None:
    rows = [*tags(*REQUIRED_TAGS[:-1]), *tags(REQUIRED_TAGS[-1], **values)]
    assert statuses(asked("OBR003", [isolated()], rules=rows)) == ["fail"]


@pytest.mark.parametrize(
    ("tag", "values", "status"),
    [
        ("AzureMonitor", {}, "unknown"),
        ("Internet", {"protocol": "*", "port_ranges": "*"}, "unknown"),
        ("AzureCloud", {}, "unknown"),
        ("BatchNodeManagement.westus3", {}, "unknown"),
        ("BatchNodeManagement.eastus", {}, "pass"),
        ("AzureMonitor", {"port_ranges": "80"}, "pass"),
        ("AzureMonitor", {"protocol": "UDP"}, "pass"),
        ("AzureMonitor", {"status": "Failed"}, "pass"),
        ("AzureMonitor", {"action": "Perhaps"}, "unknown"),
        ("Storage", {}, "pass"),
    ],
)
def test_obr003_a_tag_that_is_allowed_and_denied_is_not_known(
    tag: str, values: dict[str, object], status: str
) -> None:
    denial = tag_rule(tag, "denial", **{"status": "Active", "action": "Deny", **values})
    found = asked("OBR003", [isolated(location="westus3")], rules=[*tags(*REQUIRED_TAGS), denial])
    assert statuses(found) == [status]


def test_obr003_a_tag_without_an_action_counts() -> None:
    assert statuses(asked("OBR003", [isolated()], rules=tags(*REQUIRED_TAGS, action=None))) == ["pass"]


@pytest.mark.parametrize(
    "values", [{"address_prefixes": None}, {"service_tag": None}, {"status": None}, {"port_ranges": None}]
)
def test_obr003_a_tag_with_parts_left_out_may_be_the_missing_one(values: dict[str, object]) -> None:
    rows = [*tags(*REQUIRED_TAGS[:-1]), *tags(REQUIRED_TAGS[-1], **values)]
    assert statuses(asked("OBR003", [isolated()], rules=rows)) == ["unknown"]


def test_obr003_required_tags_need_all_rules_and_the_mode() -> None:
    rows = tags(*REQUIRED_TAGS)
    unread = isolated(outbound_rules_known=False)
    assert statuses(asked("OBR003", [unread], rules=rows)) == ["unknown"]
    assert statuses(asked("OBR003", [isolated(mode=None)], rules=rows)) == ["unknown"]
    assert statuses(asked("OBR003", [isolated(mode="AllowInternetOutbound")])) == ["not-applicable"]


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (endpoint_rule(STORAGE, "Blob"), "pass"),
        (endpoint_rule(STORAGE.lower(), "dfs_secondary"), "pass"),
        (endpoint_rule(f"{GROUP}/Microsoft.Network/applicationGateways/gw", "myFrontend"), "pass"),
        (endpoint_rule(workspace_id(), "amlworkspace"), "pass"),
        (endpoint_rule(STORAGE, "vault"), "fail"),
        (endpoint_rule(f"{GROUP}/Microsoft.Compute/virtualMachines/vm", "vm"), "fail"),
        (endpoint_rule(None, "blob"), "unknown"),
        (endpoint_rule(STORAGE, None), "unknown"),
        (endpoint_rule("sa", "blob"), "unknown"),
        (endpoint_rule(STORAGE, "vault", category=None), "unknown"),
        (endpoint_rule(STORAGE, "vault", category="Required"), "not-applicable"),
        (host_rule("pypi.org"), "not-applicable"),
    ],
)
def test_obr009_a_private_endpoint_needs_a_supported_target(row: Row, status: str) -> None:
    assert status_of_rule("OBR009", row) == status


def test_obr012_no_host_name_rules_means_no_firewall_to_pay() -> None:
    assert statuses(asked("OBR012", [isolated()], rules=[tag_rule("DataFactory")])) == ["pass"]


def test_obr012_host_name_rules_are_named_for_their_bill() -> None:
    found = asked("OBR012", [isolated()], rules=[host_rule("pypi.org", "packages", category="Required")])
    assert statuses(found) == ["fail"]
    assert "packages" in found["reason"][0]


def test_obr012_the_bill_is_unknown_while_rules_are() -> None:
    assert statuses(asked("OBR012", [isolated(outbound_rules_known=None)])) == ["unknown"]
    assert statuses(asked("OBR012", [isolated()], rules=[host_rule("pypi.org", type=None)])) == ["unknown"]


@pytest.mark.parametrize(
    ("row", "allowed", "status"),
    [
        (endpoint_rule(STORAGE, "blob"), [SUBSCRIPTION.upper()], "pass"),
        (endpoint_rule(STORAGE, "blob"), ["another"], "fail"),
        (endpoint_rule(None, "blob"), ["another"], "unknown"),
        (endpoint_rule("/providers/x", "blob"), ["another"], "unknown"),
        (endpoint_rule(STORAGE, "blob", category=None), ["another"], "unknown"),
        (endpoint_rule(STORAGE, "blob", category="Required"), ["another"], "not-applicable"),
        (host_rule("pypi.org"), ["another"], "not-applicable"),
        (endpoint_rule(STORAGE, "blob"), [], "not-applicable"),
    ],
)
def test_obr013_private_endpoint_targets_stay_in_allowed_subscriptions(
    row: Row, allowed: list[str], status: str
) -> None:
    assert status_of_rule("OBR013", row, allowed_subscriptions=allowed) == status
