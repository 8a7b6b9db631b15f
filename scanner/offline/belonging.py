"""Whose list a file is where its content does not say: told by the file's name or its folder's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from scanner.errors import ExportError
from scanner.offline import az_ml
from scanner.offline.files import ExportFile
from scanner.offline.reading import LISTS, Format, Item, Reading
from scanner.offline.words import folded
from scanner.payloads import json_members

_KIND_NAMED = {folded(kind): kind for kind in LISTS}
CONVENTION = (
    "Name the file WORKSPACE.outbound-rules.json, or put it in a folder named WORKSPACE, beside "
    "the export that holds the workspace itself; where workspaces share a name, in a folder named for the "
    "resource group."
)


def with_owners(readings: Iterable[Reading]) -> list[Reading]:
    """The readings, every item with its scope. Raises ExportError where a list's workspace cannot be told."""
    told = list(readings)
    workspaces = sorted({item.document["id"] for each in told for item in each.items if _is_workspace(item)})
    return [_owned(each, workspaces) for each in told]


def empty_kind(file: ExportFile) -> str | None:
    """The kind of list an empty file stands for, by its name: WORKSPACE.KIND.json."""
    parts = file.name.rpartition("/")[2].split(".")
    return _KIND_NAMED.get(folded(parts[-2]).replace("-", "")) if len(parts) > 2 else None


def _is_workspace(item: Item) -> bool:
    return item.kind == "workspaces"


def _owned(reading: Reading, workspaces: Collection[str]) -> Reading:
    if reading.format is Format.EMPTY and empty_kind(reading.file):
        owner = _owner(reading.file, workspaces)
        return replace(reading, empty_of=owner)
    if all(item.scope for item in reading.items):
        return reading
    owner = _owner(reading.file, workspaces)
    items = tuple(item if item.scope else _rule(item, owner) for item in reading.items)
    return replace(reading, items=items)


def _rule(item: Item, owner: str) -> Item:
    return replace(item, scope=owner, document=az_ml.rule_item(item.document, owner))


def _owner(file: ExportFile, workspaces: Collection[str]) -> str:
    *folders, name = file.name.split("/")
    for candidate in (name.split(".")[0], *reversed(folders)):
        named = [each for each in workspaces if json_members.last_part(each).lower() == candidate.lower()]
        if len(named) > 1:
            groups = {folder.lower() for folder in folders}
            named = [each for each in named if (json_members.resource_group_of(each) or "").lower() in groups]
            if len(named) != 1:
                raise ExportError(f"{file.name} may be of several workspaces named {candidate}. {CONVENTION}")
        if named:
            return named[0]
    raise ExportError(f"{file.name} does not say which workspace it is about. {CONVENTION}")
