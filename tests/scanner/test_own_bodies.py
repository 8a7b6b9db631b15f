"""Bodies of the shape that Azure and `az ml` write, kept in tests/data, through the tables and the export formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.errors import ExportError
from scanner.offline.source import source_from
from scanner.payloads.gaps import from_answer
from scanner.payloads.payload import Payload
from scanner.payloads.questions import Ask
from scanner.tables.tabulate import tables
from tests.scanner.offline.test_offline import read_from
from tests.support.exports import written
from tests.support.places import DATA
from tests.support.scanning import NOON, rows

BODIES = DATA / "bodies"
RULES = {"FQDN": 1, "ServiceTag": 9, "PrivateEndpoint": 5}


def body(name: str) -> Any:
    return json.loads((BODIES / name).read_text("utf-8"))


def payload(kind: str, document: Any, scope: str, api_version: str) -> Payload:
    return Payload(
        kind=kind,
        scope=scope,
        subscription_id=scope.split("/")[2],
        url=f"https://management.azure.com{scope}?api-version={api_version}",
        api_version=api_version,
        status=200,
        retrieved_at=NOON,
        body=json.dumps(document).encode(),
        document=document,
    )


def listed(name: str, api_version: str) -> Payload:
    document = body(name)
    subscription = "/".join(document["value"][0]["id"].split("/")[:3])
    return payload("workspaces", document, subscription, api_version)


def test_a_list_of_a_hub_its_project_and_a_plain_workspace() -> None:
    result = tables([listed("workspaces-list.json", "2024-04-01")])
    frame = result.workspaces.set_index("workspace")
    assert frame["kind"].to_dict() == {"mlw-apples": "Default", "hub-orchard": "Hub", "proj-cider": "Project"}
    assert frame["public_network_access"].eq("Enabled").all()
    assert frame["network_acls_default_action"].eq("Allow").all()
    assert frame["ip_rules"].eq("").all()
    assert frame["isolation_mode"].isna().all()
    assert frame["managed_network_reported"].eq(False).all()
    assert frame["private_endpoint_connections_known"].all()
    assert result.private_endpoint_connections.empty
    assert result.gaps.empty
    judged_by = result.effective.workspaces.set_index("workspace")["judged_by"].to_dict()
    assert judged_by["proj-cider"].endswith("/workspaces/hub-orchard")


def test_a_workspace_that_allows_only_approved_outbound() -> None:
    document = body("workspace-approved-outbound.json")
    result = tables([payload("workspace", document, document["id"], "2025-12-01")])
    (row,) = rows(result.workspaces)
    assert row["isolation_mode"] == "AllowOnlyApprovedOutbound"
    rules = {rule["rule"]: rule for rule in rows(result.outbound_rules)}
    assert result.outbound_rules["category"].value_counts().to_dict() == {"Required": 12, "UserDefined": 3}
    assert result.outbound_rules["type"].value_counts().to_dict() == RULES
    assert rules["pypi"]["fqdn"] == "*.pythonhosted.org"
    assert (rules["factory"]["service_tag"], rules["factory"]["port_ranges"]) == (
        "DataFactory",
        "443, 8443-8449",
    )
    assert rules["factory"]["address_prefixes"] == ""
    assert rules["lake"]["subresource_target"] == "dfs"
    assert rules["lake"]["service_resource_id"].endswith("/storageAccounts/orchardlake")
    assert result.outbound_rules["seen_in"].eq("workspace").all()


def test_a_list_of_outbound_rules() -> None:
    document = body("outbound-rules-list.json")
    scope = document["value"][0]["id"].rpartition("/outboundRules/")[0]
    rules = tables([payload("outboundRules", document, scope, "2025-12-01")]).outbound_rules
    assert rules[["rule", "fqdn"]].to_numpy().tolist() == [
        ["conda", "conda.anaconda.org"],
        ["hub", "huggingface.co"],
    ]


def test_a_first_page_reports_nothing_that_it_lacks() -> None:
    frame = tables([listed("workspaces-list-first-page.json", "2025-12-01")]).workspaces
    assert frame["workspace"].tolist() == ["mlw-pears", "mlw-plums"]
    assert frame["public_network_access"].isna().all()
    assert frame["managed_network_reported"].eq(False).all()


def test_errors_become_gaps_with_an_action() -> None:
    ask = Ask(kind="workspaces", scope="/subscriptions/x", url="https://a/b", api_version="2025-12-01")
    for each in body("errors.json"):
        found = from_answer(ask, each["status"], each["body"], "")
        assert found.code == each["body"]["error"]["code"]
        assert found.message
        assert found.closes


@pytest.mark.parametrize("version", ["plain", "leaked"])
def test_what_az_ml_prints_is_read_in_either_spelling(version: str, tmp_path: Path) -> None:
    files = {
        "show.json": body(f"az-ml-workspace-show.{version}.json"),
        "mlw-fenced.outbound-rules.json": body("az-ml-outbound-rule-list.json"),
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
    types = {name: row["type"] for name, row in rules.items()}
    assert types == {
        "pypi": "FQDN",
        "lake": "PrivateEndpoint",
        "__SYS_ST_AzureMonitor_TCP": "ServiceTag",
        "dep": "PrivateEndpoint",
    }
    assert rules["__SYS_ST_AzureMonitor_TCP"]["address_prefixes"] == "10.9.0.0/24"
    assert rules["pypi"]["status"] == "Inactive"
    assert "az ml workspace show: show.json" in source.words


def test_bodies_of_arm_are_read_as_they_are(tmp_path: Path) -> None:
    names = ("workspaces-list", "computes-list", "workspaces-list-first-page", "outbound-rules-list")
    files = {f"{name}.json": body(f"{name}.json") for name in (*names, "workspace-approved-outbound")}
    source, found = read_from(tmp_path, files)
    assert len(found.workspaces) == 3 + 2 + 1
    assert len(found.computes) == 1
    assert found.workspaces["managed_network_reported"].isin([True]).sum() == 1
    assert found.workspaces["managed_network_reported"].isna().sum() == 5, "absent is not reported, not False"
    assert (found.outbound_rules["seen_in"] == "workspace").sum() == 15
    assert [gap.asked for gap in source.gaps if "other pages follow" in gap.message] == ["workspaces"]
    bodies = {payload.url: payload.body for payload in source.payloads}
    assert bodies["file:outbound-rules-list.json"] == json.dumps(files["outbound-rules-list.json"]).encode()


@pytest.mark.parametrize("name", ["errors.json", "managed-network-list.json"])
def test_other_bodies_of_azure_are_refused_by_name(name: str, tmp_path: Path) -> None:
    folder = written(tmp_path, {"x.json": body(name)})
    with pytest.raises(ExportError, match=r"^x\.json is not a supported export: .*Supported, as JSON: az ml"):
        source_from(folder)
