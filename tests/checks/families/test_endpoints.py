from __future__ import annotations

import pytest

from checks.registry import registry
from scanner.reading.collection import collection_for
from tests.support.tables.checks import connection, findings_of, workspace_id
from tests.support.tables.workloads import deployment, endpoint, place, project, status

TYPES = ("online", "batch", "serverless")


@pytest.mark.parametrize(
    ("type_", "access", "outcome"),
    [
        ("online", "disabled", "pass"),
        ("online", "Enabled", "fail"),
        ("online", "Whatever", "unknown"),
        ("online", None, "unknown"),
        ("batch", None, "not-applicable"),
        ("serverless", None, "not-applicable"),
    ],
)
def test_end001_an_online_endpoint_has_to_be_private(type_: str, access: str | None, outcome: str) -> None:
    rows = [endpoint(type_=type_, public_network_access=access)]
    assert status("END001", workspaces=[place()], endpoints=rows) == outcome


@pytest.mark.parametrize("check_id", ["END001", "END002"])
def test_only_the_list_of_online_endpoints_has_to_be_read(check_id: str) -> None:
    rows = [place(batch_endpoints_known=None, serverless_endpoints_known=False)]
    assert findings_of(check_id, workspaces=rows).empty
    assert status(check_id, workspaces=[place(online_endpoints_known=None)]) == "unknown"
    assert collection_for([registry()[check_id]]).kinds == {"onlineEndpoints"}


@pytest.mark.parametrize("column", [f"{type_}_endpoints_known" for type_ in TYPES])
def test_end004_all_lists_of_endpoints_have_to_be_read_for_how_callers_prove_themselves(column: str) -> None:
    assert status("END004", workspaces=[{**place(), column: None}]) == "unknown"


@pytest.mark.parametrize(
    ("workspace", "action", "own", "outcome", "said"),
    [
        ("Disabled", None, "Disabled", "pass", "Neither the workspace nor the endpoint"),
        ("disabled", "Allow", "enabled", "fail", "not supported"),
        ("Enabled", "Deny", "Disabled", "pass", "the endpoint takes none"),
        ("Enabled", "Deny", "Enabled", "pass", "both respect the selected addresses"),
        ("Enabled", "Allow", "Enabled", "not-applicable", "every address"),
        ("Enabled", None, "Enabled", "unknown", "not reported"),
        (None, "Deny", "Enabled", "unknown", "not reported"),
        ("SecuredByPerimeter", "Deny", "Enabled", "unknown", "unknown word"),
        ("Disabled", "Deny", None, "unknown", "not reported"),
        ("Disabled", "Deny", "Whatever", "unknown", "unknown word"),
    ],
)
def test_end002_access_of_endpoint_and_workspace_combines_as_in_the_table(
    workspace: str | None, action: str | None, own: str | None, outcome: str, said: str
) -> None:
    row = place(public_network_access=workspace, network_acls_default_action=action, ip_rules="")
    answers = findings_of("END002", workspaces=[row], endpoints=[endpoint(public_network_access=own)])
    assert answers["status"].tolist() == [outcome]
    assert said in answers["reason"][0]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("20.61.14.0/26", "accepts the addresses that remain on the workspace: 20.61.14.0/26."),
        ("", "No addresses remain"),
        (None, "Azure did not report whether addresses remain"),
    ],
)
def test_end002_the_addresses_that_an_open_endpoint_respects_are_named(rules: str | None, said: str) -> None:
    row = place(public_network_access="Disabled", network_acls_default_action="Deny", ip_rules=rules)
    answers = findings_of("END002", workspaces=[row], endpoints=[endpoint(public_network_access="Enabled")])
    assert said in answers["reason"][0]


@pytest.mark.parametrize("type_", ["batch", "serverless"])
def test_end002_endpoints_without_access_of_their_own_take_no_part(type_: str) -> None:
    row = place(public_network_access="Disabled", network_acls_default_action="Deny")
    answers = findings_of("END002", workspaces=[row], endpoints=[endpoint(type_=type_)])
    assert answers[["status", "reason"]].to_numpy().tolist() == [
        ["not-applicable", "Only managed online endpoints take part in this."]
    ]


def test_end002_the_endpoint_of_a_project_is_compared_with_its_hub() -> None:
    hub = place("hub", kind="Hub", public_network_access="Disabled")
    own = project("proj", "hub", public_network_access="Enabled", network_acls_default_action="Allow")
    rows = [endpoint(of="proj", public_network_access="Enabled")]
    assert findings_of("END002", workspaces=[hub, own], endpoints=rows)["status"].tolist() == ["fail"]
    assert status("END002", workspaces=[own], endpoints=rows) == "unknown"


