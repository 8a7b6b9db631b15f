"""Azure's own built-in definitions, interpreted, against our `azure-policy` policy on the demo tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from checks.engine.asking import findings
from checks.registry import registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.policies import loaded
from scanner.reading.collection import collection_for
from tests.support.azure_policy import flags
from tests.support.places import DATA, SHARED
from tests.support.scanning import rows, scanned

DEFINITIONS = SHARED / "examples" / "azure-policy"
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
APPROVED_ONLY: dict[str, object] = {"isolationMode": "AllowOnlyApprovedOutbound"}

# Which definition asks what which of our checks asks, about resources of which type.
PAIRS: Mapping[str, tuple[str, str, dict[str, object]]] = {
    "Workspace_PublicNetworkAccessDisabled_Audit": ("NET001", WORKSPACES, {}),
    "Workspace_PrivateEndpoint_Audit": ("PEP001", WORKSPACES, {}),
    "Workspace_PrivateEndpoint_Audit_V2": ("PEP001", WORKSPACES, {}),
    "ManagedNetworkIsolationMode_Audit": ("MVN002", WORKSPACES, APPROVED_ONLY),
    "Workspace_CMKEnabled_Audit_V2": ("SEC002", WORKSPACES, {}),
    "Workspace_UAIEnabled_Audit": ("SEC001", WORKSPACES, {}),
    "AuditDiagnosticLog_Audit": ("SEC004", WORKSPACES, {}),
    "Vnet_Audit": ("CMP002", f"{WORKSPACES}/computes", {}),
    "DisableLocalAuth_Audit": ("CMP007", f"{WORKSPACES}/computes", {}),
}

BY_HUB = "a hub-based Project is judged by its hub, the definition by the Project's own values"
HUB_UNREAD = "the Project's hub could not be read, so we cannot tell; the definition takes the Project's own"
ABSENT = "the property was not reported: unknown to us, non-compliant to Azure Policy"
IN_MANAGED_NETWORK = "a compute inside a managed network has no subnet; the definition flags it all the same"

# (check, name of the resource) -> why we and the definition differ there. Anything else must agree.
DIFFERENCES: Mapping[tuple[str, str], str] = {
    ("NET001", "proj-support-assistant"): BY_HUB,
    ("NET001", "proj-contract-reader"): BY_HUB,
    ("NET001", "proj-partner-pilot"): HUB_UNREAD,
    ("NET001", "mlw-churn-2019"): ABSENT,
    ("NET001", "mlw-half-created"): ABSENT,
    ("PEP001", "proj-support-assistant"): BY_HUB,
    ("PEP001", "proj-contract-reader"): BY_HUB,
    ("PEP001", "proj-partner-pilot"): HUB_UNREAD,
    ("MVN002", "proj-support-assistant"): BY_HUB,
    ("MVN002", "proj-contract-reader"): BY_HUB,
    ("MVN002", "proj-partner-pilot"): HUB_UNREAD,
    ("CMP002", "cpu-build"): IN_MANAGED_NETWORK,
    ("CMP002", "ci-forecast"): IN_MANAGED_NETWORK,
    ("CMP002", "cpu-before-link"): IN_MANAGED_NETWORK,
    ("CMP002", "gpu-far"): IN_MANAGED_NETWORK,
}


@cache
def own_definitions() -> Mapping[str, Any]:
    return yaml.safe_load((DATA / "azure_policy.yaml").read_text("utf-8"))  # type: ignore[no-any-return]


def definition(name: str, source: str) -> Any:
    """Return Azure's definition: its conditions as we wrote them down, or the published file."""
    if source == "own":
        return own_definitions()[name]
    path = DEFINITIONS / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no example data at ../shared/examples/azure-policy/{name}.json")
    return json.loads(path.read_text())


@cache
def our_statuses() -> Mapping[tuple[str, str], str]:
    """(check id, lower-cased resource id) -> our status, from a scan of the demo tenant."""
    (policy,) = loaded(["azure-policy"], registry())
    with emulated(demo_tenant()) as emulator:
        tables, _ = scanned(emulator, collection=collection_for(each.check for each in policy.checks))
    found = rows(findings(tables, policy.checks))
    return {(row["check_id"], row["resource_id"].lower()): row["status"] for row in found}


def bodies(resource_type: str) -> list[dict[str, Any]]:
    """The documents of that type that the identity may read, as the newest api-version shows them."""
    tenant = demo_tenant()
    unreadable = {fault.subscription for fault in tenant.default_faults}
    return [
        dict(each.body)
        for each in tenant.resources
        if str(each.body["type"]).lower() == resource_type.lower() and each.id.split("/")[2] not in unreadable
    ]


def related_settings(workspace_id: str) -> list[dict[str, Any]]:
    prefix = f"{workspace_id.lower()}/providers/"
    return [
        each
        for each in bodies("Microsoft.Insights/diagnosticSettings")
        if each["id"].lower().startswith(prefix)
    ]


SOURCES = pytest.mark.parametrize("source", ["own", "published"])


@SOURCES
@pytest.mark.parametrize("name", PAIRS)
def test_our_policy_agrees_with_the_definition_or_says_why_not(name: str, source: str) -> None:
    check_id, resource_type, parameters = PAIRS[name]
    rule = definition(name, source)
    disagreed = set()
    for body in bodies(resource_type):
        theirs = flags(rule, body, parameters, related_settings(body["id"]))
        ours = our_statuses()[check_id, body["id"].lower()]
        if theirs != (ours == "fail"):
            disagreed.add((check_id, body["name"]))
    listed = {pair for pair in DIFFERENCES if pair[0] == check_id}
    assert disagreed == listed


@SOURCES
def test_assigned_without_parameters_the_isolation_definition_is_inverted(source: str) -> None:
    rule = definition("ManagedNetworkIsolationMode_Audit", source)
    for body in bodies(WORKSPACES):
        network = body["properties"].get("managedNetwork") or {}
        is_off = network.get("isolationMode") == "Disabled"
        assert flags(rule, body, {}) == (not is_off)


@SOURCES
def test_every_definition_of_ours_is_named_in_the_policy_file(source: str) -> None:
    (policy,) = loaded(["azure-policy"], registry())
    for name in PAIRS:
        rule = definition(name, source)
        identity = str(rule.get("name") or rule.get("id", "")).rsplit("/", 1)[-1]
        if "[Deprecated]" not in rule.get("properties", rule)["displayName"]:
            assert identity in policy.text, name
