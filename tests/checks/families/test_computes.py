from __future__ import annotations

import pytest

from checks.contract.workloads import MANAGED_TYPES, OTHER_TYPES, UNSUPPORTED_TYPES
from tests.support.tables.checks import Row, connection, findings_of, workspace_id
from tests.support.tables.workloads import AKS_CLUSTER, ARC_CLUSTER, compute, place, project, status

MANAGED = ("CMP001", "CMP002", "CMP003", "CMP004", "CMP006", "CMP007")
ALL = (*MANAGED, "CMP005", "CMP008")
SUBNET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/ml"
GOOD: Row = {
    "enable_node_public_ip": False,
    "public_ip_address": "",
    "subnet_id": "",
    "compute_location": "westeurope",
    "ssh_public_access": "Disabled",
    "remote_login_port_public_access": "Disabled",
    "disable_local_auth": True,
    "is_latest_os_image_version": True,
}


def judged(
    check_id: str,
    mode: str | None = "AllowInternetOutbound",
    *,
    kind: str | None = "ComputeInstance",
    values: Row | None = None,
) -> str:
    row = compute({**GOOD, **(values or {})}, kind)
    return status(check_id, workspaces=[place(mode=mode)], computes=[row])


@pytest.mark.parametrize("check_id", ALL)
def test_a_good_instance_passes(check_id: str) -> None:
    assert judged(check_id) == "pass"


@pytest.mark.parametrize("check_id", ALL)
@pytest.mark.parametrize("kind", [None, "Foo"])
def test_a_kind_nobody_knows_is_unknown(check_id: str, kind: str | None) -> None:
    assert judged(check_id, kind=kind) == "unknown"


@pytest.mark.parametrize("check_id", MANAGED)
@pytest.mark.parametrize("kind", [*UNSUPPORTED_TYPES, *OTHER_TYPES])
def test_attached_computes_are_not_asked_what_only_managed_ones_have(check_id: str, kind: str) -> None:
    assert judged(check_id, kind=kind) == "not-applicable"


@pytest.mark.parametrize("check_id", ALL)
def test_computes_that_were_not_read_are_unknown_for_their_workspace(check_id: str) -> None:
    rows = [place(computes_known=None), place("other")]
    answers = findings_of(check_id, workspaces=rows)
    assert answers[["workspace_id", "status"]].to_numpy().tolist() == [[workspace_id(), "unknown"]]


@pytest.mark.parametrize("check_id", ["CMP002", "CMP003", "CMP004", "CMP005"])
def test_a_compute_whose_workspace_was_not_read_is_unknown(check_id: str) -> None:
    assert status(check_id, computes=[compute(GOOD)]) == "unknown"


@pytest.mark.parametrize(
    ("kind", "flag", "address", "outcome"),
    [
        ("AmlCompute", False, None, "pass"),
        ("amlcompute", False, "", "pass"),
        ("AmlCompute", True, None, "fail"),
        ("AmlCompute", None, None, "unknown"),
        ("ComputeInstance", False, "", "pass"),
        ("ComputeInstance", False, None, "unknown"),
        ("ComputeInstance", False, "20.1.2.3", "fail"),
        ("ComputeInstance", None, "20.1.2.3", "fail"),
        ("ComputeInstance", None, "", "unknown"),
        ("ComputeInstance", True, None, "fail"),
        ("Kubernetes", True, "20.1.2.3", "not-applicable"),
    ],
)
def test_cmp001_neither_the_flag_nor_an_address_may_be_public(
    kind: str, flag: bool | None, address: str | None, outcome: str
) -> None:
    values = {"enable_node_public_ip": flag, "public_ip_address": address}
    assert judged("CMP001", kind=kind, values=values) == outcome


def test_cmp001_the_public_address_is_named() -> None:
    rows = [compute({"enable_node_public_ip": True, "public_ip_address": "20.1.2.3"}, "ComputeInstance")]
    (reason,) = findings_of("CMP001", workspaces=[place()], computes=rows)["reason"]
    assert "20.1.2.3" in reason


