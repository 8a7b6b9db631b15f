"""What Azure says of dependencies, logs and protection, through the tables and into verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from scanner.payloads.payload import Gap, Payload
from scanner.tables.tabulate import tables
from tests.support.tables.dependencies import judged

SUBSCRIPTION, ELSEWHERE = "00000000-1111-2222-3333-444444444444", "99999999-1111-2222-3333-444444444444"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-one/providers"
WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/mlw-one"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts/stone"
VAULT = f"/subscriptions/{ELSEWHERE}/resourcegroups/rg-two/providers/Microsoft.Keyvault/vaults/kvone"
REGISTRY = f"{GROUP}/Microsoft.ContainerRegistry/registries/crone"
INSIGHTS = f"{GROUP}/Microsoft.insights/components/appione"


def statuses(found: pd.DataFrame) -> dict[str, str]:
    """Check id to status of what applies; each check may apply to one row only."""
    applies = found[found["status"] != "not-applicable"]
    assert applies["check_id"].is_unique
    return dict(zip(applies["check_id"], applies["status"], strict=True))


def payload(kind: str, document: Any, scope: str, api_version: str, status: int = 200) -> Payload:
    return Payload(
        kind=kind,
        scope=scope,
        subscription_id=SUBSCRIPTION,
        url=f"https://management.azure.com{scope}?api-version={api_version}",
        api_version=api_version,
        status=status,
        retrieved_at=datetime(2026, 11, 21, tzinfo=UTC),
        body=json.dumps(document).encode(),
        document=document,
    )


def listed(**properties: Any) -> Payload:
    links = {
        "storageAccount": STORAGE,
        "keyVault": VAULT,
        "containerRegistry": REGISTRY,
        "applicationInsights": INSIGHTS,
    }
    item = {
        "id": WORKSPACE,
        "name": "mlw-one",
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": "westeurope",
        "kind": "Default",
        "identity": {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"},
        "properties": {**links, "hbiWorkspace": False, **properties},
    }
    return payload("workspaces", {"value": [item]}, f"/subscriptions/{SUBSCRIPTION}", "2025-12-01")


def computes(*names: str) -> Payload:
    items = [{"id": f"{WORKSPACE}/computes/{name}", "name": name, "properties": {}} for name in names]
    return payload("computes", {"value": items}, WORKSPACE, "2025-12-01")


def told(document: dict[str, Any]) -> Payload:
    return payload("associatedResource", document, document["id"], "2024-01-01")


def storage(**properties: Any) -> Payload:
    acls = {
        "bypass": "Logging, AzureServices",
        "virtualNetworkRules": [],
        "ipRules": [],
        "defaultAction": "Allow",
    }
    return told(
        {
            "sku": {"name": "Standard_LRS", "tier": "Standard"},
            "kind": "StorageV2",
            "id": STORAGE.replace("resourceGroups", "resourcegroups"),
            "name": "stone",
            "location": "westeurope",
            "properties": {
                "privateEndpointConnections": [],
                "minimumTlsVersion": "TLS1_2",
                "allowBlobPublicAccess": False,
                "networkAcls": acls,
                "provisioningState": "Succeeded",
                **properties,
            },
        }
    )


def vault(**properties: Any) -> Payload:
    return told(
        {
            "id": VAULT.replace("Keyvault", "KeyVault"),
            "name": "kvone",
            "location": "westeurope",
            "properties": {
                "sku": {"family": "A", "name": "standard"},
                "accessPolicies": [],
                "enabledForDeployment": False,
                "enableSoftDelete": True,
                "publicNetworkAccess": "enabled",
                **properties,
            },
        }
    )


def container_registry(sku: str = "Basic", **properties: Any) -> Payload:
    return told(
        {
            "sku": {"name": sku, "tier": sku},
            "id": REGISTRY,
            "name": "crone",
            "location": "westeurope",
            "properties": {
                "adminUserEnabled": True,
                "networkRuleSet": None,
                "publicNetworkAccess": "Enabled",
                "networkRuleBypassOptions": "AzureServices",
                "privateEndpointConnections": [],
                **properties,
            },
        }
    )


def insights(**properties: Any) -> Payload:
    return told(
        {
            "kind": "web",
            "id": INSIGHTS,
            "name": "appione",
            "location": "westeurope",
            "properties": {"Application_Type": "web", "IngestionMode": "LogAnalytics", **properties},
        }
    )


APPROVED = {"privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-Approved"}}


def test_dependencies_as_azure_creates_them_are_open() -> None:
    public = {"publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled"}
    found = judged(tables([listed(), storage(), vault(), container_registry(), insights(**public)]))
    of_dependencies = found[found["check_id"].str.startswith("RES")]
    expected = {
        **dict.fromkeys(("RES001", "RES002", "RES003", "RES004", "RES010", "RES011", "RES012"), "fail"),
        "RES009": "pass",
    }
    applies = of_dependencies[~of_dependencies["check_id"].isin({"RES005", "RES006", "RES013", "RES017"})]
    assert statuses(applies) == expected
    assert set(found[found["check_id"].eq("RES005")]["status"]) == {"not-applicable"}


def test_dependencies_that_were_closed_pass() -> None:
    acls = {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": [], "virtualNetworkRules": []}
    closed = {"publicNetworkAccess": "Disabled", "networkAcls": acls}
    shut = {"publicNetworkAccessForIngestion": "Disabled", "publicNetworkAccessForQuery": "Disabled"}
    connections = {"privateEndpointConnections": [{"id": "x", "properties": APPROVED}]}
    read = tables(
        [
            listed(imageBuildCompute="cpu", managedNetwork={"isolationMode": "AllowOnlyApprovedOutbound"}),
            storage(**closed, **connections, allowSharedKeyAccess=False),
            vault(**closed, **connections, enablePurgeProtection=True),
            container_registry(
                "Premium",
                publicNetworkAccess="Disabled",
                networkRuleSet={"defaultAction": "Deny", "ipRules": []},
                adminUserEnabled=False,
                anonymousPullEnabled=False,
            ),
            insights(**shut),
            computes("cpu"),
        ]
    )
    found = judged(read)
    of_dependencies = found[found["check_id"].str.startswith("RES")]
    assert set(of_dependencies["status"]) == {"pass", "not-applicable"}
    passed = of_dependencies[of_dependencies["status"].eq("pass")]["check_id"]
    assert set(passed) == {f"RES{n:03}" for n in range(1, 14)} - {"RES006"} | {"RES017"}


def test_service_endpoints_beside_private_endpoints_are_seen_on_the_wire() -> None:
    subnet = {"id": "/subscriptions/s/subnets/one", "action": "Allow", "state": "Succeeded"}
    acls = {"defaultAction": "Deny", "bypass": "None", "virtualNetworkRules": [subnet], "ipRules": []}
    read = tables(
        [
            listed(),
            storage(networkAcls=acls, privateEndpointConnections=[{"id": "x", "properties": APPROVED}]),
        ]
    )
    found = statuses(judged(read).query("resource == 'stone' and status != 'not-applicable'"))
    assert (found["RES001"], found["RES005"], found["RES006"]) == ("pass", "fail", "fail")


def test_a_gap_a_404_and_silence_are_three_answers() -> None:
    forbidden = Gap(
        scope=VAULT,
        subscription_id=ELSEWHERE,
        asked="associatedResource",
        request="GET …",
        http_status=403,
        code="AuthorizationFailed",
        message="no access",
        closes="grant Reader",
    )
    error = {"error": {"code": "ResourceNotFound", "message": "not found"}}
    gone = payload("associatedResource", error, STORAGE, "2024-01-01", status=404)
    found = judged(tables([listed(), forbidden, gone])).set_index(["check_id", "resource"])
    assert found["status"]["RES013", "stone"] == "fail"
    assert found["status"]["RES001", "stone"] == "unknown"
    assert found["status"]["RES013", "kvone"] == "unknown"
    assert "AuthorizationFailed: no access" in found["reason"]["RES002", "kvone"]
    assert found["status"]["RES013", "crone"] == "unknown"
    assert "not asked for" in found["reason"]["RES003", "crone"]


def settings(*items: dict[str, Any]) -> Payload:
    return payload("diagnosticSettings", {"value": list(items)}, WORKSPACE, "2021-05-01-preview")


def diagnostic(sink: str | None, *, category: str | None, group: str | None, enabled: bool) -> dict[str, Any]:
    retention = {"enabled": False, "days": 0}
    log = {"category": category, "categoryGroup": group, "enabled": enabled, "retentionPolicy": retention}
    return {
        "id": f"{WORKSPACE}/providers/microsoft.insights/diagnosticSettings/to-somewhere",
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": "to-somewhere",
        "properties": {
            "storageAccountId": None,
            "eventHubAuthorizationRuleId": None,
            "workspaceId": sink,
            "metrics": [{"category": "AllMetrics", "enabled": True}],
            "logs": [log],
        },
    }


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([settings(diagnostic("/la", category=None, group="allLogs", enabled=True))], "pass"),
        ([settings(diagnostic("/la", category="AmlRunEvent", group=None, enabled=True))], "pass"),
        ([settings(diagnostic("/la", category="AmlRunEvent", group=None, enabled=False))], "fail"),
        ([settings(diagnostic(None, category="AmlRunEvent", group=None, enabled=True))], "fail"),
        ([settings()], "fail"),
        ([], "unknown"),
    ],
)
def test_diagnostic_settings_are_judged_as_azure_lists_them(answers: list[Payload], status: str) -> None:
    assert statuses(judged(tables([listed(), *answers])).query("check_id == 'SEC004'")) == {"SEC004": status}


def test_a_workspace_as_azure_creates_it_is_weakly_protected() -> None:
    found = judged(tables([listed(systemDatastoresAuthMode="accessKey"), settings()]))
    assert statuses(found[found["check_id"].str.startswith("SEC")]) == {
        "SEC001": "pass",
        "SEC002": "fail",
        "SEC003": "fail",
        "SEC004": "fail",
        "SEC005": "fail",
        "SEC006": "unknown",
    }


def rule(name: str, type_: str, destination: Any) -> dict[str, Any]:
    properties = {"type": type_, "destination": destination, "status": "Active", "category": "UserDefined"}
    return {"id": f"{WORKSPACE}/outboundRules/{name}", "name": name, "properties": properties}


def test_scenarios_are_judged_by_the_rules_azure_lists() -> None:
    hosts = ["anaconda.com", "*.anaconda.com", "*.anaconda.org", "pypi.org", "*.pythonhosted.org"]
    hosts += ["pytorch.org", "*.pytorch.org", "*.tensorflow.org"]
    targets = [(STORAGE.upper(), "queue"), (STORAGE, "table"), (WORKSPACE, "amlworkspace")]
    rules = [
        *(rule(f"host-{n}", "FQDN", host) for n, host in enumerate(hosts)),
        *(
            rule(f"target-{n}", "PrivateEndpoint", {"serviceResourceId": id, "subresourceTarget": part})
            for n, (id, part) in enumerate(targets)
        ),
    ]
    read = tables(
        [
            listed(
                publicNetworkAccess="Enabled",
                networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "20.1.2.3"}]},
                managedNetwork={"isolationMode": "AllowOnlyApprovedOutbound", "status": {"status": "Active"}},
            ),
            payload("outboundRules", {"value": rules}, WORKSPACE, "2025-12-01"),
        ]
    )
    found = judged(read)
    assert statuses(found[found["check_id"].str.startswith("SCN")]) == {
        "SCN001": "pass",
        "SCN002": "fail",
        "SCN003": "pass",
        "SCN004": "fail",
        "SCN005": "fail",
        "SCN006": "pass",
    }
