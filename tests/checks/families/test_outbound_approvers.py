"""OBR016: whether the workspace identity may approve the private endpoint of a rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.network.approvers import APPROVER, approves, may_approve
from checks.network.targets import SUPPORTED_TARGETS
from tests.support.tables.checks import (
    SUBSCRIPTION,
    Row,
    asked,
    endpoint_rule,
    isolated,
    statuses,
    workspace_id,
)

PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/far/providers"
LAKE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/lake"
OWN = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/own"
FACTORY = f"{PROVIDERS}/Microsoft.DataFactory/factories/df"
OWNER, CONTRIBUTOR = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c"
OF_STORAGE, READER = "17d1049b-9a84-46fb-8f53-869881c3d3ab", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CUSTOM = "00000000-0000-4000-8000-00000000000c"
SYSTEM: Row = {
    "identity_type": "SystemAssigned",
    "primary_user_assigned_identity": "",
    "storage_account": OWN,
    "key_vault": "",
    "container_registry": "",
    "application_insights": "",
}
USER: Row = {**SYSTEM, "identity_type": "UserAssigned"}


def status(roles: str | None, target: str | None = LAKE, *, of: Row = SYSTEM, **rule: object) -> str:
    row = {**endpoint_rule(target, "blob", target_roles=roles), **rule}
    (found,) = statuses(asked("OBR016", [{**isolated(), **of}], rules=[row]))
    return found


@pytest.mark.parametrize(
    ("roles", "target", "expected"),
    [
        (APPROVER, LAKE, "pass"),
        (APPROVER.upper(), LAKE.upper(), "pass"),
        (OWNER, LAKE, "pass"),
        (f"{READER}, {CONTRIBUTOR}", FACTORY, "pass"),
        (OF_STORAGE, LAKE, "pass"),
        (f"{APPROVER}, ?", LAKE, "pass"),
        ("", LAKE, "fail"),
        (READER, LAKE, "fail"),
        (APPROVER, FACTORY, "fail"),
        (OF_STORAGE, FACTORY, "fail"),
        (CUSTOM, LAKE, "unknown"),
        (f"{READER}, ?", LAKE, "unknown"),
        (APPROVER, f"{PROVIDERS}/Microsoft.Quantum/workspaces/q", "unknown"),
        (None, LAKE, "unknown"),
        ("", None, "unknown"),
        ("", "nowhere", "unknown"),
    ],
)
def test_obr016_a_role_has_to_approve_on_the_target(
    roles: str | None, target: str | None, expected: str
) -> None:
    assert status(roles, target) == expected
    assert status(roles, target, of=USER, category="Required") == expected


@pytest.mark.parametrize(
    ("of", "rule", "expected"),
    [
        (SYSTEM, {"category": "Required"}, "not-applicable"),
        (SYSTEM, {"target": OWN.upper() + "/"}, "not-applicable"),
        (SYSTEM, {"target": workspace_id("ws")}, "not-applicable"),
        (SYSTEM, {"type": "FQDN"}, "not-applicable"),
        (SYSTEM, {"category": None}, "unknown"),
        (USER, {"category": None}, "fail"),
        (USER, {"target": OWN}, "fail"),
        ({**SYSTEM, "identity_type": "SystemAssigned,UserAssigned"}, {"target": OWN}, "not-applicable"),
        ({**SYSTEM, "primary_user_assigned_identity": "/one"}, {"target": OWN}, "fail"),
        ({**SYSTEM, "identity_type": None}, {"target": OWN}, "unknown"),
        ({**SYSTEM, "identity_type": "Unheard"}, {"target": OWN}, "unknown"),
        ({**SYSTEM, "identity_type": None}, {}, "fail"),
        ({**SYSTEM, "key_vault": None}, {}, "unknown"),
        ({**SYSTEM, "key_vault": None}, {"target": OWN}, "not-applicable"),
    ],
)
def test_obr016_azure_assigns_the_roles_of_a_system_identity_on_the_workspaces_own_resources(
    of: Row, rule: dict[str, object], expected: str
) -> None:
    assert status("", of=of, **rule) == expected  # type: ignore[arg-type]


def test_obr016_the_reason_names_what_the_identity_has() -> None:
    rows = [
        endpoint_rule(LAKE, "blob", "a", target_roles=""),
        endpoint_rule(LAKE, "blob", "b", target_roles=READER),
    ]
    found = asked("OBR016", [{**isolated(), **SYSTEM}], rules=rows)
    assert f"has no role on {LAKE}" in found["reason"].iloc[0]
    assert f"has only roles ({READER}) on {LAKE}" in found["reason"].iloc[1]


ROLES = st.lists(st.sampled_from([APPROVER, OWNER, OF_STORAGE, READER, CUSTOM, "?"]), max_size=4, unique=True)
TYPES = st.sampled_from(
    [*SUPPORTED_TARGETS, "microsoft.network/applicationgateways", "microsoft.quantum/workspaces"]
)


@given(ROLES, ROLES, TYPES)
def test_obr016_one_more_role_never_takes_an_approval_away(
    one: list[str], more: list[str], type_: str
) -> None:
    target = f"{PROVIDERS}/{type_}/name"
    less, all_of_them = may_approve(", ".join(one), target), may_approve(", ".join([*one, *more]), target)
    assert all_of_them if less else all_of_them is not False or less is False
    assert (may_approve(", ".join(one), target) is True) == any(approves(each, target) for each in one)
