"""Every cassette, played through the real pipeline without a server, and what the tables then say."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest
import yaml

from checks.contract.tables import Tables
from tests.support.cassette_player import CASSETTES, FILE_NAME, Playback, played
from tests.support.scanning import rows

NAMES = sorted(file.parent.name for file in CASSETTES.glob(f"*/{FILE_NAME}"))


@pytest.fixture(autouse=True)
def nothing_is_ever_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_connector: object, **_options: object) -> NoReturn:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", refuse)


@cache
def playback(name: str) -> Playback:
    return played(CASSETTES / name / FILE_NAME)


def tables_of(name: str) -> Tables:
    return playback(name).tables


def workspaces_of(name: str) -> dict[str, dict[str, Any]]:
    return {row["workspace"]: row for row in rows(tables_of(name).workspaces)}


def counted(name: str, table: str, column: str) -> dict[str, int]:
    counts = tables_of(name)[table][column].fillna("not reported").value_counts()
    return {str(value): int(count) for value, count in counts.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_scan_asks_azure_by_get_or_query_for_exactly_what_the_cassette_holds(name: str) -> None:
    assert playback(name).is_used_up
    for method, url in playback(name).asked:
        assert method == ("POST" if "Microsoft.ResourceGraph" in url else "GET")
        assert url.startswith("https://management.azure.com/")
    assert all(payload.request_id and payload.correlation_id for payload in playback(name).payloads)


def test_the_demo_tenant_is_read_but_for_its_one_forbidden_subscription() -> None:
    tables = tables_of("demo-tenant")
    assert len(tables.subscriptions) == 6
    assert len(tables.workspaces) == int(tables.subscriptions["workspaces"].sum())
    assert len(tables.subscriptions[~tables.subscriptions["read"]]) == 1
    (gap,) = rows(tables.gaps)
    assert (gap["code"], gap["http_status"]) == ("AuthorizationFailed", 403)


def test_the_demo_tenant_shows_every_mode_kind_and_type_of_rule() -> None:
    modes = counted("demo-tenant", "workspaces", "isolation_mode")
    assert modes.keys() == {"AllowOnlyApprovedOutbound", "AllowInternetOutbound", "Disabled", "not reported"}
    kinds = counted("demo-tenant", "workspaces", "kind")
    assert kinds.keys() == {"Default", "Hub", "Project", "FeatureStore", "not reported"}
    rule_types = counted("demo-tenant", "outbound_rules", "type")
    assert rule_types.keys() == {"FQDN", "PrivateEndpoint", "ServiceTag"}


def test_a_forbidden_subscription_is_a_gap_that_says_what_to_grant_and_costs_nothing_else() -> None:
    tables = tables_of("forbidden-subscription")
    (gap,) = rows(tables.gaps)
    assert (gap["asked"], gap["code"], gap["http_status"]) == ("workspaces", "AuthorizationFailed", 403)
    assert "Microsoft.MachineLearningServices/workspaces/read" in gap["closes"]
    assert gap["closes"].endswith(f"--role Reader --scope {gap['scope']}")
    by_name = {row["subscription"]: row for row in rows(tables.subscriptions)}
    assert (by_name["generated-0000"]["read"], by_name["generated-0000"]["workspaces"]) == (True, 2)
    assert not by_name["generated-0001"]["read"]
    assert by_name["generated-0001"]["subscription_id"] == gap["subscription_id"]


def test_lists_of_one_item_a_page_are_followed_to_their_ends() -> None:
    tables = tables_of("paged-lists")
    assert tables.subscriptions["workspaces"].tolist() == [2, 2]
    assert tables.workspaces["outbound_rules_known"].all()
    rules_of_each = tables.outbound_rules["workspace_id"].value_counts()
    assert rules_of_each.tolist() == [2, 2, 2, 2]
    assert tables.outbound_rules["seen_in"].eq("both").all()
    assert tables.gaps.empty
    next_pages = [url for _, url in playback("paged-lists").asked if "skip" in url]
    subscription_pages, workspace_pages, rule_pages = 1, 2, 4
    assert len(next_pages) == subscription_pages + workspace_pages + rule_pages


def test_resource_graph_adds_its_count_and_a_gap_where_it_shows_another_workspace() -> None:
    tables = tables_of("resource-graph")
    assert tables.subscriptions["workspaces"].tolist() == [2, 2]
    assert sorted(tables.subscriptions["workspaces_in_graph"]) == [2, 3]
    (gap,) = rows(tables.gaps)
    assert (gap["asked"], gap["code"]) == ("resourceGraph", "DiscoveryDiffers")


@pytest.mark.parametrize("name", ["throttled-once", "published-shape-throttled"])
def test_an_answer_to_come_back_later_costs_time_and_nothing_else(name: str) -> None:
    lists = [url for _, url in playback(name).asked if "/workspaces?" in url]
    assert len(lists) == 2
    assert lists[0] == lists[1]
    assert tables_of(name).gaps.empty
    assert tables_of(name).subscriptions["read"].all()
    assert tables_of(name).subscriptions["workspaces"].tolist() == [1]


def test_a_cloud_that_lags_is_read_at_the_newest_version_it_offers() -> None:
    tables = tables_of("version-fallback")
    assert tables.workspaces["api_version"].tolist() == ["2024-04-01"]
    assert tables.workspaces["isolation_mode"].tolist() == ["AllowOnlyApprovedOutbound"]
    assert tables.workspaces["outbound_rules_known"].all()
    assert len(tables.outbound_rules) == 3
    assert tables.gaps.empty


def test_an_absent_managed_network_is_not_one_that_says_disabled() -> None:
    found = workspaces_of("published-shape-workspaces")
    absent, disabled = found["lens_classic"], found["lens-selected"]
    assert not absent["managed_network_reported"]
    assert disabled["managed_network_reported"]
    assert disabled["isolation_mode"] == "Disabled"
    modes = counted("published-shape-workspaces", "workspaces", "isolation_mode")
    assert modes == {
        "AllowInternetOutbound": 1,
        "AllowOnlyApprovedOutbound": 1,
        "Disabled": 1,
        "not reported": 2,
    }
    asked = [url for _, url in playback("published-shape-workspaces").asked]
    assert [url for url in asked if "lens_classic/outboundRules" in url]
    assert not [url for url in asked if "lens-selected" in url]


def test_selected_addresses_are_read_beside_an_enabled_public_access() -> None:
    found = workspaces_of("published-shape-workspaces")["lens-selected"]
    assert found["public_network_access"] == "Enabled"
    assert found["network_acls_default_action"] == "Deny"
    assert found["ip_rules"] == "203.0.113.0/24, 198.51.100.7"


def test_a_project_names_its_hub_and_is_asked_for_nothing_of_its_own() -> None:
    found = workspaces_of("published-shape-workspaces")
    hub, project = found["prism-hub"], found["prism-project"]
    assert (hub["kind"], project["kind"]) == ("Hub", "Project")
    assert project["hub_resource_id"] == hub["workspace_id"]
    asked = [url for _, url in playback("published-shape-workspaces").asked]
    assert not [url for url in asked if "prism-project" in url]


def test_private_endpoint_connections_come_with_the_workspace_or_from_their_own_list() -> None:
    tables = tables_of("published-shape-workspaces")
    assert tables.workspaces["private_endpoint_connections_known"].all()
    found = {row["connection"]: row for row in rows(tables.private_endpoint_connections)}
    assert {name: row["status"] for name, row in found.items()} == {
        "pe-drift-lab.93d4": "Approved",
        "pe-partner.77c2": "Pending",
        "pe-prism-hub.1f0a": "Approved",
    }


def rules() -> dict[str, dict[str, Any]]:
    return {row["rule"]: row for row in rows(tables_of("published-shape-outbound-rules").outbound_rules)}


def test_rules_of_both_pages_are_read_with_their_categories() -> None:
    categories = counted("published-shape-outbound-rules", "outbound_rules", "category")
    assert categories == {"UserDefined": 6, "Required": 3, "Dependency": 1}
    assert rules()["feed-lookup"]["parent_rules"] == "supplier-feed"


def test_address_prefixes_decide_before_the_service_tag_and_a_denial_is_kept_as_one() -> None:
    denied, allowed, plain = (rules()[name] for name in ("no-storage-east", "office", "monitor"))
    assert (denied["action"], denied["address_prefixes"]) == ("Deny", "192.0.2.0/24")
    assert denied["destination"] == "192.0.2.0/24"
    assert denied["port_ranges"] == "80, 8080-8089"
    assert (allowed["action"], allowed["address_prefixes"]) == ("Allow", "198.51.100.0/25, 203.0.113.64/26")
    assert (plain["destination"], plain["address_prefixes"]) == ("AzureMonitor", "")
    assert plain["action"] not in ("Allow", "Deny")


def test_a_failed_private_endpoint_rule_keeps_its_reason_and_its_foreign_target() -> None:
    failed = rules()["supplier-feed"]
    assert failed["status"] == "Failed"
    assert "rejected" in failed["error_information"]
    assert failed["spark_enabled"]
    assert failed["service_resource_id"].split("/")[2] != failed["workspace_id"].split("/")[2]


def test_a_rule_that_only_its_list_tells_is_read_and_reported_as_a_discrepancy() -> None:
    assert rules()["new-mirror"]["seen_in"] == "outboundRules"
    assert {row["seen_in"] for name, row in rules().items() if name != "new-mirror"} == {"both"}
    (workspace,) = workspaces_of("published-shape-outbound-rules").values()
    assert workspace["outbound_rules_discrepancy"] == "only in its outboundRules list: new-mirror"


def test_a_cloud_too_old_for_managed_networks_leaves_them_unknown() -> None:
    tables = tables_of("published-shape-old-cloud")
    for column in ("public_network_access", "isolation_mode", "managed_network_reported"):
        assert tables.workspaces[column].isna().all(), column
    assert tables.workspaces["api_version"].tolist() == ["2020-08-01"] * 2
    assert not tables.workspaces["outbound_rules_known"].any()
    assert tables.gaps["code"].tolist() == ["ApiVersionTooOld"] * 2
    assert tables.gaps["closes"].str.contains("2023-10-01").all()
    legacy = {name: row["allow_public_access_when_behind_vnet"] for name, row in old_workspaces().items()}
    assert legacy == {"island-open": True, "island-linked": False}
    assert tables.private_endpoint_connections["status"].tolist() == ["Rejected"]


def old_workspaces() -> dict[str, dict[str, Any]]:
    return workspaces_of("published-shape-old-cloud")


def test_an_unregistered_provider_means_no_workspace_and_an_empty_list_means_none_seen() -> None:
    tables = tables_of("published-shape-unregistered-provider")
    by_name = {row["subscription"]: row for row in rows(tables.subscriptions)}
    archive, web = by_name["Saltmarsh Optics Archive"], by_name["Saltmarsh Optics Web"]
    assert (archive["read"], archive["workspaces"]) == (True, 0)
    assert "NotRegistered" in archive["note"]
    assert (web["read"], web["workspaces"]) == (True, 0)
    assert "NotRegistered" not in str(web["note"])
    assert tables.gaps.empty


def test_an_empty_page_ends_no_list_and_an_empty_link_ends_one() -> None:
    tables = tables_of("published-shape-empty-pages")
    assert tables.subscriptions["subscription"].tolist() == ["Saltmarsh Optics Field"]
    assert tables.workspaces["workspace"].tolist() == ["field-lab"]
    assert tables.workspaces["outbound_rules_known"].all()
    assert tables.outbound_rules.empty
    assert tables.gaps.empty


def test_a_next_page_on_another_host_is_a_gap_and_what_came_before_stays() -> None:
    tables = tables_of("published-shape-foreign-next-link")
    (gap,) = rows(tables.gaps)
    assert gap["code"] == "ForeignNextLink"
    assert "management.azure.example" in gap["message"]
    assert tables.workspaces["workspace"].tolist() == ["edge-plain"]
    assert not tables.subscriptions["read"].any()


def changed_copy(folder: Path, *, drop: int | None = None, repeat: int | None = None) -> Path:
    cassette = yaml.safe_load((CASSETTES / "version-fallback" / FILE_NAME).read_text(encoding="utf-8"))
    if drop is not None:
        del cassette["interactions"][drop]
    if repeat is not None:
        cassette["interactions"].append(cassette["interactions"][repeat])
    file = folder / FILE_NAME
    file.write_text(yaml.safe_dump(cassette), encoding="utf-8")
    return file


def test_a_request_the_cassette_does_not_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="does not hold GET"):
        played(changed_copy(tmp_path, drop=0))


def test_an_answer_nobody_asks_for_is_noticed(tmp_path: Path) -> None:
    assert not played(changed_copy(tmp_path, repeat=0)).is_used_up
