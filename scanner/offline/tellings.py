"""One telling of every resource: what several files say of it united, contradictions refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scanner.errors import ExportError
from scanner.offline.reading import Item, Reading
from scanner.payloads import json_members
from scanner.tables.outbound_rules import rule_properties
from scanner.tables.workspaces import workspace_row

Key = tuple[str, str]
"""Kind and lower-cased id."""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What is told of one resource, and by which readings, sorted by file."""

    item: Item
    readings: tuple[Reading, ...]


def tellings(readings: Iterable[Reading]) -> dict[Key, Telling]:
    """Every resource by key. Raises ExportError where two files contradict each other on one."""
    told: dict[Key, Telling] = {}
    for reading in readings:
        for position, item in enumerate(reading.items):
            key = key_of(item) or (item.kind, f"{reading.file.name}#{position}")
            known = told.get(key)
            told[key] = _united(known, item, reading) if known else Telling(item=item, readings=(reading,))
    return told


def key_of(item: Item) -> Key | None:
    """The key of an item; None for one without an id."""
    resource_id = json_members.named(item.document, "id")
    return (item.kind, resource_id.lower()) if resource_id else None


def _united(known: Telling, item: Item, reading: Reading) -> Telling:
    files = [each.file.name for each in known.readings]
    if item.kind == "workspaces":
        differing = _differing(known.item.document, item.document)
    else:
        differing = [] if known.item.document == item.document else ["its properties"]
    if differing:
        raise ExportError(
            f"{item.document['id']} is told differently ({', '.join(differing)}) by {files[-1]} and by "
            f"{reading.file.name}: remove the one that is out of date."
        )
    document = _merged(known.item.document, item.document)
    united = Item(kind=item.kind, scope=known.item.scope, document=document)
    return Telling(item=united, readings=(*known.readings, reading))


def _differing(one: json_members.Object, other: json_members.Object) -> list[str]:
    """The columns on which two tellings of a workspace disagree; what only one tells is no disagreement."""
    left, right = workspace_row(one, ""), workspace_row(other, "")
    columns = [name for name in left if _disagree(left[name], right[name])]
    rules, others = _rules(one), _rules(other)
    told_twice = sorted(rules.keys() & others.keys())
    return columns + [f"rule {name}" for name in told_twice if _is_other(rules[name], others[name])]


def _rules(document: json_members.Object) -> json_members.Object:
    """Name to rule, as the workspace's body tells; a list may tell fewer than the workspace itself."""
    rules = json_members.member(document, "properties", "managedNetwork", "outboundRules")
    return rules if isinstance(rules, dict) else {}


def _is_other(rule: Any, other: Any) -> bool:
    return any(_disagree(*pair) for pair in zip(rule_properties(rule), rule_properties(other), strict=True))


def _disagree(one: Any, other: Any) -> bool:
    """Whether both say something, and not the same; "" is Azure's word for none, or an absent member."""
    if one in (None, "") or other in (None, ""):
        return False
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() != other.lower()
    return bool(one != other)


def _merged(one: Any, other: Any) -> Any:
    """Both objects' members; where both have one, the first that says something."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        names = [*one, *(name for name in other if name not in one)]
        return {name: _merged(one.get(name), other.get(name)) for name in names}
    return other if one in (None, "", {}) else one
