from __future__ import annotations

import pytest
from check_tables import asked, endpoint_rule, host_rule, isolated, statuses, workspace, workspace_id
from pydantic import ValidationError

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
def test_a_managed_network_is_on_in_either_mode_that_isolates(
    reported: bool | None, mode: str | None, status: str
) -> None:
    row = workspace(managed_network_reported=reported, isolation_mode=mode)
    assert statuses(asked("MVN001", [row])) == [status]


@pytest.mark.parametrize(
    ("mode", "allowed", "status"),
    [
        ("AllowInternetOutbound", None, "pass"),
        ("Disabled", None, "fail"),
        ("Foo", None, "fail"),
        (None, None, "unknown"),
        ("AllowInternetOutbound", ["AllowOnlyApprovedOutbound"], "fail"),
        ("Disabled", ["Disabled"], "pass"),
    ],
)
def test_the_mode_has_to_be_one_the_policy_allows(
    mode: str | None, allowed: list[str] | None, status: str
) -> None:
    rows = [isolated(mode=mode)]
    found = asked("MVN002", rows, allowed_modes=allowed) if allowed else asked("MVN002", rows)
    assert statuses(found) == [status]


def test_a_policy_has_to_allow_some_mode() -> None:
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
def test_spark_has_to_be_ready_where_a_rule_is_for_it(
    spark_enabled: bool | None, ready: bool | None, known: bool | None, status: str
) -> None:
    row = isolated(spark_ready=ready, outbound_rules_known=known)
    rules = [endpoint_rule(STORAGE, "blob", "store", spark_enabled=spark_enabled)]
    assert statuses(asked("MVN004", [row], rules=rules)) == [status]


def test_the_spark_rule_is_named() -> None:
    rules = [endpoint_rule(STORAGE, "blob", "store", spark_enabled=True)]
    assert "store" in asked("MVN004", [isolated(spark_ready=False)], rules=rules)["reason"][0]


@pytest.mark.parametrize(
    ("configured", "subnet", "no_public_ip", "mode", "status"),
    [
        (True, "", True, "AllowInternetOutbound", "pass"),
        (True, "/subnets/own", True, "Disabled", "pass"),
        (True, "", False, "AllowInternetOutbound", "fail"),
        (True, "/subnets/own", True, "AllowInternetOutbound", "fail"),
        (True, "/subnets/own", None, "AllowInternetOutbound", "fail"),
        (True, "", None, "AllowInternetOutbound", "unknown"),
        (True, None, True, "AllowInternetOutbound", "unknown"),
        (True, "/subnets/own", True, "Foo", "unknown"),
        (None, "", True, "AllowInternetOutbound", "unknown"),
        (False, None, None, "AllowInternetOutbound", "not-applicable"),
    ],
)
def test_serverless_compute_has_to_stay_in_the_managed_network(
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
def test_a_network_for_spark_has_to_be_provisioned_with_public_access_off(
    access: str | None, network: str | None, spark_enabled: bool | None, status: str
) -> None:
    row = isolated(public_network_access=access, managed_network_status=network)
    rules = [endpoint_rule(STORAGE, "blob", spark_enabled=spark_enabled)]
    assert statuses(asked("MVN006", [row], rules=rules)) == [status]


def test_a_network_that_is_off_was_not_provisioned() -> None:
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
def test_the_firewall_has_to_be_of_the_wanted_tier(
    sku: str | None, wanted: str, known: bool, status: str
) -> None:
    row = isolated(firewall_sku=sku, outbound_rules_known=known)
    assert statuses(asked("MVN007", [row], rules=[host_rule("pypi.org")], sku=wanted)) == [status]


def test_without_host_name_rules_there_is_no_firewall() -> None:
    row = isolated(firewall_sku="Basic")
    assert statuses(asked("MVN007", [row])) == ["not-applicable"]
    assert statuses(asked("MVN007", [row], rules=[endpoint_rule(STORAGE, "blob", type=None)])) == ["unknown"]
