"""What other tools write around Azure's resources is read where that is easy, and refused by name elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.contract.tables import Tables
from scanner.errors import ExportError
from scanner.offline.source import source_from
from tests.scanner.offline.test_offline import SUBSCRIPTION, WS, arm, ml, read, read_from
from tests.support.exports import written

PROPERTIES = {
    "publicNetworkAccess": "Disabled",
    "managedNetwork": {
        "isolationMode": "AllowOnlyApprovedOutbound",
        "outboundRules": {"pypi": {"type": "FQDN", "destination": "pypi.org", "category": "UserDefined"}},
    },
}
BODY = {
    "id": WS,
    "name": "ws1",
    "type": "Microsoft.MachineLearningServices/workspaces",
    "location": "westeurope",
}
PASCAL = {"Name": "ws1", "ResourceId": WS, "ResourceGroupName": "rg-one", "Location": "westeurope"}
POWERSHELL = {
    "Get-AzResource -ExpandProperties": {**PASCAL, "ResourceType": BODY["type"], "Properties": PROPERTIES},
    "Get-AzResource, two of them": [
        {**PASCAL, "Id": WS, "ResourceType": BODY["type"], "Properties": PROPERTIES}
    ],
    "Search-AzGraph": {"Data": [{**PASCAL, "properties": PROPERTIES}], "Count": 1, "SkipToken": None},
    "Invoke-AzRestMethod": {"StatusCode": 200, "Content": json.dumps(BODY | {"properties": PROPERTIES})},
    "Invoke-AzRestMethod of a list": {
        "StatusCode": 200,
        "Content": json.dumps({"value": [BODY | {"properties": PROPERTIES}]}),
    },
}
OTHER_CASE = {"VALUE": [BODY | {"properties": PROPERTIES}], "NEXTLINK": ""}
ANSIBLE = {
    "one": {"changed": False, "response": [BODY | {"properties": PROPERTIES}], "url": "x"},
    "a loop": {
        "changed": False,
        "results": [{"changed": False, "response": [BODY | {"properties": PROPERTIES}]}],
    },
}


def _is_read(tables: Tables) -> None:
    (workspace,) = tables.workspaces.to_dict("records")
    assert workspace["public_network_access"] == "Disabled"
    assert workspace["isolation_mode"] == "AllowOnlyApprovedOutbound"
    assert tables.outbound_rules["fqdn"].tolist() == ["pypi.org"]


READ = POWERSHELL | ANSIBLE | {"a LIST in another case": OTHER_CASE}


@pytest.mark.parametrize("document", READ.values(), ids=READ)
def test_resources_in_the_shape_of_another_tool_are_read(document: Any, tmp_path: Path) -> None:
    _, tables = read_from(tmp_path, {"x.json": document})
    _is_read(tables)


def test_the_secrets_in_an_answer_that_is_a_text_are_removed(tmp_path: Path) -> None:
    content = BODY | {"properties": PROPERTIES | {"sdkTelemetryAppInsightsKey": "a-secret"}}
    source, _ = read_from(tmp_path, {"x.json": {"StatusCode": 200, "Content": json.dumps(content)}})
    assert not [payload for payload in source.payloads if b"a-secret" in payload.body]


def test_a_flat_workspace_of_powershell_is_read_and_proves_no_absence(tmp_path: Path) -> None:
    row = {"Id": WS, "Name": "ws1", "PublicNetworkAccess": "Disabled", "StorageAccount": f"{SUBSCRIPTION}/x"}
    source, tables = read_from(tmp_path, {"x.json": [row]})
    (workspace,) = tables.workspaces.to_dict("records")
    assert workspace["public_network_access"] == "Disabled"
    assert "Az PowerShell does not show" in " ".join(gap.message for gap in source.gaps)


NETWORK: Any = PROPERTIES["managedNetwork"]
MAPS = {
    "bare": NETWORK["outboundRules"],
    "below its name": {"outboundRules": NETWORK["outboundRules"]},
    "in its network": NETWORK,
    "in its named network": {"managedNetwork": NETWORK},
}


@pytest.mark.parametrize("rules", MAPS.values(), ids=MAPS)
def test_a_bare_map_of_rules_belongs_to_the_workspace_that_its_name_names(rules: Any, tmp_path: Path) -> None:
    files = {
        "ws1.json": ml(managed_network={"isolation_mode": "AllowOnlyApprovedOutbound"}),
        "ws1.rules.json": rules,
    }
    _, tables = read_from(tmp_path, files)
    assert tables.outbound_rules["rule"].tolist() == ["pypi"]
    assert tables.outbound_rules["fqdn"].tolist() == ["pypi.org"]


CHILDREN = {
    "computes": {
        "id": f"{WS}/computes/cpu", "name": "cpu", "type": "amlcompute", "enable_node_public_ip": False,
        "provisioning_state": "Succeeded",
    },
    "online_endpoints": {
        "id": f"{WS}/onlineEndpoints/one", "name": "one", "auth_mode": "key", "public_network_access": "disabled",
    },
    "batch_endpoints": {
        "id": f"{WS}/batchEndpoints/one", "name": "one", "auth_mode": "aad_token", "defaults": {"deployment_name": "d"},
    },
    "private_endpoint_connections": {
        "id": f"{WS}/privateEndpointConnections/one", "name": "one",
        "type": "Microsoft.MachineLearningServices/workspaces/privateEndpointConnections",
        "privateEndpoint": {"id": f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/p"},
        "privateLinkServiceConnectionState": {"status": "Approved"}, "provisioningState": "Succeeded",
        "resourceGroup": "rg-one",
    },
}  # fmt: skip


@pytest.mark.parametrize(("table", "row"), CHILDREN.items(), ids=CHILDREN)
def test_flat_resources_below_a_workspace_are_read(table: str, row: dict[str, Any], tmp_path: Path) -> None:
    _, tables = read_from(tmp_path, {"ws.json": arm(), "x.json": [row]})
    frame = {"online_endpoints": "endpoints", "batch_endpoints": "endpoints"}.get(table, table)
    (found,) = tables[frame].to_dict("records")
    shown = {
        "computes": ("enable_node_public_ip", False),
        "online_endpoints": ("public_network_access", "Disabled"),
        "batch_endpoints": ("auth_mode", "AADToken"),
        "private_endpoint_connections": ("status", "Approved"),
    }[table]
    assert found[shown[0]] == shown[1]


EMPTY = {
    "az ml": [],
    "LIST": {"value": []},
    "LIST in another case": {"Value": []},
    "az graph": {"count": 0, "data": [], "skip_token": None, "total_records": 0},
    "Search-AzGraph": {"Data": [], "Count": 0},
    "Ansible": {"changed": False, "response": []},
}


@pytest.mark.parametrize("document", EMPTY.values(), ids=EMPTY)
def test_a_file_without_rows_is_no_error_and_proves_nothing(document: Any, tmp_path: Path) -> None:
    for files in ({"x.json": document}, {"ws.json": arm(), "x.json": document}):
        folder = tmp_path / str(len(files))
        folder.mkdir()
        source = source_from(written(folder, files))
        assert len(read(source).workspaces) == len(files) - 1
        assert [gap for gap in source.gaps if "x.json is an empty list" in gap.message]


TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [{"type": BODY["type"], "name": "ws1", "properties": PROPERTIES}],
}
ACCOUNT = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s"
REFUSED = {
    "a resource of a template": (
        {"type": BODY["type"], "apiVersion": "2025-12-01", "name": "ws1"},
        "an ARM template",
    ),
    "parameters of a template": (
        {"contentVersion": "1.0.0.0", "parameters": {}},
        "the parameters of an ARM template",
    ),
    "az account list": (
        [{"id": "x", "state": "Enabled", "tenantId": "t", "isDefault": True}],
        "the output of az account list. .*az rest --url /subscriptions",
    ),
    "a failed task": (
        {"changed": False, "failed": True, "msg": "no"},
        "the result of an Ansible task that failed",
    ),
    "an ARM template": (TEMPLATE, "an ARM template, .*az ml workspace list"),
    "an ARM template without schema": ({"contentVersion": "1.0.0.0", "resources": []}, "an ARM template"),
    "Terraform": (
        {"version": 4, "terraform_version": "1.9", "resources": []},
        "a state or plan of Terraform, .*az ml workspace list",
    ),
    "a playbook": ({"plays": [], "stats": {}}, "the log of an Ansible playbook.*azure_rm_resource_info"),
    "az storage account show": (
        {"id": ACCOUNT, "type": "Microsoft.Storage/storageAccounts", "networkRuleSet": {}},
        "the output of az storage account, .*az resource show --ids",
    ),
    "policy states": (
        [{"policyDefinitionId": "x", "complianceState": "NonCompliant", "resourceId": WS}],
        "the compliance states of Azure Policy",
    ),
}


@pytest.mark.parametrize(("document", "words"), REFUSED.values(), ids=REFUSED)
def test_other_documents_are_refused_by_name_with_the_command(
    document: Any, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=rf"^x\.json is {words}"):
        source_from(written(tmp_path, {"x.json": document}))


@pytest.mark.parametrize("envelope", ["value", "Value"])
def test_rows_of_az_ml_in_an_envelope_are_rows_of_az_ml(envelope: str, tmp_path: Path) -> None:
    _, alone = read_from(tmp_path / "a", {"x.json": [ml()]})
    source, wrapped = read_from(tmp_path / "b", {"x.json": {envelope: [ml()]}})
    assert wrapped.workspaces.equals(alone.workspaces)
    assert any("az ml workspace list" in gap.message for gap in source.gaps)


@pytest.mark.parametrize(
    "document",
    [
        {"Error": {"Code": "AuthorizationFailed", "Message": "no"}},
        {
            "StatusCode": 403,
            "Content": json.dumps({"error": {"code": "AuthorizationFailed", "message": "no"}}),
        },
    ],
)
def test_an_error_of_azure_is_named(document: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"an error of Azure \(AuthorizationFailed: no\)"):
        source_from(written(tmp_path, {"x.json": document}))


def test_several_documents_in_a_file_are_refused_with_the_command_that_joins_them(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(f"{json.dumps(BODY)}\n{json.dumps(BODY)}\n")
    with pytest.raises(ExportError, match=r"several JSON documents.*jq -s"):
        source_from(tmp_path)


def test_a_file_of_other_resources_names_their_types(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"only Microsoft\.MachineLearningServices/workspaces/connections"):
        source_from(written(tmp_path, {"x.json": [{"id": f"{WS}/connections/c", "target": "x"}]}))
