"""Decides which workspaces of a list are in scope, and which rule leaves out each other one.

The reader, the tables and `azml-audit verify` call it, so that all three decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.payloads.json_members import key, link, resource_group_of
from scanner.payloads.secret_forms import REDACTED
from scanner.scope.globs import first_matching
from scanner.scope.subscriptions import LeftOut
from scanner.scope.wanted import Wanted

Tags = Mapping[str, Any] | None
"""The tags of a workspace by name as Azure spells it. None if they were not read."""


def left_out_by(wanted: Wanted, resource_group: str | None, tags: Tags) -> LeftOut | None:
    """Return the first rule that leaves out a workspace, None if it is in scope.

    A tag that the workspace does not have matches no glob. A resource group, tags or the value of a tag that were
    not read leave the workspace in scope: `undecided` names them.
    """
    groups = wanted.resource_groups
    if groups and resource_group is not None and first_matching(resource_group, groups) is None:
        why = f"its resource group is {resource_group}"
        return LeftOut(rule=f"resource_groups: {', '.join(groups)}", why=why)
    for name, globs in wanted.tags.items() if tags is not None else ():
        why = _differs(name, globs, tags)
        if why:
            return LeftOut(rule=f"tags: {name}={' or '.join(globs)}", why=why)
    return None


class Sorting:
    """Sorts the workspaces of lists into those in scope and those left out, and finds the hubs that decide."""

    def __init__(self, wanted: Wanted) -> None:
        """Start empty. `hubs` are the lower-cased ids of the hubs that Projects in scope name."""
        self.hubs: set[str] = set()
        self._wanted = wanted

    def is_in_scope(self, item: Mapping[str, Any]) -> bool:
        """Return whether an item with an id is in scope, and record its hub if it is."""
        if not self._wanted.limits_workspaces:
            return True
        if left_out_by(self._wanted, resource_group_of(item["id"]), tags_of(item)) is not None:
            return False
        if hub := link(item.get("properties"), "hubResourceId"):
            self.hubs.add(key(hub))
        return True


def tags_of(item: Mapping[str, Any]) -> Tags:
    """Return the tags of a workspace in a list. null means that it has none."""
    tags = item.get("tags", False)
    return {} if tags is None else tags if isinstance(tags, dict) else None


def undecided(wanted: Wanted, resource_group: str | None, tags: Tags) -> Sequence[str]:
    """Return the rules that could not decide about a workspace, because what they ask for was not read."""
    found = ["resource_groups"] if wanted.resource_groups and resource_group is None else []
    names = [name for name in wanted.tags if tags is None or not _is_known(_values(name, tags))]
    return [*found, *(f"tags: {name}" for name in names)]


def _differs(name: str, globs: Sequence[str], tags: Mapping[str, Any] | None) -> str:
    """Return why a tag does not match, "" if it does or may."""
    values = _values(name, tags or {})
    if not values:
        return f"it has no tag {name}"
    if not _is_known(values) or first_matching(str(values[0]), globs) is not None:
        return ""
    return f"its tag {name} is {values[0]}"


def _values(name: str, tags: Mapping[str, Any]) -> Sequence[Any]:
    """Return the value of a tag, in a list that is empty if there is no such tag."""
    return [value for spelled, value in tags.items() if spelled.lower() == name.lower()][:1]


def _is_known(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) and REDACTED not in value for value in values)
