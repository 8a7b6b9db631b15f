from __future__ import annotations

import pytest

from tests.support.tables.checks import findings_of, workspace_id
from tests.support.tables.dependencies import (
    dependency,
    dependency_id,
    missing,
    of_dependency,
    place,
    unreadable,
)

ROLE_OF = {"RES001": "storage", "RES002": "vault", "RES003": "registry"}
GOOD = {
    "public_network_access": "Enabled",
    "default_action": "Deny",
    "ip_rules": "",
    "anonymous_pull_enabled": False,
    "bypass": "AzureServices",
    "virtual_network_rules": 0,
    "approved_private_endpoints": 1,
    "sku": "Premium",
    "allow_blob_public_access": False,
    "allow_shared_key_access": False,
    "purge_protection": True,
    "admin_user_enabled": False,
    "ingestion_access": "Disabled",
    "query_access": "Disabled",
}
ROLES_OF = {
    "RES001": {"storage"},
    "RES002": {"vault"},
    "RES003": {"registry"},
    "RES004": {"insights"},
    "RES005": {"storage", "vault", "registry"},
    "RES006": {"storage", "vault"},
    "RES007": {"registry"},
    "RES009": {"storage"},
    "RES010": {"storage"},
    "RES011": {"vault"},
    "RES012": {"registry"},
    "RES013": {"storage", "vault", "registry", "insights"},
}


@pytest.mark.parametrize("role", ["storage", "vault", "registry", "insights"])
@pytest.mark.parametrize("check_id", sorted(ROLES_OF))
def test_a_check_judges_its_own_roles_and_no_other(check_id: str, role: str) -> None:
    expected = "pass" if role in ROLES_OF[check_id] else "not-applicable"
    assert of_dependency(check_id, {**dependency(role), **GOOD})["status"] == expected


@pytest.mark.parametrize("check_id", sorted(ROLES_OF.keys() - {"RES013"}))
def test_what_was_not_read_is_unknown_and_says_why(check_id: str) -> None:
    role = min(ROLES_OF[check_id])
    forbidden = of_dependency(check_id, unreadable(role))
    assert forbidden["status"] == "unknown"
    assert "AuthorizationFailed: no access" in forbidden["reason"]
    gone = of_dependency(check_id, missing(role))
    assert gone["status"] == "unknown"
    assert "404" in gone["reason"]


@pytest.mark.parametrize("check_id", sorted(ROLES_OF.keys() - {"RES013"}))
def test_values_without_word_that_they_were_read_decide_nothing(check_id: str) -> None:
    row = {**dependency(min(ROLES_OF[check_id])), **GOOD, "read_status": None}
    assert of_dependency(check_id, row)["status"] == "unknown"


@pytest.mark.parametrize("check_id", sorted(ROLE_OF))
@pytest.mark.parametrize(
    ("access", "action", "status"),
    [
        ("Disabled", "Allow", "pass"),
        ("disabled", None, "pass"),
        ("Disabled", "Perhaps", "pass"),
        ("SecuredByPerimeter", "Allow", "unknown"),
        ("Enabled", "Deny", "pass"),
        (None, "deny", "pass"),
        ("Enabled", "Allow", "fail"),
        ("enabled", "", "fail"),
        (None, "Allow", "fail"),
        (None, "", "fail"),
        ("Enabled", None, "unknown"),
        (None, None, "unknown"),
        ("Enabled", "Perhaps", "unknown"),
        ("Perhaps", "Deny", "unknown"),
    ],
)
def test_a_dependency_is_closed_by_its_access_or_its_default_action(
    check_id: str, access: str | None, action: str | None, status: str
) -> None:
    row = dependency(
        ROLE_OF[check_id],
        public_network_access=access,
        default_action=action,
        ip_rules="",
        anonymous_pull_enabled=False,
    )
    assert of_dependency(check_id, row)["status"] == status


