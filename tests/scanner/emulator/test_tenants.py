"""The demo teaches what it says, and the generated tenant keeps its law."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.directory import Directory
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.tenant import Tenant

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"


def workspaces(tenant: Tenant) -> dict[str, Any]:
    return {
        resource.body["name"]: resource.body
        for resource in tenant.resources
        if resource.body["type"] == WORKSPACE
    }


def rules(tenant: Tenant) -> list[dict[str, Any]]:
    networks = [body["properties"].get("managedNetwork") or {} for body in workspaces(tenant).values()]
    return [rule for network in networks for rule in network.get("outboundRules", {}).values()]


def types(tenant: Tenant) -> Counter[str]:
    return Counter(resource.body["type"].lower() for resource in tenant.resources)


@pytest.mark.parametrize("tenant", [demo_tenant(), generated_tenant(subscriptions=3, workspaces=7, rules=2)])
def test_no_two_documents_share_an_id(tenant: Tenant) -> None:
    ids = [resource.id.lower() for resource in tenant.resources]
    assert len(ids) == len(set(ids))
    assert len({item["subscriptionId"] for item in tenant.subscriptions}) == len(tenant.subscriptions)


def test_a_tenant_with_an_id_twice_is_refused() -> None:
    tenant = demo_tenant()
    with pytest.raises(ValueError, match="twice"):
        Directory(replace(tenant, resources=(*tenant.resources, tenant.resources[0])))


def test_the_demo_is_the_same_every_time() -> None:
    assert demo_tenant() == demo_tenant()


def test_every_demo_workspace_teaches_something_that_stays_off_the_wire() -> None:
    tenant = demo_tenant()
    assert set(tenant.lessons) == {body["id"] for body in workspaces(tenant).values()}
    wire = json.dumps([resource.body for resource in tenant.resources])
    assert not [lesson for lesson in tenant.lessons.values() if lesson in wire]


def test_the_demo_has_six_subscriptions_of_which_one_is_delegated_and_one_warned() -> None:
    subscriptions = demo_tenant().subscriptions
    delegated = [item for item in subscriptions if item["managedByTenants"]]
    assert len(subscriptions) == 6
    assert Counter(item["state"] for item in subscriptions) == {"Enabled": 5, "Warned": 1}
    assert [item["managedByTenants"] for item in delegated] == [[{"tenantId": TENANT_ID}]]
    assert delegated[0]["tenantId"] != TENANT_ID


def test_the_demo_shows_every_posture() -> None:
    found = workspaces(demo_tenant()).values()
    properties = [body["properties"] for body in found]
    networks = [each.get("managedNetwork") or {} for each in properties]
    assert Counter(body.get("kind") for body in found).keys() == {
        "Default",
        "Hub",
        "Project",
        "FeatureStore",
        None,
    }
    assert {network.get("isolationMode") for network in networks} == {
        *("AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Disabled", None),
    }
    assert {network["status"]["status"] for network in networks if "status" in network} == {
        "Active",
        "Inactive",
    }
    assert {each.get("publicNetworkAccess", "absent") for each in properties} == {
        *("Enabled", "Disabled", "absent", None),
    }


def test_the_demo_shows_every_kind_of_rule_and_connection() -> None:
    tenant = demo_tenant()
    found = rules(tenant)
    connections = [
        each["properties"]["privateLinkServiceConnectionState"]["status"]
        for body in workspaces(tenant).values()
        for each in body["properties"].get("privateEndpointConnections", ())
    ]
    assert {rule["type"] for rule in found} == {"FQDN", "PrivateEndpoint", "ServiceTag"}
    assert {rule["category"] for rule in found} == {"Required", "UserDefined", "Dependency"}
    assert {rule["status"] for rule in found} == {"Active", "Inactive", "Provisioning", "Deleting", "Failed"}
    assert {rule["destination"]["action"] for rule in found if rule["type"] == "ServiceTag"} == {
        "Allow",
        "Deny",
    }
    assert any(rule["errorInformation"] for rule in found)
    assert set(connections) == {"Approved", "Pending", "Rejected", "Disconnected"}


def test_the_demo_carries_what_no_report_may_show() -> None:
    wire = json.dumps([resource.body for resource in demo_tenant().resources])
    for secret in ("relayConnectionString", "sdkTelemetryAppInsightsKey", "ml.platform@example.com"):
        assert secret in wire


def test_every_project_names_a_hub_that_exists() -> None:
    found = workspaces(demo_tenant()).values()
    hubs = {body["id"] for body in found if body.get("kind") == "Hub"}
    assert {body["properties"]["hubResourceId"] for body in found if body.get("kind") == "Project"} == hubs


def test_demo_addresses_and_hosts_are_nobodys() -> None:
    wire = json.dumps([resource.body for resource in demo_tenant().resources])
    assert set(re.findall(r"@([a-z.]+)\"", wire)) == {"example.com"}


def test_children_stand_under_workspaces_that_exist() -> None:
    tenant = demo_tenant()
    ids = {resource.id.lower() for resource in tenant.resources}
    children = [item.lower() for item in ids if "/workspaces/" in item and item.count("/") > 8]
    assert children
    assert {"/".join(child.split("/")[:9]) for child in children} <= ids
    assert types(tenant)[f"{WORKSPACE}/onlineendpoints/deployments".lower()] > 0


@settings(max_examples=40, deadline=None)
@given(
    subscriptions=st.integers(0, 4),
    count=st.integers(0, 25),
    rule_count=st.integers(0, 6),
    seed=st.integers(0, 99),
)
def test_a_generated_tenant_keeps_its_law(subscriptions: int, count: int, rule_count: int, seed: int) -> None:
    tenant = generated_tenant(subscriptions=subscriptions, workspaces=count, rules=rule_count, seed=seed)
    bodies = [resource.body for resource in tenant.resources]
    assert len(tenant.subscriptions) == subscriptions
    assert len(bodies) == subscriptions * count
    violating = set()
    for position, body in enumerate(bodies):
        properties, network = body["properties"], body["properties"]["managedNetwork"]
        is_off = network["isolationMode"] == "Disabled"
        assert len(network.get("outboundRules", {})) == (0 if is_off else rule_count)
        if (
            properties["publicNetworkAccess"] != "Disabled"
            or network["isolationMode"] != "AllowInternetOutbound"
        ):
            violating.add(body["id"].lower())
        assert (body["id"].lower() in violating) is ((seed + position) % 10 >= 5)
    assert tenant.expected_violations == violating


def test_another_seed_makes_another_tenant() -> None:
    first, second = (generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=seed) for seed in (1, 2))
    assert first.subscriptions != second.subscriptions
    assert first == generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=1)
