"""Exports as a source: every format, what it cannot show, and every way a file can be wrong."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import BUILT_IN
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.errors import ExportError
from scanner.offline.source import ExportSource, source_from
from scanner.payloads.payload import Gap, Payload
from scanner.reading.collection import EVERYTHING, Collection
from scanner.tables.tabulate import tables
from tests.support.exports import arm_files, az_ml_files, graph_file, resource_list, written
from tests.support.places import SHARED
from tests.support.scanning import rows, scanned

EXAMPLES = SHARED / "examples"
SUBSCRIPTION = "/subscriptions/00000000-1111-2222-3333-444444444444"
WS = f"{SUBSCRIPTION}/resourceGroups/rg-one/providers/Microsoft.MachineLearningServices/workspaces/ws1"
RULES: list[dict[str, Any]] = [
    {
        "name": "pypi",
        "type": "FQDN",
        "category": "UserDefined",
        "destination": "pypi.org",
        "status": "Active",
    },
    {
        "name": "monitor",
        "type": "ServiceTag",
        "category": "UserDefined",
        "destination": {"service_tag": "AzureMonitor", "protocol": "TCP", "port_ranges": "443"},
        "status": "Active",
    },
]


def arm(workspace_id: str = WS, **properties: Any) -> dict[str, Any]:
    return {"id": workspace_id, "name": workspace_id.split("/")[-1], "properties": properties}


def ml(workspace_id: str = WS, **members: Any) -> dict[str, Any]:
    return {
        "id": workspace_id,
        "name": workspace_id.split("/")[-1],
        "public_network_access": "Disabled",
    } | members


def read(source: ExportSource) -> Tables:
    items: list[Payload | Gap] = []
    asyncio.run(source.read(items.append))
    return tables(items)


def read_from(folder: Path, files: dict[str, Any]) -> tuple[ExportSource, Tables]:
    source = source_from(written(folder, files))
    return source, read(source)


# Every format against the live tenant -------------------------------------------------------------------


@cache
def demo() -> tuple[Tables, list[Payload]]:
    with emulated(demo_tenant()) as emulator:
        return scanned(emulator, collection=EVERYTHING)


def statuses(found: Tables) -> dict[tuple[str, str], str]:
    chosen = [ChosenCheck(check=check, severity=check.severity, params=check.params()) for check in BUILT_IN]
    return {
        (row["check_id"], row["resource_id"].lower()): row["status"] for row in rows(findings(found, chosen))
    }


@cache
def expected() -> dict[tuple[str, str], str]:
    return statuses(demo()[0])


FORMATS: dict[str, tuple[int, Callable[[list[Payload]], dict[str, Any]]]] = {
    "az ml": (350, lambda payloads: az_ml_files(payloads, leaks=False)),
    "ARM bodies": (1200, arm_files),
    "Resource Graph": (500, lambda payloads: {"graph.json": graph_file(payloads)}),
    "az resource list": (20, lambda payloads: {"resources.json": resource_list(payloads)}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_the_live_tenant_says_or_that_it_does_not_know(name: str, tmp_path: Path) -> None:
    at_least, exported = FORMATS[name]
    _, offline = read_from(tmp_path, exported(demo()[1]))
    assert list(offline.workspaces.index) == list(demo()[0].workspaces.index)
    told = statuses(offline)
    others = {key: status for key, status in told.items() if status != expected().get(key)}
    assert {key: status for key, status in others.items() if status != "unknown"} == {}
    assert sum(status in ("pass", "fail") for status in told.values()) > at_least


def test_leaked_names_of_enums_change_nothing(tmp_path: Path) -> None:
    payloads = demo()[1]
    _, plain = read_from(tmp_path / "plain", az_ml_files(payloads, leaks=False))
    _, leaked = read_from(tmp_path / "leaked", az_ml_files(payloads, leaks=True))
    assert plain.workspaces.equals(leaked.workspaces)
    assert plain.outbound_rules.equals(leaked.outbound_rules)


# The samples --------------------------------------------------------------------------------------------


def example(name: str) -> bytes:
    path = EXAMPLES / name
    if not path.exists():
        pytest.skip(f"no example data at ../shared/examples/{name}")
    return path.read_bytes()


@pytest.mark.parametrize("version", ["1.27.1", "1.35.2"])
def test_what_az_ml_prints_is_read_in_either_casing(version: str, tmp_path: Path) -> None:
    files = {
        "show.json": example(f"az-cli/az-ml-workspace-show.azure-ai-ml-{version}.json"),
        "ws1.outbound-rules.json": example("az-cli/az-ml-outbound-rule-list.azure-ai-ml-1.27.1.json"),
    }
    source, found = read_from(tmp_path, files)
    (workspace,) = rows(found.workspaces)
    assert workspace["isolation_mode"] == "AllowOnlyApprovedOutbound"
    assert (workspace["network_acls_default_action"], workspace["firewall_sku"]) == ("Allow", "Standard")
    assert (workspace["system_datastores_auth_mode"], workspace["identity_type"]) == (
        "AccessKey",
        "SystemAssigned",
    )
    assert workspace["outbound_rules_known"]
    rules = {row["rule"]: row for row in rows(found.outbound_rules)}
    assert {name: row["type"] for name, row in rules.items()} == {
        "pytorch": "FQDN",
        "my-storage": "PrivateEndpoint",
        "__SYS_ST_AzureMonitor_TCP": "ServiceTag",
        "dep": "PrivateEndpoint",
    }
    assert rules["__SYS_ST_AzureMonitor_TCP"]["category"] == "Required"
    assert rules["__SYS_ST_AzureMonitor_TCP"]["address_prefixes"] == "10.0.0.0/24"
    assert rules["pytorch"]["status"] == "Inactive"
    assert "az ml workspace show: show.json" in source.words


def test_bodies_of_arm_are_read_as_they_are(tmp_path: Path) -> None:
    listed = json.loads(example("arm/rest-spec.workspaces-list.2025-12-01.json"))["responses"]["200"]["body"]
    rules = json.loads(example("arm/rest-spec.outbound-rules-list.2024-10-01.json"))["responses"]["200"][
        "body"
    ]
    files = {
        "recorded.json": example("arm/recorded.workspaces-list.2024-04-01.json"),
        "computes.json": example("arm/recorded.computes-list.2024-04-01.json"),
        "spec.json": listed,
        "rules.json": rules,
        "get.json": example("arm/recorded.workspace-get-approved-outbound.2022-12-01-preview.json"),
    }
    source, found = read_from(tmp_path, files)
    assert len(found.workspaces) == 3 + 2 + 1
    assert len(found.computes) >= 1
    assert found.workspaces["managed_network_reported"].isin([True]).sum() == 1
    assert found.workspaces["managed_network_reported"].isna().sum() == 5, "absent is not reported, not False"
    assert (found.outbound_rules["seen_in"] == "workspace").sum() == 15
    pages = [gap for gap in source.gaps if "other pages follow" in gap.message]
    assert [gap.asked for gap in pages] == ["workspaces"], "the published list names a next page"
    bodies = {payload.url: payload.body for payload in source.payloads}
    assert bodies["file:rules.json"] == json.dumps(rules).encode()


@pytest.mark.parametrize(
    "name",
    ["arm/recorded.errors.json", "arm/rest-spec.managed-network-list.json", "azure-policy/Vnet_Audit.json"],
)
def test_other_files_of_azure_are_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"x\.json is not a supported export: .*Supported, as JSON: az ml"):
        source_from(written(tmp_path, {"x.json": example(name)}))


# What is not shown --------------------------------------------------------------------------------------


def test_a_service_tag_without_action_and_prefixes_is_not_judged(tmp_path: Path) -> None:
    _, found = read_from(tmp_path, {"ws1.json": ml(), "rules/ws1/rules.json": RULES})
    rules = {row["rule"]: row for row in rows(found.outbound_rules)}
    assert rules["monitor"]["action"] == "", "not shown, which is not absent"
    assert pd.isna(rules["monitor"]["address_prefixes"])
    assert pd.isna(rules["pypi"]["error_information"])


def test_what_az_ml_leaves_out_is_neither_absent_nor_there(tmp_path: Path) -> None:
    _, found = read_from(tmp_path, {"ws1.json": [ml()]})
    (row,) = rows(found.workspaces)
    unsaid = ["encryption_status", "container_registry", "managed_network_reported", "identity_type", "kind"]
    assert [name for name in unsaid if not pd.isna(row[name])] == []
    assert pd.isna(row["private_endpoint_connections_known"])
    assert pd.isna(row["outbound_rules_known"])


def test_a_hub_and_a_project_are_known_by_what_names_them(tmp_path: Path) -> None:
    listed = [ml(f"{WS}-hub", associated_workspaces=[]), ml(f"{WS}-project", hub_id=f"{WS}-hub")]
    _, found = read_from(tmp_path, {"a.json": listed})
    assert [(row["kind"], row["hub_resource_id"]) for row in rows(found.workspaces)][1] == (
        "Project",
        f"{WS}-hub",
    )
    assert list(found.workspaces["kind"]) == ["Hub", "Project"]


def test_gaps_name_the_format_and_what_would_close_them(tmp_path: Path) -> None:
    source, found = read_from(tmp_path, {"a.json": [ml(), ml(f"{WS}b")]})
    (subscription,) = rows(found.subscriptions)
    assert subscription["read"] is False
    assert (
        "az ml workspace list does not show whether the subscription has other workspaces"
        in subscription["note"]
    )
    told = {gap.message: gap.closes for gap in source.gaps}
    message = "az ml workspace list does not show computes of 2 workspaces, and no other file does."
    assert "LIST body of computes" in told[message]


def test_only_what_the_checks_read_is_missed(tmp_path: Path) -> None:
    folder = written(tmp_path, {"a.json": [ml()]})
    only = Collection(kinds=frozenset({"outboundRules"}), members=frozenset())
    codes = {gap.code for gap in source_from(folder, only).gaps}
    assert codes == {"NotInExport", "NotInExport.outboundRules"}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"value": [arm(f"{WS}/computes/c1")], "nextLink": "https://management.azure.com/next"}, "computes"),
        (arm(f"{WS}/computes/c1"), "computes"),
        ([arm(f"{WS}/onlineEndpoints/e1")], "onlineEndpoints"),
        ({"count": 1, "data": [arm(f"{WS}/onlineEndpoints/e1")], "skip_token": "t"}, "onlineEndpoints"),
    ],
)
def test_a_part_of_a_list_is_not_taken_for_the_list(document: Any, kind: str, tmp_path: Path) -> None:
    _, found = read_from(tmp_path, {"a.json": arm(), "part.json": document})
    (row,) = rows(found.workspaces)
    assert row[{"computes": "computes_known", "onlineEndpoints": "online_endpoints_known"}[kind]] is False
    assert len(found.computes) + len(found.endpoints) == 1


def test_an_empty_list_says_what_its_name_says(tmp_path: Path) -> None:
    source, found = read_from(
        tmp_path, {"a.json": arm(), "ws1.outbound-rules.json": [], "b.json": {"value": []}}
    )
    assert found.workspaces["outbound_rules_known"].tolist() == [True]
    assert [gap.message for gap in source.gaps if "empty" in gap.message] == [
        "b.json is an empty list. It does not show what it lists, or of which workspace."
    ]


def test_a_truncated_query_says_so(tmp_path: Path) -> None:
    graph = {"count": 1, "data": [arm()], "skip_token": None, "total_records": 2}
    source, _ = read_from(tmp_path, {"graph.json": graph})
    assert [gap.asked for gap in source.gaps if "other pages follow" in gap.message] == ["workspaces"]


# Several files ------------------------------------------------------------------------------------------


def test_two_files_complete_each_other(tmp_path: Path) -> None:
    detailed = ml(managed_network={"isolation_mode": "disabled"}) | {"location": "westeurope"}
    _, found = read_from(tmp_path, {"a.json": [ml()], "b/ws1.json": detailed, "c.json": [ml(WS.upper())]})
    (row,) = rows(found.workspaces)
    assert (row["isolation_mode"], row["location"], row["workspace_id"]) == ("Disabled", "westeurope", WS)


def test_a_member_that_only_one_file_has_is_no_contradiction(tmp_path: Path) -> None:
    settings = {"serverlessComputeCustomSubnet": None, "serverlessComputeNoPublicIP": True}
    files = {"a.json": arm(serverlessComputeSettings=settings), "b.json": [arm()]}
    _, found = read_from(tmp_path, files)
    assert found.workspaces["serverless_compute_no_public_ip"].tolist() == [True]


def test_two_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    files = {"a.json": [ml()], "b.json": [ml(public_network_access="Enabled")]}
    with pytest.raises(
        ExportError, match=r"^a\.json and b\.json contradict .*\(public_network_access\)\. Remove"
    ):
        source_from(written(tmp_path, files))


def test_a_rule_that_two_files_contradict_is_refused(tmp_path: Path) -> None:
    other = [{**RULES[0], "destination": "evil.example"}]
    files = {"a.json": [ml()], "x/ws1/1.json": RULES, "x/ws1/2.json": other}
    with pytest.raises(ExportError, match=r"contradict each other about .*/outboundRules/pypi "):
        source_from(written(tmp_path, files))


def test_workspaces_of_one_name_are_distinguished_by_resource_group(tmp_path: Path) -> None:
    two = WS.replace("rg-one", "rg-two")
    files = {"a.json": [ml(), ml(two)], "rg-two/ws1.outbound-rules.json": RULES}
    _, found = read_from(tmp_path, files)
    assert set(found.outbound_rules["workspace_id"]) == {two}
    with pytest.raises(ExportError, match="fits several workspaces named ws1"):
        source_from(
            written(tmp_path / "again", {"a.json": [ml(), ml(two)], "ws1.outbound-rules.json": RULES})
        )


def test_rules_of_nobody_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match=r"rules\.json does not show which workspace.*WORKSPACE\.outbound-rules"
    ):
        source_from(written(tmp_path, {"a.json": [ml()], "rules.json": RULES}))


def test_a_folder_is_read_with_its_readme_left_aside(tmp_path: Path) -> None:
    files = {"sub/a.JSON": [ml()], "README.md": b"# mine", "export.csv": b"id", ".git/config.json": b"no"}
    source, found = read_from(tmp_path, files)
    assert len(found.workspaces) == 1
    assert source.words.endswith(
        "(az ml workspace list: sub/a.JSON. Ignored, because they are not .json: README.md, export.csv)"
    )


def test_two_readings_give_the_same_bytes_whatever_the_clock(tmp_path: Path) -> None:
    folder = written(tmp_path, {"b.json": [ml()], "a.json": arm(f"{WS}-2", publicNetworkAccess="Disabled")})
    os.utime(folder / "a.json", (1_700_000_000.7, 1_700_000_000.7))
    first, second = source_from(folder), source_from(folder)
    assert first == second
    assert str(first.payloads[0].retrieved_at) == "2023-11-14 22:13:20+00:00"


def test_powershell_writes_utf_16(tmp_path: Path) -> None:
    _, found = read_from(tmp_path, {"a.json": json.dumps([ml(location="où")]).encode("utf-16")})
    assert found.workspaces["location"].tolist() == ["où"]


def test_secrets_are_gone_from_what_is_kept(tmp_path: Path) -> None:
    item = arm(sdkTelemetryAppInsightsKey="11111111-aaaa") | {"systemData": {"createdBy": "ann@example.com"}}
    source, _ = read_from(tmp_path, {"a.json": item})
    kept = b"".join(payload.body for payload in source.payloads)
    assert b"11111111-aaaa" not in kept
    assert b"ann@example.com" not in kept
    assert source.payloads[0].redactions == (
        "/properties/sdkTelemetryAppInsightsKey",
        "/systemData/createdBy",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "it is not text"),
        (b'[{"id": "/subscr', "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "it is nested too deeply"),
        (b"null", "it contains only null"),
        (b"3", "it contains one int"),
        (b'"text"', "it contains one str"),
        (b"{}", "its item 0 has no id"),
        (b"[1]", "item 0 of the list is not an object"),
        (b'{"value": {"a": 1}}', "`value` is not a list"),
        (b'{"data": {"columns": [], "rows": []}, "count": 0}', "--result-format objectArray"),
        (b'[{"id": "web", "name": "x"}]', "has the id 'web', which is not a resource id"),
        (
            b'{"error": {"code": "AuthorizationFailed", "message": "no"}}',
            "an error of Azure .AuthorizationFailed: no",
        ),
        (b'[{"id": "/subscriptions/s/resourceGroups/g/providers/A.B/c/d"}]', "it contains no workspace"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_the_reason(
    content: bytes, why: str, tmp_path: Path
) -> None:
    with pytest.raises(
        ExportError, match=rf"(?s)^a\.json is not an? (supported )?export: .*{why}.*Supported, as JSON: az ml"
    ):
        source_from(written(tmp_path, {"a.json": content}))


def test_a_path_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no such file or folder"):
        source_from(tmp_path / "nowhere")
    with pytest.raises(ExportError, match=r"contains no \.json file"):
        source_from(written(tmp_path, {"readme.txt": b"x"}))


def test_dependencies_alone_are_no_export(tmp_path: Path) -> None:
    vault = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
    with pytest.raises(ExportError, match="contains no workspace"):
        source_from(written(tmp_path, {"v.json": arm(vault)}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just(WS) | st.just("FQDN"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "name", "type", "value", "data", "count", "properties", "destination"])
                | st.sampled_from(
                    ["managed_network", "outbound_rules", "identity", "public_network_access", "error"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_an_export_or_a_clear_error(tmp_path: Path, document: Any) -> None:
    try:
        source = source_from(written(tmp_path, {"a.json": document}))
    except ExportError:
        return
    read(source)
