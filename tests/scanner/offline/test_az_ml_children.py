"""What `az ml` prints of computes, endpoints and deployments: what it proves, and what stays unknown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from checks.contract.tables import Tables
from scanner.errors import ExportError
from scanner.offline.source import ExportSource, source_from
from scanner.payloads.payload import Gap, Payload
from scanner.tables.tabulate import tables
from tests.support.command_line import run
from tests.support.exports import written
from tests.support.scanning import rows

WS = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/rg-one/providers/"
    "Microsoft.MachineLearningServices/workspaces/ws1"
)
PROVIDER = "Microsoft.MachineLearningServices/workspaces"
WORKSPACE = {"id": WS, "name": "ws1", "public_network_access": "Disabled"}
CLUSTER = {
    "id": f"{WS}/computes/cpu",
    "name": "cpu",
    "type": "amlcompute",
    "location": "westeurope",
    "created_on": "2025-01-02T03:04:05.000000+0000",
    "enable_node_public_ip": True,
    "ssh_public_access_enabled": True,
    "network_settings": {"subnet": "/subscriptions/s/subnets/one"},
    "resourceGroup": "rg-one",
}
INSTANCE = {
    "id": f"{WS}/computes/ci",
    "type": "computeinstance",
    "enable_node_public_ip": False,
    "ssh_public_access_enabled": False,
    "network_settings": {"public_ip_address": "20.0.0.1"},
    "os_image_metadata": {"is_latest_os_image_version": False},
}
ENDPOINT = {
    "id": f"{WS}/onlineEndpoints/ep",
    "name": "ep",
    "kind": "Managed",
    "auth_mode": "aml_token",
    "public_network_access": "enabled",
    "properties": {"createdAt": "2025-01-02T03:04:05.000000+0000"},
}
ON_KUBERNETES = {
    "id": f"{WS}/onlineEndpoints/k",
    "kind": "K8S",
    "auth_mode": "key",
    "compute": f"azureml:{WS}/computes/aks",
    "properties": {},
}
BATCH = {"id": f"{WS}/batchEndpoints/b", "auth_mode": "aad_token", "defaults": {}, "properties": {}}
DEPLOYMENT = {
    "id": f"{WS}/onlineEndpoints/ep/deployments/blue",
    "name": "blue",
    "endpoint_name": "ep",
    "type": "managed",
    "egress_public_network_access": "disabled",
}


def read(folder: Path, *lists: Any) -> tuple[ExportSource, Tables]:
    files = {"ws.json": [WORKSPACE], **{f"{number}.json": each for number, each in enumerate(lists)}}
    source = source_from(written(folder, files))
    items: list[Payload | Gap] = []
    asyncio.run(source.read(items.append))
    return source, tables(items)


def test_a_cluster_is_translated(tmp_path: Path) -> None:
    _, found = read(tmp_path, [CLUSTER])
    (row,) = rows(found.computes)
    assert row["compute_type"] == "AmlCompute"
    assert row["enable_node_public_ip"] is True
    assert row["remote_login_port_public_access"] == "Enabled"
    assert row["subnet_id"] == "/subscriptions/s/subnets/one"
    assert row["created_on"] == CLUSTER["created_on"]


def test_what_the_list_of_computes_does_not_show_is_unknown(tmp_path: Path) -> None:
    closed = {"id": CLUSTER["id"], "type": "amlcompute", "ssh_public_access_enabled": False}
    _, found = read(tmp_path, [closed])
    (row,) = rows(found.computes)
    shown = {"compute_id", "workspace_id", "compute", "compute_type"}
    assert {name for name, value in row.items() if not pd.isna(value)} == shown
    assert found.workspaces["computes_known"].iloc[0], "a list that no option shortened"


def test_an_instance_says_whether_its_port_is_closed(tmp_path: Path) -> None:
    _, found = read(tmp_path, [INSTANCE])
    (row,) = rows(found.computes)
    assert (row["compute_type"], row["ssh_public_access"]) == ("ComputeInstance", "Disabled")
    assert (row["public_ip_address"], row["enable_node_public_ip"]) == ("20.0.0.1", False)
    assert row["is_latest_os_image_version"] is False


def test_endpoints_are_translated_and_their_own_properties_are_no_facts(tmp_path: Path) -> None:
    _, found = read(tmp_path, [ENDPOINT, ON_KUBERNETES], [BATCH])
    by_name = {row["endpoint"]: row for row in rows(found.endpoints)}
    managed, cluster, batch = by_name["ep"], by_name["k"], by_name["b"]
    assert (managed["public_network_access"], managed["auth_mode"]) == ("Enabled", "AMLToken")
    assert (managed["kind"], managed["endpoint_type"]) == ("Managed", "online")
    assert (cluster["kind"], cluster["compute_id"]) == ("K8S", f"{WS}/computes/aks")
    assert pd.isna(cluster["public_network_access"])
    assert (batch["endpoint_type"], batch["auth_mode"]) == ("batch", "AADToken")
    assert pd.isna(batch["public_network_access"])


def test_deployments_are_translated(tmp_path: Path) -> None:
    _, found = read(tmp_path, [DEPLOYMENT])
    (row,) = rows(found.online_deployments)
    assert row["egress_public_network_access"] == "Disabled"
    assert row["endpoint_compute_type"] == "Managed"
    assert row["endpoint_id"] == ENDPOINT["id"]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (CLUSTER, "az ml compute list"),
        (ENDPOINT, "az ml online-endpoint list"),
        (ON_KUBERNETES, "az ml online-endpoint list"),
        (BATCH, "az ml batch-endpoint list"),
        (DEPLOYMENT, "az ml online-deployment list"),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_a_format_has_its_right_name(
    item: dict[str, Any], name: str, *, is_list: bool, tmp_path: Path
) -> None:
    source, found = read(tmp_path, [item] if is_list else item)
    assert f"{name}: 0.json" in source.words
    assert any(message.startswith(f"{name} (1 file)") for message in found.gaps["message"])


@pytest.mark.parametrize(
    "item",
    [
        {
            "id": f"{WS}/computes/cpu",
            "name": "cpu",
            "type": f"{PROVIDER}/computes",
        },
        {
            "id": f"{WS}/onlineEndpoints/ep",
            "kind": "Managed",
            "location": "x",
            "properties": {"authMode": "Key"},
        },
    ],
)
def test_an_item_of_resource_manager_is_none_of_these(item: dict[str, Any], tmp_path: Path) -> None:
    source, _ = read(tmp_path, {"value": [item]})
    assert "ARM LIST body: 0.json" in source.words
    source, _ = read(tmp_path, [item])
    assert "array of ARM resources: 0.json" in source.words


def test_the_command_and_resource_manager_complete_each_other_or_contradict(tmp_path: Path) -> None:
    body = {
        "id": CLUSTER["id"],
        "properties": {"disableLocalAuth": True, "properties": {"enableNodePublicIp": True}},
    }
    _, found = read(tmp_path / "one", [CLUSTER], {"value": [body]})
    (row,) = rows(found.computes)
    assert (row["disable_local_auth"], row["remote_login_port_public_access"]) == (True, "Enabled")
    body["properties"] = {"properties": {"enableNodePublicIp": False}}
    with pytest.raises(ExportError, match="enable_node_public_ip"):
        read(tmp_path / "two", [CLUSTER], {"value": [body]})


def test_a_scan_judges_them_and_exits_1(tmp_path: Path) -> None:
    files = {"ws.json": [WORKSPACE], "computes.json": [CLUSTER], "endpoints.json": [ENDPOINT]}
    folder = written(tmp_path / "in", files)
    command = ("scan", "--from", str(folder), "-p", "baseline", "-o", str(tmp_path / "out"))
    assert run(*command, "--format", "csv")[0] == 1
    found = pd.read_csv(tmp_path / "out" / "findings.csv")
    failed = set(found.loc[found["status"].eq("fail"), "check_id"])
    assert {"CMP001", "CMP006", "END001"} <= failed
