from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.support.tables.checks import (
    Row,
    asked,
    endpoint_rule,
    findings_of,
    host_rule,
    isolated,
    statuses,
    workspace,
    workspace_id,
)
from tests.support.tables.workloads import compute, endpoint, place, project

STORAGE = f"{workspace_id().partition('/providers/')[0]}/providers/Microsoft.Storage/storageAccounts/sa"


@pytest.mark.parametrize(
    ("reported", "mode", "status"),
    [
        (True, "AllowInternetOutbound", "pass"),
        (True, "allowonlyapprovedoutbound", "pass"),
        (True, "Disabled", "fail"),
        (False, None, "fail"),
        (True, "Foo", "unknown"),
        (True, None, "unknown"),
        (None, None, "unknown"),
        (None, "AllowInternetOutbound", "unknown"),
    ],
)
def test_mvn001_a_managed_network_is_on_in_either_mode_that_isolates(
    reported: bool | None, mode: str | None, status: str
) -> None:
    row = workspace(managed_network_reported=reported, isolation_mode=mode)
    assert statuses(asked("MVN001", [row])) == [status]


@pytest.mark.parametrize(
    ("mode", "allowed", "status"),
    [
        ("AllowInternetOutbound", None, "pass"),
        ("Disabled", None, "fail"),
        ("Foo", None, "unknown"),
        (None, None, "unknown"),
        ("AllowInternetOutbound", ["AllowOnlyApprovedOutbound"], "fail"),
        ("Disabled", ["Disabled"], "pass"),
    ],
)
def test_mvn002_the_mode_has_to_be_one_the_policy_allows(
    mode: str | None, allowed: list[str] | None, status: str
) -> None:
    rows = [isolated(mode=mode)]
    found = asked("MVN002", rows, allowed_modes=allowed) if allowed else asked("MVN002", rows)
    assert statuses(found) == [status]


def test_mvn002_a_policy_has_to_allow_some_mode() -> None:
    with pytest.raises(ValidationError):
        asked("MVN002", [isolated()], allowed_modes=[])


@pytest.mark.parametrize(
    ("spark_enabled", "ready", "known", "status"),
    [
        (True, True, True, "pass"),
        (True, False, True, "fail"),
        (True, None, True, "unknown"),
        (None, True, True, "unknown"),
        (True, True, False, "unknown"),
        (False, False, True, "not-applicable"),
        (False, False, None, "unknown"),
    ],
)
def test_mvn004_spark_has_to_be_ready_where_a_rule_is_for_it(
    spark_enabled: bool | None, ready: bool | None, known: bool | None, status: str
) -> None:
    row = isolated(spark_ready=ready, outbound_rules_known=known)
    rules = [endpoint_rule(STORAGE, "blob", "store", spark_enabled=spark_enabled)]
    assert statuses(asked("MVN004", [row], rules=rules)) == [status]


def test_mvn004_the_spark_rule_is_named() -> None:
    rules = [endpoint_rule(STORAGE, "blob", "store", spark_enabled=True)]
    assert "store" in asked("MVN004", [isolated(spark_ready=False)], rules=rules)["reason"][0]


@pytest.mark.parametrize(
    ("configured", "subnet", "no_public_ip", "mode", "status"),
    [
        (True, "", True, "AllowInternetOutbound", "not-applicable"),
        (True, "/subnets/own", True, "Disabled", "pass"),
        (True, "/subnets/own", False, "Disabled", "fail"),
        (True, "", False, "AllowInternetOutbound", "not-applicable"),
        (True, "", False, "Disabled", "not-applicable"),
        (True, "/subnets/own", True, "AllowInternetOutbound", "fail"),
        (True, "/subnets/own", None, "AllowInternetOutbound", "fail"),
        (True, "", None, "AllowInternetOutbound", "not-applicable"),
        (True, "/subnets/own", None, "Disabled", "unknown"),
        (True, None, True, "AllowInternetOutbound", "unknown"),
        (True, "/subnets/own", True, "Foo", "unknown"),
        (None, None, None, "AllowInternetOutbound", "unknown"),
        (False, None, None, "AllowInternetOutbound", "not-applicable"),
    ],
)
def test_mvn005_serverless_compute_has_to_stay_in_the_managed_network(
    configured: bool | None, subnet: str | None, no_public_ip: bool | None, mode: str, status: str
) -> None:
    row = isolated(
        mode=mode,
        serverless_compute_configured=configured,
        serverless_compute_custom_subnet=subnet,
        serverless_compute_no_public_ip=no_public_ip,
    )
    assert statuses(asked("MVN005", [row])) == [status]


@pytest.mark.parametrize(
    ("access", "network", "spark_enabled", "status"),
    [
        ("Disabled", "Active", True, "pass"),
        ("Enabled", "Active", True, "fail"),
        (None, "Active", True, "unknown"),
        ("SecuredByPerimeter", "Active", True, "unknown"),
        ("Enabled", None, True, "unknown"),
        ("Enabled", "Dozing", True, "unknown"),
        ("Enabled", "Active", None, "unknown"),
        ("Enabled", "Inactive", True, "not-applicable"),
        ("Enabled", "Active", False, "not-applicable"),
    ],
)
def test_mvn006_a_network_for_spark_has_to_be_provisioned_with_public_access_off(
    access: str | None, network: str | None, spark_enabled: bool | None, status: str
) -> None:
    row = isolated(public_network_access=access, managed_network_status=network)
    rules = [endpoint_rule(STORAGE, "blob", spark_enabled=spark_enabled)]
    assert statuses(asked("MVN006", [row], rules=rules)) == [status]