@pytest.mark.parametrize("check_id", sorted(ROLE_OF))
@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ("", "pass"),
        ("20.1.2.0/24, 52.4.5.6", "pass"),
        ("0.0.0.0/1, 128.0.0.0/1", "fail"),
        ("20.1.2.0/24, 20.1.3.0/24", "fail"),
        (", ".join(f"20.{n}.2.0/24" for n in range(5)), "fail"),
        ("20.1.2.3, somewhere", "unknown"),
        ("0.0.0.0/0, somewhere", "fail"),
        ("?", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_firewall_that_denies_is_as_narrow_as_its_address_rules(
    check_id: str, rules: str | None, status: str
) -> None:
    row = {**dependency(ROLE_OF[check_id]), **GOOD, "ip_rules": rules}
    assert of_dependency(check_id, row)["status"] == status


def test_res001_a_policy_sets_how_many_addresses_a_firewall_may_admit() -> None:
    row = {**dependency("storage"), **GOOD, "ip_rules": "20.0.0.0/16"}
    rows = {"workspaces": [place()], "associated_resources": [row]}
    found = findings_of("RES001", {"min_prefix": 16, "max_addresses": 2**16}, **rows)
    assert list(found["status"]) == ["pass"]


@pytest.mark.parametrize(
    ("access", "anonymous", "status"),
    [
        ("Enabled", True, "fail"),
        ("Enabled", False, "pass"),
        ("Enabled", None, "unknown"),
        ("Disabled", True, "pass"),
        ("Disabled", None, "pass"),
    ],
)
def test_res003_selected_addresses_do_not_excuse_anonymous_pull(
    access: str, anonymous: bool | None, status: str
) -> None:
    row = {
        **dependency("registry"),
        **GOOD,
        "public_network_access": access,
        "anonymous_pull_enabled": anonymous,
    }
    assert of_dependency("RES003", row)["status"] == status


@pytest.mark.parametrize(
    ("admin", "anonymous", "status"),
    [
        (False, False, "pass"),
        (True, None, "fail"),
        (None, True, "fail"),
        (False, None, "unknown"),
        (None, False, "unknown"),
    ],
)
def test_res012_a_registry_takes_neither_the_admin_user_nor_anonymous_pulls(
    admin: bool | None, anonymous: bool | None, status: str
) -> None:
    row = dependency("registry", admin_user_enabled=admin, anonymous_pull_enabled=anonymous)
    assert of_dependency("RES012", row)["status"] == status


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        (workspace_id(), "pass"),
        (workspace_id().upper() + "/", "pass"),
        (workspace_id().rpartition("/")[0] + "/*", "pass"),
        (workspace_id("other"), "fail"),
        ("", "fail"),
    ],
)
def test_res005_a_resource_access_rule_for_the_workspace_is_stricter_than_the_bypass(
    rules: str, status: str
) -> None:
    row = {**dependency("storage"), **GOOD, "bypass": "None", "resource_access_rules": rules}
    assert of_dependency("RES005", row)["status"] == status


def test_res006_service_endpoints_do_not_matter_while_public_access_is_disabled() -> None:
    row = {**dependency("storage"), **GOOD, "virtual_network_rules": 2, "public_network_access": "Disabled"}
    assert of_dependency("RES006", row)["status"] == "not-applicable"


def test_res001_a_finding_names_the_dependency_and_what_was_seen() -> None:
    row = dependency("storage", public_network_access="Enabled", default_action="Allow", ip_rules="")
    found = of_dependency("RES001", row)
    assert found["resource_id"] == dependency_id("storage")
    assert found["workspace_id"] == workspace_id()
    assert found["observed"] == "publicNetworkAccess Enabled, defaultAction Allow"
    assert "storage-one" in found["reason"]


@pytest.mark.parametrize(
    ("ingestion", "query", "status"),
    [
        ("Disabled", "disabled", "pass"),
        ("Disabled", "SecuredByPerimeter", "unknown"),
        ("Enabled", "Disabled", "fail"),
        ("Disabled", "Enabled", "fail"),
        ("Enabled", None, "fail"),
        ("Disabled", None, "unknown"),
        (None, None, "unknown"),
        ("Perhaps", "Disabled", "unknown"),
    ],
)
def test_res004_application_insights_is_closed_on_both_sides(
    ingestion: str | None, query: str | None, status: str
) -> None:
    row = dependency("insights", ingestion_access=ingestion, query_access=query)
    assert of_dependency("RES004", row)["status"] == status


@pytest.mark.parametrize(
    ("action", "bypass", "status"),
    [
        ("Deny", "AzureServices", "pass"),
        ("deny", "Logging, Metrics, azureservices", "pass"),
        ("Deny", "None", "fail"),
        ("Deny", "Logging, Metrics", "fail"),
        ("Deny", None, "unknown"),
        ("Perhaps", "None", "unknown"),
        ("Allow", "None", "not-applicable"),
        ("", "None", "not-applicable"),
        (None, "None", "unknown"),
    ],
)
def test_res005_trusted_services_pass_a_firewall_that_denies(
    action: str | None, bypass: str | None, status: str
) -> None:
    row = dependency("vault", default_action=action, bypass=bypass)
    assert of_dependency("RES005", row)["status"] == status


@pytest.mark.parametrize(
    ("rules", "endpoints", "status"),
    [
        (0, 1, "pass"),
        (2, 0, "pass"),
        (0, None, "pass"),
        (None, 0, "pass"),
        (1, 1, "fail"),
        (1, None, "unknown"),
        (None, 1, "unknown"),
    ],
)
def test_res006_service_endpoints_and_private_endpoints_exclude_each_other(
    rules: int | None, endpoints: int | None, status: str
) -> None:
    row = dependency("storage", virtual_network_rules=rules, approved_private_endpoints=endpoints)
    assert of_dependency("RES006", row)["status"] == status


