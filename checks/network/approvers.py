"""Roles that let an identity approve private endpoints, by the type of the target.

A role approves if its actions contain `TYPE/privateEndpointConnectionsApproval/action` for the type. A role that the
table does not list is unknown, custom roles included.
"""

from __future__ import annotations

from typing import Final

from checks.network.targets import SUPPORTED_TARGETS, resource_type_of

APPROVER: Final = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"
"""Azure AI Enterprise Network Connection Approver."""

CONTRIBUTOR: Final = "b24988ac-6180-42a0-ab88-20f7382dd24c"

MAY_NOT_COUNT: Final = "?"
"""The mark of an assignment that may not count, or of assignments that the source does not show."""

_NOT_APPROVED: Final = frozenset(
    {
        "microsoft.databricks/workspaces",
        "microsoft.datafactory/factories",
        "microsoft.dbformariadb/servers",
        "microsoft.web/sites",
    }
)
"""The supported targets that the documentation does not list for the role APPROVER ("Workspace managed virtual
network isolation", private endpoints, read 2026-11): they need another role."""

_COVERED: Final = frozenset({*SUPPORTED_TARGETS, "microsoft.network/applicationgateways"} - _NOT_APPROVED)

_PROVIDERS: Final = {
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": (
        "microsoft.storage/storageaccounts",
    ),  # Storage Account Contributor
    "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68": (
        "microsoft.cognitiveservices/",
    ),  # Cognitive Services Contributor
    "673868aa-7521-48a0-acc6-0f60742d39f5": ("microsoft.datafactory/factories",),  # Data Factory Contributor
    "7ca78c08-252a-4471-8644-bb5ff32d4ba0": (
        "microsoft.search/searchservices",
    ),  # Search Service Contributor
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ("",),  # Owner
    CONTRIBUTOR: ("",),  # Contributor
    "f25e0fa2-a7c8-4377-a976-54943a77a395": ("microsoft.keyvault/",),  # Key Vault Contributor
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": (),  # Reader
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": (),  # Key Vault Administrator
    "4633458b-17de-408a-b874-0445c86b69e6": (),  # Key Vault Secrets User
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": (),  # Storage Blob Data Reader
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": (),  # Storage Blob Data Contributor
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": (),  # Storage Blob Data Owner
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": (),  # Storage File Data Privileged Contributor
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": (),  # AcrPull
    "8311e382-0749-4cb8-b61a-304f252e45ec": (),  # AcrPush
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": (),  # AzureML Data Scientist
}
"""Role definition to the beginnings of the types over which it has every action ("" for all types).

From "Azure built-in roles", read 2026-11: Owner and Contributor have `*`, without Authorization's writes for the
latter; the contributors of a provider have `PROVIDER/*`. The roles without a type only read or only use data.
"""


def approves(role: str, target: str) -> bool | None:
    """Return whether a role lets its holder approve a private endpoint on the target. None if that is not known."""
    resource_type = resource_type_of(target)
    if resource_type is None:
        return None
    if role.lower() == APPROVER:
        return resource_type in _COVERED if resource_type in {*_COVERED, *_NOT_APPROVED} else None
    beginnings = _PROVIDERS.get(role.lower())
    return None if beginnings is None else resource_type.startswith(beginnings)


def may_approve(roles: str, target: str) -> bool | None:
    """Return whether one of the roles, joined by ", ", approves on the target. None if it is not known."""
    found = {approves(role, target) for role in roles.split(", ") if role}
    return True if True in found else None if None in found or resource_type_of(target) is None else False