def test_mvn006_a_network_that_is_off_was_not_provisioned() -> None:
    row = workspace(managed_network_reported=False, public_network_access="Enabled")
    assert statuses(asked("MVN006", [row])) == ["not-applicable"]


@pytest.mark.parametrize(
    ("sku", "wanted", "known", "status"),
    [
        ("standard", "Standard", True, "pass"),
        ("Basic", "Standard", True, "fail"),
        ("Basic", "Basic", True, "pass"),
        (None, "Standard", True, "unknown"),
        ("Standard", "Standard", False, "unknown"),
    ],
)
def test_mvn007_the_firewall_has_to_be_of_the_wanted_tier(
    sku: str | None, wanted: str, known: bool, status: str
) -> None:
    row = isolated(firewall_sku=sku, outbound_rules_known=known)
    assert statuses(asked("MVN007", [row], rules=[host_rule("pypi.org")], sku=wanted)) == [status]


def test_mvn007_without_host_name_rules_there_is_no_firewall() -> None:
    row = isolated(firewall_sku="Basic")
    assert statuses(asked("MVN007", [row])) == ["not-applicable"]
    assert statuses(asked("MVN007", [row], rules=[endpoint_rule(STORAGE, "blob", type=None)])) == ["unknown"]


def provisioning(workspaces: list[Row], **rows: list[Row]) -> dict[str, str]:
    """What MVN003 says, by workspace."""
    answers = findings_of("MVN003", workspaces=workspaces, **rows)
    names = answers["resource_id"].str.rpartition("/")[2]
    return dict(zip(names, answers["status"], strict=True))


@pytest.mark.parametrize(
    ("status", "mode", "kind", "outcome"),
    [
        ("Active", "AllowInternetOutbound", "AmlCompute", "pass"),
        ("active", "AllowInternetOutbound", None, "pass"),
        ("Inactive", "AllowInternetOutbound", "AmlCompute", "fail"),
        ("Inactive", "AllowOnlyApprovedOutbound", "ComputeInstance", "fail"),
        ("Inactive", "AllowInternetOutbound", "Kubernetes", "not-applicable"),
        ("Inactive", "AllowInternetOutbound", None, "unknown"),
        ("Inactive", None, "AmlCompute", "unknown"),
        ("Inactive", "Disabled", "AmlCompute", "not-applicable"),
        (None, "AllowInternetOutbound", "AmlCompute", "unknown"),
        ("Dozing", "AllowInternetOutbound", "AmlCompute", "unknown"),
    ],
)
def test_mvn003_a_network_that_is_used_has_to_be_provisioned(
    status: str | None, mode: str | None, kind: str | None, outcome: str
) -> None:
    row = place(mode=mode, managed_network_status=status)
    assert provisioning([row], computes=[compute({}, kind)]) == {"ws": outcome}


@pytest.mark.parametrize(
    ("type_", "outcome"), [("online", "fail"), ("batch", "not-applicable"), ("serverless", "not-applicable")]
)
def test_mvn003_online_endpoints_use_the_network_too(type_: str, outcome: str) -> None:
    row = place(managed_network_status="Inactive")
    assert provisioning([row], endpoints=[endpoint(type_=type_)]) == {"ws": outcome}


@pytest.mark.parametrize("column", ["computes_known", "online_endpoints_known"])
def test_mvn003_an_inactive_network_is_unknown_where_not_all_was_read(column: str) -> None:
    row = {**place(managed_network_status="Inactive"), column: None}
    assert provisioning([row]) == {"ws": "unknown"}
    assert provisioning([{**row, column: True}]) == {"ws": "not-applicable"}
    assert provisioning([{**row, "managed_network_status": "Active"}]) == {"ws": "pass"}


def test_mvn003_a_hub_and_its_projects_share_one_network() -> None:
    hub = place("hub", kind="Hub", managed_network_status="Inactive")
    rows = [
        hub,
        project("used", "hub"),
        project("idle", "hub"),
        place("apart", managed_network_status="Inactive"),
    ]
    used = provisioning(rows, computes=[compute({}, of="used")])
    assert used == {"hub": "fail", "used": "fail", "idle": "fail", "apart": "not-applicable"}
    unread = [hub, project("used", "hub", computes_known=None), project("idle", "hub")]
    assert set(provisioning(unread).values()) == {"unknown"}
    assert set(provisioning(unread, computes=[compute({}, of="hub")]).values()) == {"fail"}


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("Hub", "unknown"),
        (None, "unknown"),
        ("default", "not-applicable"),
        ("FeatureStore", "not-applicable"),
    ],
)
def test_mvn003_a_project_that_names_no_hub_may_use_the_network_of_any(
    kind: str | None, outcome: str
) -> None:
    idle = place("idle", kind=kind, managed_network_status="Inactive")
    homeless = {**place("homeless"), "kind": "Project"}
    assert provisioning([idle, homeless])["idle"] == outcome
    assert provisioning([idle, homeless], computes=[compute({}, of="idle")])["idle"] == "fail"
    assert provisioning([idle])["idle"] == "not-applicable"


def test_mvn003_the_projects_of_a_hub_are_as_unknown_as_it_is_where_another_names_none() -> None:
    hub = place("hub", kind="Hub", managed_network_status="Inactive")
    rows = [hub, project("of-hub", "hub"), {**place("homeless"), "kind": "Project"}]
    assert set(provisioning(rows).values()) == {"unknown"}


def test_mvn003_a_project_without_a_readable_hub_is_unknown() -> None:
    rows = [project("orphan", "gone"), {**place("homeless"), "kind": "Project"}]
    assert set(provisioning(rows, computes=[compute({}, of="homeless")]).values()) == {"unknown"}
