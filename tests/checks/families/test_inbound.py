from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.support.tables.checks import asked, connection, isolated, status_of_workspace, statuses, workspace


@pytest.mark.parametrize(
    ("access", "status"),
    [
        ("Disabled", "pass"),
        ("dISABLED", "pass"),
        ("Enabled", "fail"),
        ("SecuredByPerimeter", "unknown"),
        (None, "unknown"),
    ],
)
def test_net001_only_disabled_public_network_access_passes(access: str | None, status: str) -> None:
    assert status_of_workspace("NET001", public_network_access=access) == status


def test_net001_absent_public_network_access_quotes_the_legacy_flag() -> None:
    found = asked("NET001", [workspace(allow_public_access_when_behind_vnet=True)])
    assert statuses(found) == ["unknown"]
    assert "allowPublicAccessWhenBehindVnet is true" in found["reason"][0]


def test_net001_observed_access_is_spelled_as_azure_spelled_it() -> None:
    assert asked("NET001", [workspace(public_network_access="eNabled")])["observed"][0] == "eNabled"


@pytest.mark.parametrize(
    ("access", "action", "status"),
    [
        ("Enabled", "Deny", "pass"),
        ("enabled", "ALLOW", "fail"),
        ("Enabled", None, "unknown"),
        (None, "Deny", "unknown"),
        ("SecuredByPerimeter", "Deny", "unknown"),
        ("Enabled", "Perhaps", "unknown"),
        ("Disabled", "Allow", "not-applicable"),
        ("Disabled", None, "not-applicable"),
    ],
)
def test_net002_public_access_is_limited_where_the_default_action_denies(
    access: str | None, action: str | None, status: str
) -> None:
    found = status_of_workspace("NET002", public_network_access=access, network_acls_default_action=action)
    assert found == status


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ("20.1.2.3", "pass"),
        ("20.1.2.0/24, 52.4.5.6/32", "pass"),
        ("20.1.2.0/23", "fail"),
        ("0.0.0.0/0", "fail"),
        ("20.1.2.0/24, 20.1.3.0/24", "fail"),
        (", ".join(f"20.{n}.2.0/24" for n in range(5)), "fail"),
        (", ".join(f"20.{n}.2.0/24" for n in range(4)), "pass"),
        ("10.0.0.4", "fail"),
        ("172.31.0.0/24", "fail"),
        ("203.0.113.7", "fail"),
        ("2603:1020::/64", "fail"),
        ("somewhere", "fail"),
        (", ".join(f"20.1.{n}.7" for n in range(201)), "fail"),
        (", ".join(f"20.1.{n}.7" for n in range(200)), "pass"),
        ("", "not-applicable"),
        (None, "unknown"),
    ],
)
def test_net003_selected_addresses_have_to_be_public_ipv4_and_narrow(rules: str | None, status: str) -> None:
    assert status_of_workspace("NET003", ip_rules=rules) == status


def test_net003_a_bad_address_rule_is_named_and_a_good_one_is_not() -> None:
    reason = asked("NET003", [workspace(ip_rules="20.1.2.3, 10.0.0.4")])["reason"][0]
    assert "10.0.0.4 has private" in reason
    assert "20.1.2.3" not in reason


def test_net003_a_policy_sets_how_wide_an_address_rule_may_be() -> None:
    rows = [workspace(ip_rules="20.0.0.0/16")]
    assert statuses(asked("NET003", rows, min_prefix=16)) == ["fail"]
    assert statuses(asked("NET003", rows, min_prefix=16, max_addresses=2**16)) == ["pass"]
    with pytest.raises(ValidationError):
        asked("NET003", rows, min_prefix=33)


@pytest.mark.parametrize(
    ("flag", "access", "status"),
    [
        (False, "Disabled", "pass"),
        (True, "Enabled", "pass"),
        (True, "Disabled", "fail"),
        (True, None, "unknown"),
        (None, "Disabled", "unknown"),
    ],
)
def test_net004_a_true_legacy_flag_contradicts_disabled_access(
    flag: bool | None, access: str | None, status: str
) -> None:
    found = status_of_workspace(
        "NET004", allow_public_access_when_behind_vnet=flag, public_network_access=access
    )
    assert found == status


@pytest.mark.parametrize(
    ("state", "known", "status"),
    [
        ("Approved", True, "fail"),
        ("Rejected", True, "pass"),
        (None, True, "unknown"),
        ("Rejected", False, "unknown"),
    ],
)
def test_net004_a_true_legacy_flag_contradicts_an_approved_endpoint(
    state: str | None, known: bool, status: str
) -> None:
    row = workspace(
        allow_public_access_when_behind_vnet=True,
        public_network_access="Enabled",
        private_endpoint_connections_known=known,
    )
    assert statuses(asked("NET004", [row], connections=[connection(state)])) == [status]


@pytest.mark.parametrize(
    ("access", "rules", "status"),
    [
        ("Disabled", "", "pass"),
        ("Disabled", "20.1.2.3", "fail"),
        ("Disabled", None, "unknown"),
        (None, "20.1.2.3", "unknown"),
        ("Enabled", "20.1.2.3", "not-applicable"),
    ],
)
def test_net005_address_rules_behind_disabled_access_linger(
    access: str | None, rules: str | None, status: str
) -> None:
    assert status_of_workspace("NET005", public_network_access=access, ip_rules=rules) == status


@pytest.mark.parametrize(
    ("access", "mode", "status"),
    [
        ("Disabled", "AllowInternetOutbound", "pass"),
        ("disabled", "allowinternetoutbound", "pass"),
        ("Enabled", "AllowInternetOutbound", "fail"),
        ("Disabled", "Disabled", "fail"),
        ("Disabled", "AllowOnlyApprovedOutbound", "fail"),
        ("Disabled", "Foo", "unknown"),
        ("Foo", "AllowInternetOutbound", "unknown"),
        ("Foo", "Foo", "unknown"),
        ("Foo", "Disabled", "fail"),
        ("Enabled", "Foo", "fail"),
        ("Disabled", None, "unknown"),
        (None, "AllowInternetOutbound", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_net006_the_vendor_rule_wants_private_inbound_and_internet_outbound(
    access: str | None, mode: str | None, status: str
) -> None:
    found = asked("NET006", [isolated(mode=mode, public_network_access=access)])
    assert statuses(found) == [status]


def test_net006_a_workspace_without_managed_network_fails_the_vendor_rule() -> None:
    row = workspace(public_network_access="Disabled", managed_network_reported=False)
    found = asked("NET006", [row])
    assert statuses(found) == ["fail"]
    assert "The managed network is off." in found["reason"][0]


def test_net006_the_reason_notes_that_approved_outbound_is_stricter() -> None:
    row = isolated(public_network_access="Disabled")
    found = asked("NET006", [row])
    assert "stricter, not weaker" in found["reason"][0]
    admitted = asked("NET006", [row], allowed_modes=["AllowInternetOutbound", "AllowOnlyApprovedOutbound"])
    assert statuses(admitted) == ["pass"]


def test_net006_the_vendor_rule_refuses_a_mode_azure_does_not_have() -> None:
    with pytest.raises(ValidationError):
        asked("NET006", [isolated()], allowed_modes=["AllowEverything"])
