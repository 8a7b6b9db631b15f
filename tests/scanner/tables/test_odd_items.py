"""An array with an item that is no object cannot be read as a whole: the columns made of it are <NA>, never less."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.payloads.payload import Payload
from scanner.tables.associated import facts_of
from scanner.tables.children import setting_row
from scanner.tables.outbound_rules import rule_properties
from scanner.tables.perimeters import PerimeterAnswers
from scanner.tables.provenance import Traces
from scanner.tables.tabulate import Tabulation, tables
from scanner.tables.workspaces import workspace_row
from tests.support.tables.checks import SUBSCRIPTION, workspace_id

Document = dict[str, Any]
ADDRESS = {"value": "20.1.2.3"}
APPROVED = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
INBOUND = {"properties": {"direction": "Inbound", "subscriptions": [{"id": "/subscriptions/one"}]}}
ASSOCIATION = {
    "properties": {
        "resourceAssociation": {"accessMode": "Enforced"},
        "networkSecurityPerimeter": {"id": "/perimeters/one"},
        "profile": {"accessRules": [INBOUND]},
        "provisioningState": "Succeeded",
        "provisioningIssues": [],
    }
}
FIREWALL = {"ipRules": [ADDRESS], "resourceAccessRules": [{"resourceId": workspace_id()}]}


def answered(document: Document) -> Payload:
    return Payload(
        kind="associatedResource",
        scope="/resources/one",
        subscription_id=SUBSCRIPTION,
        url="https://management.azure.com/resources/one",
        api_version="2024-01-01",
        status=200,
        retrieved_at=datetime(2026, 11, 21, tzinfo=UTC),
        body=json.dumps(document).encode(),
        document=document,
    )


def perimeter(document: Document) -> Mapping[str, Any]:
    answers = PerimeterAnswers()
    answers.add(answered(document))
    return answers.columns("/resources/one")


def resource(role: str) -> Callable[[Document], Mapping[str, Any]]:
    return lambda document: facts_of(answered(document), role)


def workspace(document: Document) -> Mapping[str, Any]:
    return workspace_row(document, "2025-12-01")


ARRAYS: dict[str, tuple[Callable[[Document], Mapping[str, Any]], Document, tuple[str | int, ...]]] = {
    "address rules of a workspace": (
        workspace,
        {"id": workspace_id(), "properties": {"networkAcls": {"ipRules": [ADDRESS]}}},
        ("properties", "networkAcls", "ipRules"),
    ),
    "connections of a workspace": (
        workspace,
        {"id": workspace_id(), "properties": {"privateEndpointConnections": [APPROVED]}},
        ("properties", "privateEndpointConnections"),
    ),
    **{
        f"{name} of a storage account": (
            resource("storage"),
            {"properties": {"networkAcls": FIREWALL}},
            ("properties", "networkAcls", name),
        )
        for name in FIREWALL
    },
    "connections of a vault": (
        resource("vault"),
        {"properties": {"privateEndpointConnections": [APPROVED]}},
        ("properties", "privateEndpointConnections"),
    ),
    "address rules of a registry": (
        resource("registry"),
        {"properties": {"networkRuleSet": {"ipRules": [ADDRESS]}}},
        ("properties", "networkRuleSet", "ipRules"),
    ),
    "associations": (perimeter, {"value": [ASSOCIATION]}, ("value",)),
    "inbound rules": (
        perimeter,
        {"value": [ASSOCIATION]},
        ("value", 0, "properties", "profile", "accessRules"),
    ),
    "subscriptions of an inbound rule": (
        perimeter,
        {"value": [ASSOCIATION]},
        ("value", 0, "properties", "profile", "accessRules", 0, "properties", "subscriptions"),
    ),
    "provisioning issues": (
        perimeter,
        {"value": [ASSOCIATION]},
        ("value", 0, "properties", "provisioningIssues"),
    ),
    "logs of a setting": (
        lambda document: setting_row(workspace_id(), document),
        {"id": f"{workspace_id()}/settings/s", "properties": {"logs": [{"category": "A", "enabled": False}]}},
        ("properties", "logs"),
    ),
}

odd_items = st.sampled_from(["0.0.0.0/0", "", 1, 0.5, True, None, [], ["0.0.0.0/0"]])


@pytest.mark.parametrize("name", ARRAYS)
@given(odd=odd_items, position=st.integers(min_value=0, max_value=1))
def test_an_odd_item_makes_columns_unknown_and_changes_no_other(name: str, odd: Any, position: int) -> None:
    row_of, document, path = ARRAYS[name]
    changed = deepcopy(document)
    array: Any = changed
    for step in path:
        array = array[step]
    array.insert(position, odd)
    before, after = row_of(document), row_of(changed)
    assert {after.get(column) for column, value in before.items() if after.get(column) != value} == {None}


@pytest.mark.parametrize("value", ["", " ", ", ", None, 7, ["0.0.0.0/0"]])
def test_an_address_rule_without_an_address_is_not_no_rule(value: Any) -> None:
    listed = [ADDRESS, {"value": value}]
    for properties in ({"networkAcls": {"ipRules": listed}}, {"ipAllowlist": ["20.1.2.3", value]}):
        assert workspace({"id": workspace_id(), "properties": properties})["ip_rules"] is None
    account = resource("storage")({"properties": {"networkAcls": {"ipRules": listed}}})
    assert account["ip_rules"] == "20.1.2.3, ?"
    destination = {"serviceTag": "Storage", "addressPrefixes": ["20.1.2.3", value]}
    assert rule_properties({"destination": destination}).address_prefixes is None
    inbound = {"properties": {"direction": "Inbound", "addressPrefixes": ["20.1.2.3", value]}}
    association = {"properties": ASSOCIATION["properties"] | {"profile": {"accessRules": [inbound]}}}
    assert perimeter({"value": [association]})["perimeter_prefixes"] is None


@pytest.mark.parametrize("criterion", ["serviceTags", "networkSecurityPerimeters", "somethingNew"])
def test_a_perimeter_rule_that_admits_by_another_criterion_is_not_narrow(criterion: str) -> None:
    rule = {"properties": {"direction": "Inbound", "addressPrefixes": ["20.1.2.3/32"], criterion: ["any"]}}
    properties = ASSOCIATION["properties"] | {"profile": {"accessRules": [rule]}}
    assert perimeter({"value": [{"properties": properties}]})["perimeter_prefixes"] is None
    rule["properties"][criterion] = []
    assert perimeter({"value": [{"properties": properties}]})["perimeter_prefixes"] == "20.1.2.3/32"


def test_an_empty_location_is_no_region() -> None:
    assert workspace({"id": workspace_id(), "location": "", "properties": {}})["location"] is None


@pytest.mark.parametrize(
    ("status", "approved"),
    [("approved", 1), ("Rejected", 0), ("Timeout", 0), ("Waved through", None), ("", None), (None, None)],
)
def test_a_connection_of_an_undocumented_status_may_be_approved(
    status: str | None, approved: int | None
) -> None:
    other = {"properties": {"privateLinkServiceConnectionState": {"status": status}}}
    vault = resource("vault")({"properties": {"privateEndpointConnections": [other]}})
    assert vault["approved_private_endpoints"] == approved


@pytest.mark.parametrize("turned", [False, True])
def test_two_items_that_describe_one_child_differently_are_a_gap(*, turned: bool) -> None:
    one = {"id": f"{workspace_id()}/computes/cpu", "properties": {"computeType": "AmlCompute"}}
    other = {"id": f"{workspace_id()}/computes/CPU", "properties": {"computeType": "Kubernetes"}}
    listed = replace(
        answered({"value": [one, other][:: -1 if turned else 1]}), kind="computes", scope=workspace_id()
    )
    gap = tables([listed]).gaps.iloc[0]
    assert (gap["asked"], gap["scope"], gap["code"]) == ("computes", workspace_id(), "MalformedItem")
    same = replace(
        answered({"value": [one, one | {"id": str(other["id"])}]}), kind="computes", scope=workspace_id()
    )
    assert "computes" not in set(tables([same]).gaps["asked"])


def test_two_connections_of_one_id_in_a_body_are_a_gap() -> None:
    connection = f"{workspace_id()}/privateEndpointConnections/one"
    items = [{"id": connection, **APPROVED}, {"id": connection.upper(), "properties": {}}]
    body = {"id": workspace_id(), "properties": {"privateEndpointConnections": items}}
    listed = replace(answered({"value": [body]}), kind="workspaces", scope=f"/subscriptions/{SUBSCRIPTION}")
    found = tables([listed])
    assert "privateEndpointConnections" in set(found.gaps["asked"])
    assert not found.workspaces["private_endpoint_connections_known"].any()


@pytest.mark.parametrize("turned", [False, True])
def test_the_gap_of_two_items_is_about_both_pages_in_any_order(*, turned: bool) -> None:
    pages = [
        replace(
            answered(
                {"value": [{"id": f"{workspace_id()}/computes/cpu", "properties": {"computeType": kind}}]}
            ),
            kind="computes",
            scope=workspace_id(),
            url=f"https://management.azure.com{workspace_id()}/computes?page={kind}",
        )
        for kind in ("AmlCompute", "Kubernetes")
    ]
    traces = Traces()
    tabulation = Tabulation(traces)
    for page in pages[:: -1 if turned else 1]:
        tabulation.add(page)
    tabulation.finished()
    (of_gap,) = (
        each for key, each in traces.finished().rows["gaps"].items() if key.startswith("computes of ")
    )
    assert {each.partition("#")[0] for each in of_gap} == {page.id for page in pages}