@pytest.mark.parametrize(
    ("egress", "kind", "mode", "outcome"),
    [
        ("Enabled", "Managed", "AllowInternetOutbound", "pass"),
        ("disabled", "Managed", "AllowInternetOutbound", "fail"),
        ("Disabled", "Managed", "AllowOnlyApprovedOutbound", "fail"),
        (None, "Managed", "AllowInternetOutbound", "unknown"),
        ("Disabled", None, "AllowInternetOutbound", "unknown"),
        ("Disabled", "Managed", None, "unknown"),
        ("Disabled", "Managed", "Disabled", "not-applicable"),
        ("Disabled", "Kubernetes", "AllowInternetOutbound", "not-applicable"),
    ],
)
def test_end003_no_legacy_isolation_beside_the_managed_network(
    egress: str | None, kind: str | None, mode: str | None, outcome: str
) -> None:
    row = deployment(egress_public_network_access=egress, endpoint_compute_type=kind)
    assert status("END003", workspaces=[place(mode=mode)], online_deployments=[row]) == outcome


def test_end003_deployments_that_were_not_read_are_unknown() -> None:
    assert status("END003", workspaces=[place(online_deployments_known=None)]) == "unknown"


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("Key", "fail"),
        ("key", "fail"),
        ("KeyAndAAD", "fail"),
        ("AADToken", "pass"),
        ("AAD", "pass"),
        ("AMLToken", "pass"),
        ("Password", "unknown"),
        (None, "unknown"),
    ],
)
def test_end004_an_endpoint_may_take_no_keys(type_: str, mode: str | None, outcome: str) -> None:
    rows = [endpoint(type_=type_, auth_mode=mode)]
    assert status("END004", workspaces=[place()], endpoints=rows) == outcome


def test_end004_a_machine_learning_token_is_named() -> None:
    rows = [endpoint("a", auth_mode="AMLToken"), endpoint("b", auth_mode="AADToken")]
    first, second = findings_of("END004", workspaces=[place()], endpoints=rows)["reason"]
    assert "not Entra ID tokens" in first
    assert second == ""


@pytest.mark.parametrize(
    ("access", "action", "mode", "connected", "outcome"),
    [
        ("Enabled", "Deny", "AllowInternetOutbound", None, "pass"),
        ("Enabled", "Deny", "Disabled", "Approved", "pass"),
        ("Enabled", "Deny", None, "Approved", "pass"),
        ("Enabled", "Deny", "Disabled", "Pending", "fail"),
        ("enabled", "deny", "Disabled", "Rejected", "fail"),
        ("Enabled", "Deny", "Disabled", None, "unknown"),
        ("Enabled", "Deny", None, "Pending", "unknown"),
        ("Enabled", None, "Disabled", "Pending", "unknown"),
        (None, "Deny", "Disabled", "Pending", "unknown"),
        ("Enabled", "Allow", "Disabled", "Pending", "not-applicable"),
        ("Disabled", "Deny", "Disabled", "Pending", "not-applicable"),
    ],
)
def test_end005_selected_addresses_need_the_managed_network_or_a_private_endpoint(
    access: str | None, action: str | None, mode: str | None, connected: str | None, outcome: str
) -> None:
    row = place(mode=mode, public_network_access=access, network_acls_default_action=action)
    rows = [connection(connected)]
    assert status("END005", workspaces=[row], private_endpoint_connections=rows) == outcome


def test_end005_connections_that_were_not_read_decide_nothing() -> None:
    selected = {"public_network_access": "Enabled", "network_acls_default_action": "Deny"}
    row = place(mode="Disabled", private_endpoint_connections_known=None, **selected)
    assert status("END005", workspaces=[row]) == "unknown"
    known = place(mode="Disabled", **selected)
    answers = findings_of("END005", workspaces=[known])
    assert answers[["resource_id", "status"]].to_numpy().tolist() == [[workspace_id(), "fail"]]


@pytest.mark.parametrize(
    ("type_", "access", "action", "outcome"),
    [
        ("batch", "Disabled", "Deny", "pass"),
        ("batch", "Enabled", "Allow", "pass"),
        ("batch", "Enabled", "Deny", "fail"),
        ("batch", "enabled", "deny", "fail"),
        ("batch", "Enabled", None, "unknown"),
        ("batch", None, "Deny", "unknown"),
        ("online", "Enabled", "Deny", "not-applicable"),
        ("serverless", "Enabled", "Deny", "not-applicable"),
    ],
)
def test_end006_batch_endpoints_do_not_work_with_selected_addresses(
    type_: str, access: str | None, action: str | None, outcome: str
) -> None:
    row = place(public_network_access=access, network_acls_default_action=action)
    assert status("END006", workspaces=[row], endpoints=[endpoint(type_=type_)]) == outcome
