"""Builds role assignments as ARM sends them."""

from __future__ import annotations

from scanner.emulator.tenants.builders import guid
from scanner.emulator.tenants.tenant import Resource
from scanner.emulator.versions import ROLE_ASSIGNMENTS, Document

APPROVER = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def user_assigned(identity_id: str) -> Document:
    """A user-assigned identity and nothing else."""
    principal = {"principalId": principal_of(identity_id), "clientId": guid("client", identity_id)}
    return {"type": "UserAssigned", "userAssignedIdentities": {identity_id: principal}}


def principal_of(seed: str) -> str:
    """The principal id of a user-assigned identity, or of a workspace's system-assigned one, by the resource id."""
    return guid("principal", seed)


def assignment(scope: str, principal: str, role: str, *, condition: str | None = None) -> Resource:
    """A role of a managed identity at a scope."""
    name = guid("assignment", scope, principal, role)
    definitions = "/".join(scope.split("/")[:3])
    properties = {
        "roleDefinitionId": f"{definitions}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "scope": scope,
        "condition": condition,
        "conditionVersion": "2.0" if condition else None,
    }
    body = {
        "id": f"{scope}/providers/{ROLE_ASSIGNMENTS}/{name}",
        "name": name,
        "type": ROLE_ASSIGNMENTS,
        "properties": properties,
    }
    return Resource(body=body)
