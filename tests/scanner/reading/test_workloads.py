"""From the wire to the verdict: what runs in a workspace, recorded, written in wire shape, and scanned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pytest

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Check, ChosenCheck
from checks.registry import registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.payloads.payload import Gap, Payload
from scanner.reading.collection import collection_for
from scanner.tables.tabulate import tables
from tests.scanner.tables.test_tabulate import WORKSPACE, example, gap, listed, payload, workspace
from tests.support.scanning import scan_of

FAMILIES = ("CMP", "END")
CHECKS = [check for id, check in registry().items() if check.family in FAMILIES or id in {"MVN003", "OBR011"}]
ISOLATED = {"managedNetwork": {"isolationMode": "AllowInternetOutbound", "status": {"status": "Active"}}}
GROUP = WORKSPACE.partition("/providers/")[0]
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stone"
VAULT = f"{GROUP}/providers/Microsoft.Keyvault/vaults/kvone"

Outcomes = dict[tuple[str, str], str]


def judged(read: Tables, checks: Sequence[Check] = CHECKS) -> pd.DataFrame:
    chosen = [ChosenCheck(check=check, severity=check.severity, params=check.params()) for check in checks]
    return findings(read, chosen)


def outcomes(read: Tables, *check_ids: str) -> Outcomes:
    """Status by check id and the last name of the resource; of the checks named, or all of this file."""
    checks = [registry()[id] for id in check_ids] or CHECKS
    found = judged(read, checks)
    names = found["resource_id"].str.rpartition("/")[2]
    return dict(zip(zip(found["check_id"], names, strict=True), found["status"], strict=True))


def child(collection: str, name: str, properties: Any, **rest: Any) -> dict[str, Any]:
    return {"id": f"{WORKSPACE}/{collection}/{name}", "name": name, "properties": properties, **rest}


def pages(*kinds: str, **items: list[Any]) -> Iterator[Payload]:
    """One page of each kind, of `items` or empty."""
    for kind in {*kinds, *items}:
        yield payload(kind, {"value": items.get(kind, [])})


def managed(name: str, kind: str, inner: Any, **outer: Any) -> dict[str, Any]:
    own = {"computeType": kind, "computeLocation": "westeurope", "isAttachedCompute": False, **outer}
    return child("computes", name, {**own, "provisioningState": "Succeeded", "properties": inner})


def test_the_recorded_computes_of_a_workspace_without_a_managed_network() -> None:
    workspaces = example("recorded.workspaces-list.2024-04-01.json")["value"]
    (home,) = [item for item in workspaces if item["name"] == "mlworkspace-test2"]
    computes = example("recorded.computes-list.2024-04-01.json")
    # The two recordings hide the same subscription behind other ids.
    own, other = (str(each["id"]).split("/")[2] for each in (home, computes["value"][0]))
    computes = json.loads(json.dumps(computes).replace(other, own))
    read = tables(
        [
            listed(home, api_version="2024-04-01"),
            payload("computes", computes, scope=home["id"], api_version="2024-04-01"),
        ]
    )
    ids = [check.id for check in CHECKS if check.family == "CMP"]
    cluster, instance = "batch-cluster", "jiajicompute1"
    assert outcomes(read, *ids) == {
        ("CMP001", cluster): "fail",
        ("CMP001", instance): "fail",
        ("CMP002", cluster): "fail",
        ("CMP002", instance): "fail",
        ("CMP003", cluster): "not-applicable",
        ("CMP003", instance): "not-applicable",
        ("CMP004", cluster): "not-applicable",
        ("CMP004", instance): "not-applicable",
        ("CMP005", cluster): "not-applicable",
        ("CMP005", instance): "not-applicable",
        ("CMP006", cluster): "fail",
        ("CMP006", instance): "pass",
        ("CMP007", cluster): "fail",
        ("CMP007", instance): "fail",
        ("CMP008", cluster): "not-applicable",
        ("CMP008", instance): "pass",
        ("CMP009", cluster): "not-applicable",
        ("CMP009", instance): "not-applicable",
    }
    found = judged(read, [registry()["CMP001"]])
    assert "13.92.83.21" in found.loc[found["resource_id"].str.endswith(instance), "reason"].item()


def test_computes_as_the_wire_tells_them_null_absent_and_odd() -> None:
    computes = [
        managed("no-answer", "AmlCompute", None, disableLocalAuth=None),
        managed(
            "stopped",
            "ComputeInstance",
            {
                "subnet": None,
                "enableNodePublicIp": False,
                "connectivityEndpoints": None,
                "sshSettings": {"sshPublicAccess": "Disabled"},
                "osImageMetadata": {"isLatestOsImageVersion": False},
            },
            disableLocalAuth=True,
        ),
        managed("edge", "Kubernetes", {"namespace": "azureml"}, isAttachedCompute=True),
        managed("words", "AmlCompute", {"enableNodePublicIp": "false", "subnet": {"id": ""}}),
    ]
    home = {**workspace(**ISOLATED), "location": "West Europe"}
    found = outcomes(tables([listed(home), *pages(computes=computes)]))
    told = {name: {id: found[id, name] for id, other in found if other == name} for _, name in found}
    assert told["no-answer"] == {
        "CMP001": "unknown",
        "CMP002": "pass",
        "CMP003": "unknown",
        "CMP004": "pass",
        "CMP005": "pass",
        "CMP006": "unknown",
        "CMP007": "unknown",
        "CMP008": "not-applicable",
        "CMP009": "unknown",
    }
    assert told["stopped"] == {
        "CMP001": "pass",
        "CMP002": "pass",
        "CMP003": "pass",
        "CMP004": "pass",
        "CMP005": "pass",
        "CMP006": "pass",
        "CMP007": "pass",
        "CMP008": "fail",
        "CMP009": "unknown",
    }
    assert told["edge"]["CMP005"] == "fail"
    others = {id: status for id, status in told["edge"].items() if id not in ("CMP004", "CMP005")}
    assert set(others.values()) == {"not-applicable"}
    assert told["edge"]["CMP004"] == "unknown", "where the attached cluster is was not reported"
    assert told["words"]["CMP001"] == "unknown"


def test_endpoints_and_deployments_as_the_wire_tells_them() -> None:
    online = [
        child("onlineEndpoints", "open", {"authMode": "Key", "publicNetworkAccess": "Enabled"}),
        child("onlineEndpoints", "shut", {"authMode": "AADToken", "publicNetworkAccess": "Disabled"}),
        child("onlineEndpoints", "old", {"authMode": "AMLToken"}),
    ]
    blue = {"endpointComputeType": "Managed", "egressPublicNetworkAccess": "Disabled"}
    green = {"endpointComputeType": "Managed", "egressPublicNetworkAccess": "Enabled"}
    home = workspace(
        publicNetworkAccess="Disabled",
        networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "20.61.14.0/26"}]},
        **ISOLATED,
    )
    read = tables(
        [
            listed(home),
            *pages(
                onlineEndpoints=online,
                batchEndpoints=[child("batchEndpoints", "nightly", {"authMode": "AADToken"})],
                serverlessEndpoints=[child("serverlessEndpoints", "llm", {"authMode": "KeyAndAAD"})],
                deployments=[
                    child("onlineEndpoints/open/deployments", "blue", blue),
                    child("onlineEndpoints/shut/deployments", "green", green),
                ],
            ),
        ]
    )
    found = outcomes(read, "END001", "END002", "END003", "END004")
    assert {key: status for key, status in found.items() if status != "not-applicable"} == {
        ("END001", "open"): "fail",
        ("END001", "shut"): "pass",
        ("END001", "old"): "unknown",
        ("END002", "open"): "fail",
        ("END002", "shut"): "pass",
        ("END002", "old"): "unknown",
        ("END003", "blue"): "fail",
        ("END003", "green"): "pass",
        ("END004", "open"): "fail",
        ("END004", "shut"): "pass",
        ("END004", "old"): "pass",
        ("END004", "nightly"): "pass",
        ("END004", "llm"): "fail",
    }


def test_a_list_that_was_refused_leaves_only_its_own_checks_unknown() -> None:
    network = {"isolationMode": "AllowInternetOutbound", "status": {"status": "Inactive"}}
    home = workspace(managedNetwork=network)
    kinds = ("onlineEndpoints", "batchEndpoints", "serverlessEndpoints")
    found = outcomes(tables([listed(home), gap("computes"), *pages(*kinds)]))
    computes = {check.id for check in CHECKS if check.family == "CMP"}
    undecided = {
        "END005": "public access was not reported",
        "OBR011": "no link was reported",
        "MVN003": "idle",
    }
    assert {id for (id, _), status in found.items() if status == "unknown"} == {*computes, *undecided}
    assert found["MVN003", "mlw-One"] == "unknown"
    assert (
        outcomes(tables([listed(home), *pages("computes", *kinds)]))["MVN003", "mlw-One"] == "not-applicable"
    )
    cluster = managed("cpu", "AmlCompute", {})
    used = tables([listed(home), *pages(*kinds, computes=[cluster])])
    assert outcomes(used)["MVN003", "mlw-One"] == "fail"


def rule(target: str, part: str, status: str = "Active") -> dict[str, Any]:
    destination = {"serviceResourceId": target, "subresourceTarget": part, "sparkEnabled": False}
    return {"type": "PrivateEndpoint", "category": "Required", "status": status, "destination": destination}


def dependency(resource_id: str, **properties: Any) -> Payload:
    document = {"id": resource_id, "properties": properties}
    return payload("associatedResource", document, scope=resource_id)


def home_with(**rules: Any) -> dict[str, Any]:
    network = {**ISOLATED["managedNetwork"], "outboundRules": rules}
    links = {"storageAccount": STORAGE, "keyVault": VAULT, "containerRegistry": ""}
    opened = {"publicNetworkAccess": "Enabled"}
    return workspace(managedNetwork=network, applicationInsights=None, **links, **opened)


def with_rules(**rules: Any) -> Iterator[Payload]:
    """The workspace with these rules in its body, and the list of the same."""
    yield listed(home_with(**rules))
    items = [child("outboundRules", name, properties) for name, properties in rules.items()]
    yield payload("outboundRules", {"value": items})


def test_dependencies_and_the_rules_that_lead_to_them_as_the_wire_tells_them() -> None:
    rules = {
        "blob": rule(STORAGE.lower(), "blob"),
        "file": rule(STORAGE, "file", status="Failed"),
        "vault": rule(VAULT.replace("Keyvault", "KeyVault"), "vault"),
    }
    storage = dependency(STORAGE, publicNetworkAccess="Disabled")
    vault = dependency(VAULT, publicNetworkAccess="Enabled", networkAcls={"defaultAction": "Deny"})
    whole = tables([*with_rules(**rules), storage, vault])
    assert outcomes(whole, "OBR011") == {("OBR011", "mlw-One"): "fail"}
    (reason,) = judged(whole, [registry()["OBR011"]])["reason"]
    assert reason == "No active private-endpoint rule leads to storage file."
    healthy = {**rules, "file": rule(STORAGE, "file")}
    assert outcomes(tables([*with_rules(**healthy), storage, vault]), "OBR011") == {
        ("OBR011", "mlw-One"): "pass"
    }


@pytest.mark.parametrize("refused", [True, False])
def test_a_dependency_that_was_not_read_is_named(refused: bool) -> None:
    answers: list[Payload | Gap] = [dependency(VAULT, publicNetworkAccess="Enabled")]
    if refused:
        answers.append(gap("associatedResource", STORAGE))
    found = judged(tables([*with_rules(), *answers]), [registry()["OBR011"]])
    assert found["status"].tolist() == ["unknown"]
    assert "Not settled: storage blob, storage file." in found["reason"][0]


DEMO = demo_tenant()


@pytest.fixture(scope="module")
def scanned() -> Tables:
    with scan_of(DEMO, *DEMO.default_faults, collection=collection_for(CHECKS), page_size=50) as scan:
        return scan[0]


def of_workspace(found: pd.DataFrame, name: str) -> Outcomes:
    rows = found[found["workspace_id"].str.lower().str.endswith(f"/workspaces/{name}".lower())]
    names = rows["resource_id"].str.rpartition("/")[2]
    return dict(zip(zip(rows["check_id"], names, strict=True), rows["status"], strict=True))


def test_the_demo_tenant_is_judged_as_it_teaches(scanned: Tables) -> None:
    found = judged(scanned)
    assert not found["status"].eq("error").any()
    sandbox = of_workspace(found, "mlw-sandbox-01")
    assert {key for key, status in sandbox.items() if status == "pass"} == {("END006", "try-me-batch")}
    assert sandbox["CMP001", "ci-open"] == sandbox["CMP008", "ci-open"] == "fail"
    assert sandbox["END004", "try-me-batch"] == "fail"
    attached = of_workspace(found, "mlw-attached-computes")
    assert {key for key, status in attached.items() if status == "fail"} == {
        ("CMP009", "cpu-before-link"),
        ("CMP003", "cpu-own-subnet"),
        ("CMP004", "gpu-far"),
        ("CMP005", "aks-edge"),
        ("CMP005", "vm-dsvm"),
    }
    assert of_workspace(found, "MLW_Notebooks-EU")["CMP001", "cpu-old"] == "unknown"
    assert of_workspace(found, "mlw-lingering-rules")["END002", "left-open"] == "fail"
    assert of_workspace(found, "mlw-scoring-prod")["END002", "score-public"] == "pass"
    assert of_workspace(found, "mlw-scoring-prod")["END003", "blue"] == "fail"
    assert of_workspace(found, "proj-contract-reader")["END002", "contract-reader"] == "fail"
    networks = {name: of_workspace(found, name) for name in ("mlw-inactive-idle", "mlw-not-provisioned")}
    assert {name: statuses["MVN003", name] for name, statuses in networks.items()} == {
        "mlw-inactive-idle": "not-applicable",
        "mlw-not-provisioned": "fail",
    }
    assert of_workspace(found, "mlw-wide-addresses")["END005", "mlw-wide-addresses"] == "fail"
    reached = found[found["check_id"].eq("OBR011") & found["status"].eq("fail")]
    assert reached["reason"].tolist() == ["No active private-endpoint rule leads to registry."]


def test_a_refused_list_of_computes_costs_its_own_workspace_alone(scanned: Tables) -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route="computes", resource="mlw-sandbox-01")
    faults = (*DEMO.default_faults, refused)
    with scan_of(DEMO, *faults, collection=collection_for(CHECKS), page_size=50) as (tables_, _, _):
        found = judged(tables_)
    keys = ["check_id", "resource_id"]
    before, after = judged(scanned).set_index(keys)["status"], found.set_index(keys)["status"]
    lost, came = before.index.difference(after.index), after.index.difference(before.index)
    assert {id for id, _ in lost} == {id for id, _ in came} == {f"CMP00{n}" for n in range(1, 10)}
    assert all("/mlw-sandbox-01/computes/" in resource for _, resource in lost)
    assert all(resource.endswith("/workspaces/mlw-sandbox-01") for _, resource in came)
    assert set(after[came]) == {"unknown"}
    kept = before.index.intersection(after.index)
    assert after[kept].tolist() == before[kept].tolist()
    assert tables_.gaps["asked"].tolist().count("computes") == 1
