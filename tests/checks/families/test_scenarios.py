from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from checks.network.scenario_hosts import HUGGING_FACE_HOSTS, PACKAGE_HOSTS, VS_CODE_HOSTS
from tests.support.tables.checks import Row, endpoint_rule, findings_of, host_rule, tag_rule, workspace_id
from tests.support.tables.dependencies import dependency, dependency_id, missing, place, unreadable

INTERNET, APPROVED, DISABLED = "AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Disabled"
HOSTS = {
    "SCN001": ("python-packages", PACKAGE_HOSTS),
    "SCN002": ("vs-code", VS_CODE_HOSTS),
    "SCN005": ("hugging-face", HUGGING_FACE_HOSTS),
}
SCENARIO_OF = {
    **{id: scenario for id, (scenario, _) in HOSTS.items()},
    "SCN003": "batch",
    "SCN004": "prompt-flow",
    "SCN006": "selected-addresses",
}
STORE = dependency_id("storage")
ACTIVE = {"status": "Active"}


def network(mode: str | None, **values: object) -> dict[str, object]:
    built = {"managed_network_reported": True, "isolation_mode": mode, "managed_network_status": "Active"}
    return {**place(), **built, **values}


def scenario(
    check_id: str,
    row: Row,
    rules: Sequence[Row] = (),
    resources: Sequence[Row] = (),
    required: Sequence[str] | None = None,
) -> pd.Series[Any]:
    wanted = [SCENARIO_OF[check_id]] if required is None else required
    found = findings_of(
        check_id,
        {"required": wanted},
        workspaces=[row],
        outbound_rules=rules,
        associated_resources=resources,
    )
    assert len(found) == 1
    return found.iloc[0]


def names(hosts: Sequence[str], **values: object) -> list[Row]:
    return [{**host_rule(host, f"rule-{n}"), **ACTIVE, **values} for n, host in enumerate(hosts)]


def endpoints(*targets: tuple[str, str]) -> list[Row]:
    return [{**endpoint_rule(id, part, f"rule-{n}"), **ACTIVE} for n, (id, part) in enumerate(targets)]


@pytest.mark.parametrize("check_id", sorted(SCENARIO_OF))
def test_a_scenario_nobody_requires_is_not_judged(check_id: str) -> None:
    for required in ([], sorted(set(SCENARIO_OF.values()) - {SCENARIO_OF[check_id]})):
        assert scenario(check_id, network(APPROVED), required=required)["status"] == "not-applicable"


def test_scn001_one_setting_serves_the_whole_family_and_names_are_checked() -> None:
    assert scenario("SCN001", network(INTERNET), required=["python-packages", "vs-code"])["status"] == "pass"
    with pytest.raises(ValidationError, match="python-packages"):
        scenario("SCN001", network(INTERNET), required=["pip"])


@pytest.mark.parametrize("check_id", sorted(HOSTS))
@pytest.mark.parametrize(
    ("mode", "status"), [(INTERNET, "pass"), (APPROVED, "fail"), (DISABLED, "unknown"), (None, "unknown")]
)
def test_without_rules_hosts_are_reached_by_the_internet_alone(
    check_id: str, mode: str | None, status: str
) -> None:
    assert scenario(check_id, network(mode))["status"] == status


@pytest.mark.parametrize("check_id", sorted(HOSTS))
def test_a_rule_for_every_host_lets_the_scenario_work(check_id: str) -> None:
    hosts = HOSTS[check_id][1]
    assert scenario(check_id, network(APPROVED), names(hosts))["status"] == "pass"
    found = scenario(check_id, network(APPROVED), names(hosts[1:]))
    assert found["status"] == "fail"
    assert found["reason"] == f"No active rule reaches {hosts[0]}."


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"status": "Inactive"}, "fail"),
        ({"status": "Failed"}, "fail"),
        ({"status": None}, "unknown"),
        ({"type": None}, "unknown"),
        ({"fqdn": None}, "unknown"),
        ({"category": "Required"}, "pass"),
        ({"category": None}, "pass"),
    ],
)
def test_scn001_rules_of_azure_and_the_customer_count_while_active(values: Row, status: str) -> None:
    assert scenario("SCN001", network(APPROVED), names(PACKAGE_HOSTS, **values))["status"] == status


def test_scn001_a_name_under_a_wildcard_does_not_cover_the_wildcard() -> None:
    narrow = [host.replace("*.", "files.") for host in PACKAGE_HOSTS]
    found = scenario("SCN001", network(APPROVED), names(narrow))
    assert found["reason"] == (
        "No active rule reaches *.anaconda.com, *.anaconda.org, *.pythonhosted.org, *.pytorch.org, "
        "*.tensorflow.org."
    )


@pytest.mark.parametrize(
    ("action", "status"), [("Allow", "pass"), ("Deny", "fail"), (None, "pass"), ("Odd", "unknown")]
)
def test_scn005_a_tag_for_the_internet_reaches_every_host(action: str | None, status: str) -> None:
    rules = [{**tag_rule("Internet", action=action), **ACTIVE}]
    assert scenario("SCN005", network(APPROVED), rules)["status"] == status


def test_scn001_unread_rules_settle_nothing_where_rules_decide() -> None:
    unread = network(APPROVED, outbound_rules_known=None)
    assert scenario("SCN001", unread, names(PACKAGE_HOSTS))["status"] == "unknown"
    assert scenario("SCN001", network(INTERNET, outbound_rules_known=None))["status"] == "pass"