@pytest.mark.parametrize(
    ("subnet", "mode", "outcome"),
    [
        ("", "AllowInternetOutbound", "pass"),
        ("", "allowonlyapprovedoutbound", "pass"),
        (None, "AllowInternetOutbound", "pass"),
        (SUBNET, "Disabled", "pass"),
        (SUBNET, None, "pass"),
        ("", "Disabled", "fail"),
        ("", None, "unknown"),
        ("", "Foo", "unknown"),
        (None, "Disabled", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_cmp002_a_compute_needs_a_subnet_or_the_managed_network(
    subnet: str | None, mode: str | None, outcome: str
) -> None:
    assert judged("CMP002", mode, values={"subnet_id": subnet}) == outcome


def test_cmp002_a_compute_in_the_managed_network_passes_and_the_built_in_policy_is_contradicted() -> None:
    (reason,) = findings_of("CMP002", workspaces=[place()], computes=[compute({"subnet_id": ""})])["reason"]
    assert "7804b5c7" in reason


def test_cmp002_the_reason_for_a_subnet_names_it() -> None:
    rows = [compute({"subnet_id": SUBNET})]
    (reason,) = findings_of("CMP002", workspaces=[place(mode="Disabled")], computes=rows)["reason"]
    assert SUBNET in reason
    assert "7804b5c7" not in reason


@pytest.mark.parametrize(
    ("subnet", "mode", "outcome"),
    [
        ("", "AllowInternetOutbound", "pass"),
        (SUBNET, "AllowInternetOutbound", "fail"),
        (SUBNET, "AllowOnlyApprovedOutbound", "fail"),
        (None, "AllowInternetOutbound", "unknown"),
        (SUBNET, None, "unknown"),
        (SUBNET, "Disabled", "not-applicable"),
    ],
)
def test_cmp003_no_subnet_beside_the_managed_network(
    subnet: str | None, mode: str | None, outcome: str
) -> None:
    assert judged("CMP003", mode, values={"subnet_id": subnet}) == outcome


@pytest.mark.parametrize(
    ("location", "mode", "outcome"),
    [
        ("West Europe", "AllowInternetOutbound", "pass"),
        ("eastus", "AllowInternetOutbound", "fail"),
        (None, "AllowInternetOutbound", "unknown"),
        ("eastus", None, "unknown"),
        ("eastus", "Disabled", "not-applicable"),
    ],
)
def test_cmp004_a_compute_has_to_be_in_the_region_of_its_workspace(
    location: str | None, mode: str | None, outcome: str
) -> None:
    assert judged("CMP004", mode, values={"compute_location": location}) == outcome


def test_cmp004_a_workspace_without_a_location_decides_nothing() -> None:
    rows = [compute(GOOD)]
    assert status("CMP004", workspaces=[place(location=None)], computes=rows) == "unknown"


@pytest.mark.parametrize("kind", UNSUPPORTED_TYPES)
@pytest.mark.parametrize("attached", [True, False, None])
def test_cmp005_kinds_outside_every_managed_network_fail_however_they_came(
    kind: str, attached: bool | None
) -> None:
    assert judged("CMP005", kind=kind, values={"is_attached": attached}) == "fail"
    assert judged("CMP005", "Disabled", kind=kind, values={"is_attached": attached}) == "not-applicable"
    assert judged("CMP005", None, kind=kind, values={"is_attached": attached}) == "unknown"


@pytest.mark.parametrize("kind", MANAGED_TYPES)
def test_cmp005_kinds_of_machine_learning_itself_are_supported(kind: str) -> None:
    assert judged("CMP005", kind=kind) == "pass"


@pytest.mark.parametrize("kind", OTHER_TYPES)
def test_cmp005_kinds_that_no_source_calls_supported_are_unknown(kind: str) -> None:
    assert judged("CMP005", kind=kind) == "unknown"


@pytest.mark.parametrize(("status", "outcome"), [("Active", "pass"), ("Inactive", "fail"), (None, "unknown")])
def test_cmp002_a_managed_network_counts_once_it_is_provisioned(status: str | None, outcome: str) -> None:
    row = place(managed_network_status=status)
    found = findings_of("CMP002", workspaces=[row], computes=[compute({"subnet_id": ""})])
    assert list(found["status"]) == [outcome]


@pytest.mark.parametrize("kind", ["Hub", "Project"])
def test_cmp003_a_hubs_compute_in_the_customers_network_fails(kind: str) -> None:
    hub = place("hub", mode="Disabled", kind="Hub")
    rows = {"workspaces": [hub, project("proj", "hub")]}
    of = {"Hub": "hub", "Project": "proj"}[kind]
    found = findings_of("CMP003", **rows, computes=[compute({"subnet_id": "/subnets/own"}, of=of)])
    assert list(found["status"]) == ["fail"]


@pytest.mark.parametrize(
    ("kind", "location", "connections", "cluster", "outcome"),
    [
        ("ComputeInstance", "eastus", ["Approved"], None, "fail"),
        ("AKS", "eastus", ["Approved"], None, "fail"),
        ("Kubernetes", "West Europe", ["Approved"], AKS_CLUSTER, "pass"),
        ("Kubernetes", "eastus", ["Approved"], AKS_CLUSTER.upper(), "fail"),
        ("Kubernetes", "eastus", ["Approved"], ARC_CLUSTER, "not-applicable"),
        ("Kubernetes", "eastus", ["Approved"], None, "unknown"),
        ("Kubernetes", "eastus", ["Approved"], "nowhere", "unknown"),
        ("AKS", "eastus", ["Pending"], None, "not-applicable"),
        ("Databricks", "eastus", ["Approved"], None, "not-applicable"),
    ],
)
def test_cmp004_a_private_endpoint_binds_computes_to_the_region(
    kind: str, location: str, connections: list[str], cluster: str | None, outcome: str
) -> None:
    found = findings_of(
        "CMP004",
        workspaces=[place(mode="Disabled")],
        computes=[compute({"compute_location": location, "attached_resource_id": cluster}, kind)],
        private_endpoint_connections=[connection(each) for each in connections],
    )
    assert list(found["status"]) == [outcome]


@pytest.mark.parametrize(
    ("kind", "ssh", "login", "has_public_ip", "outcome"),
    [
        ("ComputeInstance", "disabled", None, True, "pass"),
        ("ComputeInstance", "Enabled", "Disabled", True, "fail"),
        ("ComputeInstance", "Enabled", "Disabled", False, "pass"),
        ("ComputeInstance", "Enabled", "Disabled", None, "unknown"),
        ("ComputeInstance", None, "Disabled", True, "unknown"),
        ("AmlCompute", None, "Disabled", True, "pass"),
        ("AmlCompute", "Disabled", "ENABLED", True, "fail"),
        ("AmlCompute", "Disabled", "ENABLED", False, "pass"),
        ("AmlCompute", "Disabled", "NotSpecified", True, "unknown"),
        ("AmlCompute", "Disabled", None, True, "unknown"),
        ("VirtualMachine", "Enabled", "Enabled", True, "not-applicable"),
    ],
)
def test_cmp006_the_port_of_the_computes_own_kind_decides(
    kind: str, ssh: str | None, login: str | None, has_public_ip: bool | None, outcome: str
) -> None:
    values = {
        "ssh_public_access": ssh,
        "remote_login_port_public_access": login,
        "enable_node_public_ip": has_public_ip,
        "public_ip_address": "",
    }
    assert judged("CMP006", kind=kind, values=values) == outcome


@pytest.mark.parametrize(("is_off", "outcome"), [(True, "pass"), (False, "fail"), (None, "unknown")])
@pytest.mark.parametrize("kind", MANAGED_TYPES)
def test_cmp007_local_authentication_has_to_be_off(kind: str, is_off: bool | None, outcome: str) -> None:
    assert judged("CMP007", kind=kind, values={"disable_local_auth": is_off}) == outcome


@pytest.mark.parametrize(("is_latest", "outcome"), [(True, "pass"), (False, "fail"), (None, "unknown")])
def test_cmp008_an_instance_has_to_run_the_latest_image(is_latest: bool | None, outcome: str) -> None:
    assert judged("CMP008", values={"is_latest_os_image_version": is_latest}) == outcome


def test_cmp008_a_cluster_is_not_asked_for_its_image() -> None:
    assert (
        judged("CMP008", kind="AmlCompute", values={"is_latest_os_image_version": False}) == "not-applicable"
    )


def test_cmp002_the_compute_of_a_project_is_judged_by_the_network_of_its_hub() -> None:
    hub = {**place("hub"), "kind": "Hub"}
    own = project("proj", "hub", managed_network_reported=False, isolation_mode=None)
    rows = [compute(GOOD, of="proj")]
    answers = findings_of("CMP002", workspaces=[hub, own], computes=rows)
    assert answers["status"].tolist() == ["pass"]
    assert "hub" in answers["reason"][0]
    assert status("CMP002", workspaces=[own], computes=rows) == "unknown"
