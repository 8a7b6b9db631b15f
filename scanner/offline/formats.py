"""Recognises the format of a file by its content, and lists its items in the shape of Azure Resource Manager."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
_NETWORK_PROVIDER = re.compile(r"^(/subscriptions/[^/]+)/providers/Microsoft\.Network$", re.IGNORECASE)
_SUBSCRIPTION_ID = re.compile(r"^/subscriptions/[^/]+$", re.IGNORECASE)
_GRAPH_COUNTS = frozenset({"count", "total_records", "totalRecords"})


class Format(StrEnum):
    """The supported formats, as reports name them."""

    ML_WORKSPACES = "az ml workspace list"
    ML_WORKSPACE = "az ml workspace show"
    ML_RULES = "az ml workspace outbound-rule list"
    ML_RULE = "az ml workspace outbound-rule show"
    ML_COMPUTES = "az ml compute list"
    ML_ONLINE_ENDPOINTS = "az ml online-endpoint list"
    ML_BATCH_ENDPOINTS = "az ml batch-endpoint list"
    ML_DEPLOYMENTS = "az ml online-deployment list"
    NETWORK = "az network … show"
    PROVIDER = "az provider show"
    ROLES = "az role assignment list"
    RESOURCES = "az resource list"
    RESOURCE = "az resource show"
    GRAPH = "az graph query"
    ARM_LIST = "ARM LIST body"
    ARM_GET = "ARM GET body"
    ARM_ITEMS = "array of ARM resources"
    POWERSHELL = "Az PowerShell"
    ANSIBLE = "Ansible"
    RULE_MAP = "map of outbound rules"
    EMPTY = "empty list"


ML_CHILDREN: Mapping[str, Format] = {
    "computes": Format.ML_COMPUTES,
    "onlineEndpoints": Format.ML_ONLINE_ENDPOINTS,
    "batchEndpoints": Format.ML_BATCH_ENDPOINTS,
    "deployments": Format.ML_DEPLOYMENTS,
}
"""The formats of resources below a workspace by kind. A format is called after `list`, though `show` is alike."""

_COMPLETE = frozenset({Format.ARM_LIST, Format.ARM_GET, Format.RESOURCE})
"""The formats with every member that Azure returned. In the others, a query may have left members out."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One resource in a file, in ARM's shape.

    `scope` is the workspace of a child, the subscription of a workspace, and the resource's own id otherwise.
    It is "" if the content does not name it.
    """

    kind: str
    scope: str
    document: json_members.Object


@dataclass(frozen=True, kw_only=True)
class ParsedFile:
    """A file with its format and items.

    `is_whole` is True if the format proves that a list is complete, `continues` if the list has more pages.
    `is_verbatim` is True if the file is one answer of Azure, unchanged. An empty list has no items; `empty_of`
    is its workspace if the file's name contains it.
    """

    file: ExportFile
    format: Format
    items: tuple[Item, ...]
    is_whole: bool = False
    continues: bool = False
    is_verbatim: bool = False
    empty_of: str = ""


def parse(file: ExportFile) -> ParsedFile:
    """Return the file with its format and items. Raises ExportError if it has none of the formats."""
    file = foreign.unwrapped(file)
    document = file.document
    if words := foreign.refusal(document):
        raise ExportError(f"{file.name} is {words}")
    if (found := _by_another_tool(file, document)) is not None:
        return found
    if isinstance(document, list):
        return _array(file, document)
    if not isinstance(document, dict):
        raise _not_supported(file, f"it contains one {type(document).__name__}")
    if "data" in document and not _GRAPH_COUNTS.isdisjoint(document):
        return _graph(file, document)
    if "value" in document and "id" not in document:
        return _arm_list(file, document)
    return _single(file, document)


def _by_another_tool(file: ExportFile, document: Any) -> ParsedFile | None:
    """Return what another tool than the Azure CLI wrote around Azure's resources, or None."""
    if (rules := foreign.rule_map(document)) is not None:
        return _rows(file, rules, Format.RULE_MAP)
    if (found := foreign.results(document)) is not None:
        rows = _objects(file, found, "the result")
        return _rows(file, rows, Format.ANSIBLE) if rows else _empty(file)
    listed = document if isinstance(document, list) else [document]
    if isinstance(document, dict) and isinstance(document.get("Data"), list):
        listed = document["Data"]
        if not listed:
            return _empty(file)
    if (rows_found := foreign.powershell(listed)) is not None:
        return _rows(file, rows_found, Format.POWERSHELL)
    return None


def _empty(file: ExportFile, *, continues: bool = False) -> ParsedFile:
    return ParsedFile(file=file, format=Format.EMPTY, items=(), continues=continues, is_whole=not continues)


def workspace_id_in(resource_id: str) -> str | None:
    """Return the id of the workspace that a resource id begins with."""
    match = _WORKSPACE_ID.match(resource_id)
    return match.group() if match else None


def _graph(file: ExportFile, document: json_members.Object) -> ParsedFile:
    rows = _objects(file, document["data"], "the query's `data` (use --result-format objectArray)")
    total = document.get("total_records", document.get("totalRecords"))
    truncated = str(document.get("resultTruncated", "false")).lower() == "true"
    token = document.get("skip_token") or document.get("$skipToken")
    continues = bool(token) or truncated or (isinstance(total, int) and total > len(rows))
    if not rows:
        return _empty(file, continues=continues)
    return _rows(file, rows, Format.GRAPH, continues=continues)


