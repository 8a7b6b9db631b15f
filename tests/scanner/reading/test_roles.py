"""The role assignments of workspace identities, as a scan reads them and as an export shows them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.network.approvers import APPROVER
from checks.registry import registry
from scanner.emulator.demo.places import PRODUCTION
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.roles import READER, assignment, principal_of
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.offline.source import source_from
from scanner.payloads.pages import is_assigned_above, items_on
from scanner.payloads.payload import Gap, Payload
from scanner.reading.collection import collection_for
from scanner.tables.provenance import Traces
from scanner.tables.role_assignments import identity_of
from scanner.tables.tabulate import Tabulation, tables
from tests.scanner.reading.test_networks import status
from tests.scanner.tables.test_tabulate import payload
from tests.support.exports import written
from tests.support.scanning import scan_of

DEMO = demo_tenant()
VISION = PRODUCTION.id_of("Microsoft.MachineLearningServices/workspaces", "mlw-vision-prod")
LAKE = PRODUCTION.id_of("Microsoft.Storage/storageAccounts", "stvisionlake")
GROUP = VISION.partition("/providers/")[0]
PRINCIPAL = principal_of(VISION)


def scanned(tenant: Tenant, *faults: Fault, check: str = "OBR016") -> tuple[Tables, list[str]]:
    wanted = collection_for([registry()[check]])
    with scan_of(tenant, *faults, collection=wanted) as (found, _, emulator):
        return found, [each.path for each in emulator.requests if "roleAssignments" in each.path]


def with_roles(*roles: Resource) -> Tenant:
    others = [
        each for each in DEMO.resources if each.body.get("properties", {}).get("principalId") != PRINCIPAL
    ]
    return replace(DEMO, resources=(*others, *roles), default_faults=())


def test_each_identity_and_target_is_asked_for_once_and_only_where_it_decides() -> None:
    found, asked = scanned(DEMO, *DEMO.default_faults)
    assert len(asked) == len(set(asked))
    assert any(LAKE in path for path in asked)
    assert not any(path.startswith(f"{VISION}/") for path in asked), "Azure assigns these roles itself"
    assert status(found, "OBR016", "mlw-vision-prod") == {"pass", "not-applicable"}
    assert status(found, "OBR016", "fs-partner-features") == {"pass", "fail"}


@pytest.mark.parametrize("check", ["OBR001", "OBR009", "OBR015"])
def test_nobody_asks_for_roles_that_no_check_reads(check: str) -> None:
    assert scanned(DEMO, *DEMO.default_faults, check=check)[1] == []


def test_no_shipped_policy_reads_role_assignments() -> None:
    from scanner.policies import loaded, shipped

    chosen = {each.check.id for policy in loaded(shipped(), registry()) for each in policy.checks}
    assert "OBR016" not in chosen


def test_a_refusal_is_a_gap_and_leaves_the_roles_unknown() -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route="roleAssignments")
    found, _ = scanned(DEMO, *DEMO.default_faults, refused)
    gaps = found.gaps[found.gaps["asked"].eq("roleAssignments")]
    assert gaps["closes"].str.contains("Microsoft.Authorization/roleAssignments/read").all()
    assert status(found, "OBR016", "mlw-vision-prod") == {"unknown", "not-applicable"}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ((), "fail"),
        ((assignment(LAKE, PRINCIPAL, APPROVER),), "pass"),
        ((assignment(f"/subscriptions/{PRODUCTION.subscription}", PRINCIPAL, APPROVER),), "pass"),
        ((assignment(f"{LAKE}2", PRINCIPAL, APPROVER),), "fail"),
        ((assignment(f"{LAKE}/blobServices/default", PRINCIPAL, APPROVER),), "fail"),
        ((assignment(GROUP, principal_of("another"), APPROVER),), "fail"),
        ((assignment(GROUP, PRINCIPAL, READER),), "fail"),
        ((assignment(GROUP, PRINCIPAL, APPROVER, condition="@Request[x] StringEquals 'y'"),), "unknown"),
    ],
)
def test_roles_above_the_target_count_and_no_others(roles: tuple[Resource, ...], expected: str) -> None:
    found, _ = scanned(with_roles(*roles))
    assert status(found, "OBR016", "mlw-vision-prod") == {expected, "not-applicable"}


def test_a_finding_refers_to_the_answer_about_the_role() -> None:
    wanted = collection_for([registry()["OBR016"]])
    with scan_of(DEMO, *DEMO.default_faults, collection=wanted) as (_, payloads, _):
        traces = Traces()
        tabulation = Tabulation(traces)
        for each in payloads:
            tabulation.add(each)
        rules = tabulation.finished().outbound_rules
    rule = rules[rules["service_resource_id"].eq(LAKE)]
    (answer,) = (each for each in payloads if each.kind == "roleAssignments" and each.scope == LAKE)
    assert f"{answer.id}#" in traces.finished().of_row("outbound_rules", rule.index[0])
    assert rule["target_roles"].to_list() == [APPROVER]


ONE, TWO = "/identities/one", "/identities/two"
P1, P2, P3 = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
USERS = {ONE: {"principalId": P1}, TWO: {"principalId": P2}}


@pytest.mark.parametrize(
    ("identity", "primary", "expected"),
    [
        (None, None, ""),
        ({"type": "None"}, None, ""),
        ({"type": "SystemAssigned", "principalId": P3}, None, P3),
        (
            {"type": "SystemAssigned,UserAssigned", "principalId": P3, "userAssignedIdentities": USERS},
            None,
            P3,
        ),
        (
            {"type": "SystemAssigned,UserAssigned", "principalId": P3, "userAssignedIdentities": USERS},
            TWO.upper(),
            P2,
        ),
        ({"type": "UserAssigned", "userAssignedIdentities": {ONE: {"principalId": P1}}}, None, P1),
        ({"type": "UserAssigned", "userAssignedIdentities": USERS}, None, None),
        ({"type": "UserAssigned", "userAssignedIdentities": USERS}, "/identities/gone", None),
        ({"type": "UserAssigned", "userAssignedIdentities": {ONE: {}}}, ONE, None),
        ({"type": "UserAssigned", "userAssignedIdentities": [ONE]}, ONE, None),
        ({"type": "SystemAssigned", "principalId": "x') or 1 eq ('"}, None, None),
        ("not shown", None, None),
    ],
)
def test_the_identity_that_represents_a_workspace(
    identity: Any, primary: str | None, expected: str | None
) -> None:
    item = {"identity": identity, "properties": {"primaryUserAssignedIdentity": primary}}
    assert identity_of(item) == expected


@pytest.mark.parametrize(
    ("place", "is_above"),
    [
        ("", True),
        ("/providers/Microsoft.Management/managementGroups/mg", True),
        (f"/subscriptions/{PRODUCTION.subscription.upper()}", True),
        (GROUP, True),
        (LAKE, True),
        (f"{LAKE}2", False),
        ("/subscriptions/another", False),
    ],
)
def test_an_assignment_below_or_beside_the_target_answers_something_else(place: str, is_above: bool) -> None:
    item = {"id": f"{place}/providers/Microsoft.Authorization/roleAssignments/{P1}"}
    assert is_assigned_above(item["id"], LAKE) == is_above
    page = payload("roleAssignments", {"value": [item]}, scope=LAKE)
    assert bool(items_on(page).items) == is_above
    assert bool(items_on(page).flaws) != is_above


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "principalId", "userAssignedIdentities", "a"]), inner)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_odd_identities_are_no_identity(identity: object, properties: object) -> None:
    assert identity_of({"identity": identity, "properties": properties}) in ("", None)


WORKSPACE = {
    "id": VISION,
    "name": "mlw-vision-prod",
    "identity": {"type": "SystemAssigned", "principalId": PRINCIPAL},
    "properties": {
        "managedNetwork": {
            "isolationMode": "AllowInternetOutbound",
            "outboundRules": {
                "lake": {
                    "type": "PrivateEndpoint",
                    "category": "UserDefined",
                    "destination": {"serviceResourceId": LAKE, "subresourceTarget": "blob"},
                }
            },
        },
        **dict.fromkeys(("storageAccount", "keyVault", "containerRegistry", "applicationInsights")),
    },
}


def exported(folder: Path, **files: object) -> Tables:
    items: list[Payload | Gap] = []
    path = written(folder, {f"{name}.json": each for name, each in files.items()})
    asyncio.run(source_from(path, collection_for([registry()["OBR016"]])).read(items.append))
    return tables(items)


def printed(
    place: str, principal: str, role: str, principal_type: str = "ServicePrincipal"
) -> dict[str, object]:
    return {
        "id": f"{place}/providers/Microsoft.Authorization/roleAssignments/{P1}",
        "name": P1,
        "principalId": principal,
        "principalType": principal_type,
        "roleDefinitionId": f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "scope": place,
        "condition": None,
        "resourceGroup": "g",
        "type": "Microsoft.Authorization/roleAssignments",
    }


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (printed(GROUP, PRINCIPAL, APPROVER), "pass"),
        (printed("", PRINCIPAL, APPROVER), "pass"),
        (printed("/providers/Microsoft.Management/managementGroups/mg", PRINCIPAL, APPROVER), "pass"),
        (printed(GROUP, PRINCIPAL, READER), "unknown"),
        (printed(GROUP, P2, APPROVER, "Group"), "unknown"),
        (printed(GROUP, P2, APPROVER), "unknown"),
        (printed(f"{LAKE}2", PRINCIPAL, APPROVER), "unknown"),
    ],
)
def test_an_export_proves_that_a_role_is_there_and_never_that_none_is(
    row: dict[str, object], expected: str, tmp_path: Path
) -> None:
    found = exported(tmp_path, ws=WORKSPACE, roles=[row])
    assert status(found, "OBR016", "mlw-vision-prod") == {expected, "unknown"}, "other rules may exist"


def test_an_export_without_roles_says_what_to_add(tmp_path: Path) -> None:
    found = exported(tmp_path, ws=WORKSPACE)
    assert found.gaps["closes"].str.contains("az role assignment list").any()
    with_role = exported(tmp_path / "two", ws=WORKSPACE, roles=[printed(GROUP, PRINCIPAL, APPROVER)])
    assert not with_role.gaps["code"].eq("NotInExport.roleAssignments").any()