def test_scn001_a_project_is_judged_by_the_rules_of_its_hub() -> None:
    hub = {**network(APPROVED), "workspace_id": workspace_id("hub"), "kind": "Hub"}
    project = {**place("proj"), "kind": "Project", "hub_resource_id": workspace_id("HUB")}
    orphan = {**place("zorphan"), "kind": "Project", "hub_resource_id": workspace_id("gone")}
    rules = [{**rule, "workspace_id": workspace_id("hub")} for rule in names(PACKAGE_HOSTS)]
    found = findings_of(
        "SCN001",
        {"required": ["python-packages"]},
        workspaces=[hub, project, orphan],
        outbound_rules=rules,
    )
    assert list(found["status"]) == ["pass", "pass", "unknown"]


OPEN_STORE = dependency("storage", public_network_access="Enabled", default_action="Allow")
SHUT_STORE = dependency("storage", public_network_access="Disabled")
QUEUE, TABLE = (STORE, "queue"), (STORE.lower(), "Table")


@pytest.mark.parametrize(
    ("mode", "targets", "store", "status"),
    [
        (APPROVED, [QUEUE, TABLE], SHUT_STORE, "pass"),
        (APPROVED, [QUEUE, TABLE], missing("storage"), "pass"),
        (INTERNET, [QUEUE, TABLE], SHUT_STORE, "pass"),
        (INTERNET, [], OPEN_STORE, "pass"),
        (APPROVED, [QUEUE], SHUT_STORE, "fail"),
        (APPROVED, [QUEUE, (dependency_id("vault"), "table")], SHUT_STORE, "fail"),
        (APPROVED, [], OPEN_STORE, "fail"),
        (INTERNET, [], SHUT_STORE, "fail"),
        (INTERNET, [], unreadable("storage"), "unknown"),
        (DISABLED, [], OPEN_STORE, "unknown"),
    ],
)
def test_scn003_batch_needs_the_queue_and_table_of_the_default_storage(
    mode: str, targets: list[tuple[str, str]], store: Row, status: str
) -> None:
    row = network(mode, storage_account=STORE)
    assert scenario("SCN003", row, endpoints(*targets), [store])["status"] == status


@pytest.mark.parametrize("store", [None, ""])
def test_scn003_batch_is_unknown_without_a_default_storage_account(store: str | None) -> None:
    row = network(APPROVED, storage_account=store)
    assert scenario("SCN003", row, endpoints(QUEUE, TABLE))["status"] == "unknown"


def test_scn003_the_missing_part_of_the_storage_account_is_named() -> None:
    found = scenario("SCN003", network(APPROVED, storage_account=STORE), endpoints(QUEUE), [SHUT_STORE])
    assert found["reason"] == "No active private-endpoint rule reaches the default storage account's table."


GROUP = f"{STORE.partition('/providers/')[0]}/providers"
AI = (f"{GROUP}/Microsoft.CognitiveServices/accounts/ai", "account")
SEARCH = (f"{GROUP}/Microsoft.Search/searchServices/one", "searchService")


@pytest.mark.parametrize(
    ("mode", "targets", "status"),
    [
        (APPROVED, [AI, SEARCH], "pass"),
        (INTERNET, [AI, SEARCH], "pass"),
        (APPROVED, [AI], "fail"),
        (APPROVED, [(AI[0], "account2"), SEARCH], "fail"),
        (INTERNET, [AI], "unknown"),
        (APPROVED, [("nowhere", "account"), SEARCH], "unknown"),
        (DISABLED, [AI, SEARCH], "unknown"),
    ],
)
def test_scn004_prompt_flow_needs_endpoints_to_ai_services_and_search(
    mode: str, targets: list[tuple[str, str]], status: str
) -> None:
    assert scenario("SCN004", network(mode), endpoints(*targets))["status"] == status


ITSELF = (workspace_id().upper(), "amlworkspace")


@pytest.mark.parametrize(
    ("access", "action", "mode", "targets", "status"),
    [
        ("Enabled", "Deny", APPROVED, [ITSELF], "pass"),
        ("Enabled", "Deny", INTERNET, [ITSELF], "pass"),
        ("Enabled", "Deny", INTERNET, [], "fail"),
        ("Enabled", "Deny", APPROVED, [(workspace_id("other"), "amlworkspace")], "fail"),
        ("Enabled", "Deny", DISABLED, [], "unknown"),
        ("Enabled", None, APPROVED, [ITSELF], "unknown"),
        (None, "Deny", APPROVED, [ITSELF], "unknown"),
        ("Perhaps", "Deny", APPROVED, [ITSELF], "unknown"),
        ("Enabled", "Allow", APPROVED, [], "not-applicable"),
        ("Disabled", "Deny", APPROVED, [], "not-applicable"),
        ("Disabled", None, None, [], "not-applicable"),
    ],
)
def test_scn006_selected_addresses_need_a_rule_to_the_workspace_itself(
    access: str | None, action: str | None, mode: str | None, targets: list[tuple[str, str]], status: str
) -> None:
    row = network(mode, public_network_access=access, network_acls_default_action=action)
    assert scenario("SCN006", row, endpoints(*targets))["status"] == status


def test_scn002_has_twelve_documented_hosts() -> None:
    assert len(set(VS_CODE_HOSTS)) == 12


@pytest.mark.parametrize("check_id", sorted(SCENARIO_OF.keys() - {"SCN006"}))
def test_a_network_that_is_not_provisioned_is_not_judged(check_id: str) -> None:
    row = network(APPROVED, managed_network_status="Inactive")
    assert scenario(check_id, row)["status"] == "not-applicable"