def _arm_list(file: ExportFile, document: json_members.Object) -> ParsedFile:
    rows = _objects(file, document["value"], "`value`")
    continues = bool(document.get("nextLink"))
    if not rows:
        return _empty(file, continues=continues)
    return _rows(file, rows, Format.ARM_LIST, continues=continues, is_whole=not continues, is_verbatim=True)


def _array(file: ExportFile, values: list[Any]) -> ParsedFile:
    rows = _objects(file, values, "the list")
    if not rows:
        return _empty(file)
    first = rows[0]
    if az_ml.is_rule(first) and not json_members.named(first, "id"):
        return _rows(file, rows, Format.ML_RULES, is_whole=True)
    kind = _kind_of(first)
    if kind == "workspaces" and az_ml.is_workspace(first):
        return _rows(file, rows, Format.ML_WORKSPACES)
    if az_ml_children.is_child(kind, first):
        return _rows(file, rows, ML_CHILDREN[kind], is_whole=True)
    if (kind in NETWORK_TYPES or kind == ROLE_ASSIGNMENTS) and "properties" not in first:
        return _rows(file, rows, Format.ROLES if kind == ROLE_ASSIGNMENTS else Format.NETWORK)
    if "totalRecords" not in first and "resourceGroup" in first and "tenantId" not in first:
        return _rows(file, rows, Format.RESOURCES)
    return _rows(file, rows, Format.GRAPH if "tenantId" in first else Format.ARM_ITEMS)


def _single(file: ExportFile, row: json_members.Object) -> ParsedFile:
    if isinstance(row.get("error"), dict):
        code, message = json_members.text(row, "error", "code"), json_members.text(row, "error", "message")
        raise _not_supported(file, f"it contains an error of Azure ({code}: {message})")
    if az_ml.is_rule(row) and not json_members.named(row, "id"):
        return _rows(file, [row], Format.ML_RULE)
    kind = _kind_of(row)
    if kind == "workspaces" and az_ml.is_workspace(row):
        return _rows(file, [row], Format.ML_WORKSPACE)
    if az_ml_children.is_child(kind, row):
        return _rows(file, [row], ML_CHILDREN[kind])
    if kind in NETWORK_TYPES and "properties" not in row:
        return _rows(file, [row], Format.NETWORK)
    if _NETWORK_PROVIDER.match(json_members.link(row, "id") or ""):
        return _rows(file, [row], Format.PROVIDER)
    return _rows(file, [row], Format.RESOURCE if "resourceGroup" in row else Format.ARM_GET, is_verbatim=True)


def _rows(
    file: ExportFile,
    rows: Sequence[json_members.Object],
    format_: Format,
    *,
    is_whole: bool = False,
    continues: bool = False,
    is_verbatim: bool = False,
) -> ParsedFile:
    may_be_cut = format_ not in _COMPLETE
    found = [_item(file, row, position, may_be_cut=may_be_cut) for position, row in enumerate(rows)]
    items = tuple(item for item in found if item is not None)
    if not items:
        raise _not_supported(file, "it contains no workspace and no resource that belongs to one")
    of_one = len({(item.kind, item.scope.lower()) for item in items}) == 1
    return ParsedFile(
        file=file,
        format=format_,
        items=items,
        is_whole=is_whole and of_one,
        continues=continues,
        is_verbatim=is_verbatim and of_one and len(items) == len(rows),
    )


def _item(file: ExportFile, row: json_members.Object, position: int, *, may_be_cut: bool) -> Item | None:
    """Return the row as an item, or None for a resource of a type that no audit reads.

    If the row `may_be_cut`, `NOT_SHOWN` takes the place of absent members whose absence matters.
    """
    resource_id = json_members.link(row, "id")
    if resource_id is None:
        if az_ml.is_rule(row):
            return Item(kind="outboundRules", scope="", document=row)
        raise _not_supported(file, f"its item {position} has no id")
    if found := _of_subscription(resource_id, row):
        return found
    if _PROVIDED.match(resource_id) is None:
        raise _not_supported(
            file, f"its item {position} has the id {resource_id!r}, which is not a resource id"
        )
    kind = _kind_of(row)
    if kind in (PERIMETERS, ROLE_ASSIGNMENTS, *SINGLE_KINDS):
        return Item(kind=kind, scope=_scope_of(kind, resource_id), document=row)
    workspace_id = workspace_id_in(resource_id)
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
    provider = _NETWORK_PROVIDER.match(resource_id)
    return Item(kind=NETWORK_PROVIDER, scope=provider.group(1), document=row) if provider else None


def _kind_of(row: json_members.Object) -> str:
    """Return the kind of a resource by its id, or "" if no audit reads its type."""
    provided = _PROVIDED.match(json_members.link(row, "id") or "")
    if provided is None:
        return ""
    types = "/".join([provided.group(1), *provided.group(2).split("/")[0::2]]).lower()
    return _KIND_OF_TYPE.get(types, "")


def _objects(file: ExportFile, values: Any, what: str) -> list[json_members.Object]:
    if not isinstance(values, list):
        raise _not_supported(file, f"{what} is not a list")
    for position, value in enumerate(values):
        if not isinstance(value, dict):
            raise _not_supported(file, f"item {position} of {what} is not an object")
    return values


def _not_supported(file: ExportFile, why: str) -> ExportError:
    return ExportError(f"{file.name} is not a supported export: {why}. {SUPPORTED}")
