"""Finds the workspace of every list in an export, and merges the files that describe one resource."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scanner.errors import ExportError
from scanner.offline import az_ml
from scanner.offline.files import ExportFile
from scanner.offline.formats import ML_CHILDREN, Format, ParsedFile
from scanner.offline.items import Item
from scanner.payloads import json_members
from scanner.payloads.answers import PERIMETERS
from scanner.tables.associated import TYPES
from scanner.tables.children import CHILDREN, OF_KIND
from scanner.tables.outbound_rules import rule_properties
from scanner.tables.workspaces import workspace_row

_KIND_NAMED = {az_ml.folded(kind): kind for kind in (*(child.kind for child in CHILDREN), PERIMETERS)}
_CHILD_FORMATS = frozenset(ML_CHILDREN.values())
_CONVENTION = (
    "Name the file WORKSPACE.outbound-rules.json, or put it into a folder named WORKSPACE, next to the export "
    "that contains the workspace. If workspaces share a name, put it into a folder named after the resource group."
)

Key = tuple[str, str]
"""Kind and lower-cased id."""


@dataclass(frozen=True, kw_only=True)
class MergedItem:
    """One resource, and the files that contain it, sorted by name."""

    item: Item
    files: tuple[ParsedFile, ...]


def with_scopes(parsed: Iterable[ParsedFile]) -> list[ParsedFile]:
    """Give every item its scope. Raises ExportError if neither content nor name shows a list's workspace."""
    files = list(parsed)
    listed = [item.document for each in files for item in each.items if item.kind == "workspaces"]
    workspaces = {document["id"] for document in listed}
    associated = {
        resource_id
        for document in listed
        for each in TYPES
        if (resource_id := json_members.named(document, "properties", each.member))
    }
    return [
        _with_scope(each, sorted(associated if empty_kind(each.file) == PERIMETERS else workspaces))
        for each in files
    ]


def empty_kind(file: ExportFile) -> str:
    """Return the kind of an empty list whose file is named WORKSPACE.KIND.json, or "" for other names."""
    parts = file.name.rpartition("/")[2].split(".")
    return _KIND_NAMED.get(az_ml.folded(parts[-2]).replace("-", ""), "") if len(parts) > 2 else ""


def merged_items(parsed: Iterable[ParsedFile]) -> dict[Key, MergedItem]:
    """Return every resource by its key. Raises ExportError if two files contradict each other."""
    merged: dict[Key, MergedItem] = {}
    for each in parsed:
        for position, item in enumerate(each.items):
            key = key_of(item) or (item.kind, f"{each.file.name}#{position}")
            known = merged.get(key)
            merged[key] = _united(known, item, each) if known else MergedItem(item=item, files=(each,))
    return merged


def key_of(item: Item) -> Key | None:
    """Return the key of an item, or None if it has no id."""
    resource_id = json_members.named(item.document, "id")
    return (item.kind, json_members.key(resource_id)) if resource_id else None


def _with_scope(each: ParsedFile, workspaces: Collection[str]) -> ParsedFile:
    if each.format is Format.EMPTY and empty_kind(each.file):
        return replace(each, empty_of=_owner(each.file, workspaces))
    if all(item.scope for item in each.items):
        return each
    owner = _owner(each.file, workspaces)
    items = [
        item if item.scope else replace(item, scope=owner, document=az_ml.rule_item(item.document, owner))
        for item in each.items
    ]
    return replace(each, items=tuple(items))


def _owner(file: ExportFile, workspaces: Collection[str]) -> str:
    """Return the workspace that the name of the file, or of a folder above it, names."""
    *folders, name = file.name.split("/")
    for candidate in (name.split(".")[0], *reversed(folders)):
        found = [each for each in workspaces if json_members.last_part(each).lower() == candidate.lower()]
        if len(found) > 1:
            groups = {folder.lower() for folder in folders}
            found = [each for each in found if (json_members.resource_group_of(each) or "").lower() in groups]
            if len(found) != 1:
                raise ExportError(f"{file.name} fits several workspaces named {candidate}. {_CONVENTION}")
        if found:
            return found[0]
    raise ExportError(f"{file.name} does not show which workspace it belongs to. {_CONVENTION}")


def _united(known: MergedItem, item: Item, other: ParsedFile) -> MergedItem:
    one, two = known.item.document, item.document
    differing = [] if one == two else ["its properties"]
    if differing and item.kind == "workspaces":
        differing = _differing(one, two)
    elif differing and not _CHILD_FORMATS.isdisjoint({other.format, *(file.format for file in known.files)}):
        differing = _differing_columns(item, one, two)
    if differing:
        raise ExportError(
            f"{known.files[-1].file.name} and {other.file.name} contradict each other about {two['id']} "
            f"({', '.join(differing)}). Remove the file that is out of date."
        )
    united = Item(kind=item.kind, scope=known.item.scope, document=_merged(one, two))
    return MergedItem(item=united, files=(*known.files, other))


def _differing_columns(item: Item, one: json_members.Object, other: json_members.Object) -> list[str]:
    """Return the columns in which a command and another format contradict each other about one resource."""
    row = OF_KIND[item.kind].row
    assert row
    left, right = row(item.scope, one), row(item.scope, other)
    return [name for name in left if _contradict(left[name], right[name])]


def _differing(one: json_members.Object, other: json_members.Object) -> list[str]:
    """Return the columns and rules in which two versions of a workspace contradict each other."""
    left, right = workspace_row(one, ""), workspace_row(other, "")
    columns = [name for name in left if _contradict(left[name], right[name])]
    rules, others = _rules(one), _rules(other)
    for name in sorted(rules.keys() & others.keys()):
        pairs = zip(rule_properties(rules[name]), rule_properties(others[name]), strict=True)
        if any(_contradict(*pair) for pair in pairs):
            columns.append(f"rule {name}")
    return columns


def _rules(document: json_members.Object) -> json_members.Object:
    rules = json_members.member(document, "properties", "managedNetwork", "outboundRules")
    return rules if isinstance(rules, dict) else {}


def _contradict(one: Any, other: Any) -> bool:
    """Return whether both values are reported and differ. "" is Azure's word for none, or an absent member."""
    if one in (None, "") or other in (None, ""):
        return False
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() != other.lower()
    return bool(one != other)


def _merged(one: Any, other: Any) -> Any:
    """Merge two objects. If both have a member, the first value that is not empty counts."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {name: _merged(one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])}
    return other if one in (None, "", {}) else one