@pytest.mark.parametrize(
    ("access", "mode", "sku", "status"),
    [
        ("Disabled", "Disabled", "premium", "pass"),
        ("Disabled", None, "Standard", "fail"),
        ("Enabled", "AllowOnlyApprovedOutbound", "Basic", "fail"),
        ("Disabled", "AllowInternetOutbound", None, "unknown"),
        ("Enabled", None, "Basic", "unknown"),
        ("Perhaps", "AllowInternetOutbound", "Basic", "unknown"),
        ("Enabled", "AllowInternetOutbound", "Basic", "not-applicable"),
    ],
)
def test_res007_a_registry_that_has_to_be_private_is_of_the_premium_tier(
    access: str, mode: str | None, sku: str | None, status: str
) -> None:
    row = dependency("registry", public_network_access=access, default_action="", sku=sku)
    found = of_dependency("RES007", row, managed_network_reported=True, isolation_mode=mode)
    assert found["status"] == status


CLOSED = dependency("registry", public_network_access="Disabled")
OPEN = dependency("registry", public_network_access="Enabled", default_action="Allow")


@pytest.mark.parametrize(
    ("compute", "row", "status"),
    [
        ("cpu-build", CLOSED, "pass"),
        ("", CLOSED, "fail"),
        (None, CLOSED, "unknown"),
        ("", missing("registry"), "unknown"),
        ("cpu-build", unreadable("registry"), "unknown"),
        ("", OPEN, "not-applicable"),
        ("", dependency("storage", public_network_access="Disabled"), "fail"),
        ("cpu-gone", CLOSED, "fail"),
    ],
)
def test_res008_images_for_a_private_registry_are_built_by_a_compute(
    compute: str | None, row: dict[str, object], status: str
) -> None:
    site = {**place(), "image_build_compute": compute}
    builds = {
        "compute_id": f"{workspace_id()}/computes/CPU-build",
        "workspace_id": workspace_id(),
        "compute": "CPU-build",
    }
    found = findings_of("RES008", workspaces=[site], associated_resources=[row], computes=[builds])
    assert list(found["status"]) == [status]


def test_res008_image_builds_are_unknown_while_the_registry_is() -> None:
    unread = of_dependency("RES008", CLOSED, image_build_compute="cpu", associated_resources_known=None)
    assert unread["status"] == "unknown"
    forbidden = of_dependency("RES008", unreadable("registry"), image_build_compute="cpu")
    assert "AuthorizationFailed: no access" in forbidden["reason"]


def test_res008_a_project_builds_images_as_its_hub_does() -> None:
    hub = place("hub", kind="Hub", image_build_compute="")
    project = place("proj", kind="Project", hub_resource_id=workspace_id("HUB"), image_build_compute="cpu")
    registry = dependency("registry", of="hub", public_network_access="Disabled")
    found = findings_of("RES008", workspaces=[hub, project], associated_resources=[registry])
    assert list(found["status"]) == ["fail", "fail"]


@pytest.mark.parametrize(
    ("check_id", "role", "column", "wanted", "absent"),
    [
        ("RES009", "storage", "allow_blob_public_access", False, "unknown"),
        ("RES010", "storage", "allow_shared_key_access", False, "fail"),
        ("RES011", "vault", "purge_protection", True, "fail"),
    ],
)
def test_a_dependency_protects_itself(
    check_id: str, role: str, column: str, wanted: bool, absent: str
) -> None:
    statuses = [
        of_dependency(check_id, {**dependency(role), column: value})["status"]
        for value in (wanted, not wanted, None)
    ]
    assert statuses == ["pass", "fail", absent]


def test_res013_a_dependency_that_is_gone_fails_and_one_that_may_not_be_read_is_unknown() -> None:
    assert of_dependency("RES013", dependency("vault"))["status"] == "pass"
    gone = of_dependency("RES013", missing("vault"))
    assert gone["status"] == "fail"
    assert dependency_id("vault") in gone["reason"]
    forbidden = of_dependency("RES013", unreadable("vault"))
    assert forbidden["status"] == "unknown"
    assert "AuthorizationFailed: no access" in forbidden["reason"]
    assert of_dependency("RES013", dependency("vault", read_status=None))["status"] == "unknown"


def test_res001_dependencies_that_were_not_asked_for_leave_the_workspace_unknown() -> None:
    found = findings_of("RES001", workspaces=[place(associated_resources_known=None)])
    assert list(found["status"]) == ["unknown"]
    assert list(found["resource_id"]) == [workspace_id()]
