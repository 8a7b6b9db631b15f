"""Turns one row of an export into an item, in the shape of Azure Resource Manager."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scanner.errors import ExportError
from scanner.offline import az_ml, az_ml_children, foreign
from scanner.offline.files import SUPPORTED, ExportFile
from scanner.payloads import json_members
from scanner.payloads.answers import NETWORK_PROVIDER, PERIMETERS, ROLE_ASSIGNMENTS
from scanner.tables.associated import ASSOCIATED, TYPES
from scanner.tables.children import CHILDREN, WORKSPACES
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.role_assignments import ROLES_TYPE

_KIND_OF_TYPE: Mapping[str, str] = {
    WORKSPACES.lower(): "workspaces",
    **{child.resource_type.lower(): child.kind for child in CHILDREN},
    **{each.resource_type.lower(): ASSOCIATED for each in TYPES},
    **{f"{each.resource_type}/{PERIMETERS}".lower(): PERIMETERS for each in TYPES if each.perimeters},
    **{resource_type.lower(): kind for kind, resource_type in NETWORK_TYPES.items()},
    ROLES_TYPE.lower(): ROLE_ASSIGNMENTS,
}

SINGLE_KINDS = frozenset({ASSOCIATED, NETWORK_PROVIDER, *NETWORK_TYPES})
"""The kinds of which each item is an answer about one resource, and no item of a list."""

_PROVIDED = re.compile(r"^(?:.*)/providers/([^/]+)/([^/]+/[^/]+(?:/[^/]+/[^/]+)*)$", re.IGNORECASE)
_WORKSPACE_ID = re.compile(
    r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
    r"Microsoft\.MachineLearningServices/workspaces/[^/]+",
    re.IGNORECASE,
)
NETWORK_PROVIDER_ID = re.compile(r"^(/subscriptions/[^/]+)/providers/Microsoft\.Network$", re.IGNORECASE)
_SUBSCRIPTION_ID = re.compile(r"^/subscriptions/[^/]+$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One resource in a file, in ARM's shape.

    `scope` is the workspace of a child, the subscription of a workspace, and the resource's own id otherwise.
    It is "" if the content does not name it.
    """

    kind: str
    scope: str
    document: json_members.Object


def _workspace_id_in(resource_id: str) -> str | None:
    """Return the id of the workspace that a resource id begins with."""
    match = _WORKSPACE_ID.match(resource_id)
    return match.group() if match else None


def item_of(file: ExportFile, row: json_members.Object, position: int, *, may_be_cut: bool) -> Item | None:
    """Return the row as an item, or None for a resource of a type that no audit reads.

    If the row `may_be_cut`, `NOT_SHOWN` takes the place of absent members whose absence matters.
    """
    resource_id = json_members.link(row, "id")
    if resource_id is None:
        if az_ml.is_rule(row):
            return Item(kind="outboundRules", scope="", document=row)
        raise not_supported(file, f"its item {position} has no id")
    if found := _of_subscription(resource_id, row):
        return found
    if _PROVIDED.match(resource_id) is None:
        raise not_supported(
            file, f"its item {position} has the id {resource_id!r}, which is not a resource id"
        )
    kind = kind_of(row)
    if kind in (PERIMETERS, ROLE_ASSIGNMENTS, *SINGLE_KINDS):
        return Item(kind=kind, scope=_scope_of(kind, resource_id), document=row)
    workspace_id = _workspace_id_in(resource_id)
    if not kind or workspace_id is None:
        return None
    if kind != "workspaces":
        is_printed = az_ml_children.is_child(kind, row)
        document = az_ml_children.child(kind, row) if is_printed else foreign.unflattened(row)
        return Item(kind=kind, scope=workspace_id, document=document)
    document = row
    if az_ml.is_workspace(row):
        document = az_ml.workspace(row)
    elif may_be_cut:
        document = az_ml.with_not_shown(row)
    return Item(kind=kind, scope="/".join(workspace_id.split("/")[:3]), document=document)


def _scope_of(kind: str, resource_id: str) -> str:
    """Return the id of the resource that a perimeter configuration or a role assignment belongs to."""
    if kind == ROLE_ASSIGNMENTS:
        return resource_id[: resource_id.lower().rindex("/providers/")] or "/"
    return resource_id.rsplit("/", 2)[0] if kind == PERIMETERS else resource_id


def _of_subscription(resource_id: str, row: json_members.Object) -> Item | None:
    """Return a subscription, or the registration of Microsoft.Network in one."""
    if _SUBSCRIPTION_ID.match(resource_id):
        return Item(kind="subscriptions", scope="/subscriptions", document=row)
    provider = NETWORK_PROVIDER_ID.match(resource_id)
    return Item(kind=NETWORK_PROVIDER, scope=provider.group(1), document=row) if provider else None


def kind_of(row: json_members.Object) -> str:
    """Return the kind of a resource by its id, or "" if no audit reads its type."""
    return _KIND_OF_TYPE.get(type_of(row).lower(), "")


def type_of(row: json_members.Object) -> str:
    """Return the type of a resource by its id, or "" if it has no resource id."""
    provided = _PROVIDED.match(json_members.link(row, "id") or "")
    return "/".join([provided.group(1), *provided.group(2).split("/")[0::2]]) if provided else ""


def not_supported(file: ExportFile, why: str) -> ExportError:
    """Return the error for a file, with what is supported."""
    return ExportError(f"{file.name} is not a supported export: {why}. {SUPPORTED}")
