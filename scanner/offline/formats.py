"""Recognises the format of a file by its content, and lists its items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from scanner.errors import ExportError
from scanner.offline import az_ml, az_ml_children, foreign
from scanner.offline.files import ExportFile
from scanner.offline.items import NETWORK_PROVIDER_ID, Item, item_of, kind_of, not_supported, type_of
from scanner.payloads import json_members
from scanner.payloads.answers import ROLE_ASSIGNMENTS
from scanner.payloads.gaps import arm_error
from scanner.payloads.json_members import spelled
from scanner.payloads.pages import next_link
from scanner.tables.networks import NETWORK_TYPES

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
    document = file.document
    if words := foreign.refusal(document):
        raise ExportError(f"{file.name} is {words}")
    if (found := _by_another_tool(file, document)) is not None:
        return found
    if isinstance(document, list):
        return _array(file, document)
    if not isinstance(document, dict):
        raise not_supported(file, f"it contains one {type(document).__name__}")
    if "data" in document and not _GRAPH_COUNTS.isdisjoint(document):
        return _graph(file, document)
    if spelled(document, "value") in document and "id" not in document:
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
    rows = _objects(file, document[spelled(document, "value")], "`value`")
    continues = bool(next_link(document))
    if not rows:
        return _empty(file, continues=continues)
    if _is_printed(rows[0]):
        printed = _array(file, rows)
        return replace(printed, continues=continues, is_whole=printed.is_whole and not continues)
    return _rows(file, rows, Format.ARM_LIST, continues=continues, is_whole=not continues, is_verbatim=True)


def _is_printed(row: json_members.Object) -> bool:
    """Check whether `az ml` printed the row. Scripts put such rows into the envelope of a LIST."""
    kind = kind_of(row)
    is_rule = az_ml.is_rule(row) and not json_members.named(row, "id")
    return is_rule or (kind == "workspaces" and az_ml.is_workspace(row)) or az_ml_children.is_child(kind, row)


def _array(file: ExportFile, values: list[Any]) -> ParsedFile:
    rows = _objects(file, values, "the list")
    if not rows:
        return _empty(file)
    first = rows[0]
    if az_ml.is_rule(first) and not json_members.named(first, "id"):
        return _rows(file, rows, Format.ML_RULES, is_whole=True)
    kind = kind_of(first)
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
    if isinstance(row.get(spelled(row, "error")), dict):
        code, message = arm_error(row)
        raise not_supported(file, f"it contains an error of Azure ({code}: {message})")
    if az_ml.is_rule(row) and not json_members.named(row, "id"):
        return _rows(file, [row], Format.ML_RULE)
    kind = kind_of(row)
    if kind == "workspaces" and az_ml.is_workspace(row):
        return _rows(file, [row], Format.ML_WORKSPACE)
    if az_ml_children.is_child(kind, row):
        return _rows(file, [row], ML_CHILDREN[kind])
    if kind in NETWORK_TYPES and "properties" not in row:
        return _rows(file, [row], Format.NETWORK)
    if NETWORK_PROVIDER_ID.match(json_members.link(row, "id") or ""):
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
    found = [item_of(file, row, position, may_be_cut=may_be_cut) for position, row in enumerate(rows)]
    items = tuple(item for item in found if item is not None)
    if not items:
        types = sorted({resource_type for row in rows if (resource_type := type_of(row))})
        only = f", only {', '.join(types[:3])}" if types else ""
        raise not_supported(file, f"it contains no workspace and no resource that belongs to one{only}")
    of_one = len({(item.kind, item.scope.lower()) for item in items}) == 1
    return ParsedFile(
        file=file,
        format=format_,
        items=items,
        is_whole=is_whole and of_one,
        continues=continues,
        is_verbatim=is_verbatim and of_one and len(items) == len(rows),
    )


def _objects(file: ExportFile, values: Any, what: str) -> list[json_members.Object]:
    if not isinstance(values, list):
        raise not_supported(file, f"{what} is not a list")
    for position, value in enumerate(values):
        if not isinstance(value, dict):
            raise not_supported(file, f"item {position} of {what} is not an object")
    return values
