"""Fill in the placeholders of a fix for one finding, from the ids, the report's files and the tables, if there are any.

A report has fewer columns than the tables of a bundle, of exports or of Azure. A placeholder that nothing fills becomes
a variable of the shell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from checks.contract.tables import Tables
from checks.drift.model import Snapshot, TextRow
from checks.fixes.access.clouds import in_cloud_of
from checks.fixes.marks import facts_of
from checks.fixes.reading import Part
from checks.fixes.steps import for_facts
from checks.model import Check, Remediation
from reports.literals import az_literal
from reports.page.fixes import WORKSPACE_NAMES, Resources, names_for

_WORD = re.compile(
    r"(?P<json>(?<=\"')\{\{(?P<in_json>\w+)\}\}(?='\"))|\{\{(?P<name>\w+)\}\}|\$(?P<shell>[A-Z]\w*)"
)
_PLACES = {"subscriptions": "subscription_id", "resourcegroups": "resource_group"}
_KINDS = {
    "workspaces": "workspace",
    "computes": "compute",
    "onlineendpoints": "endpoint",
    "batchendpoints": "endpoint",
    "serverlessendpoints": "endpoint",
    "deployments": "deployment",
    "outboundrules": "rule",
    "privateendpointconnections": "connection",
}
_GUARD = re.compile(r"^if \[ (?P<tests>.*?) \]; then (?P<command>.*); fi$")
_TEST = re.compile(r"^\{\{(?P<name>\w+)\}\} (?P<sign>!?=) (?P<word>\w+)$")
_TYPES = {"onlineendpoints": "online", "batchendpoints": "batch", "serverlessendpoints": "serverless"}
_ROLES = {"storageaccounts": "storage", "vaults": "vault", "registries": "registry", "components": "insights"}


class Values:
    """The values of the placeholders, by finding."""

    def __init__(self, audit: Snapshot, tables: Tables | None) -> None:
        """Start without any value looked up."""
        self._audit = audit
        self._resources = Resources(tables) if tables is not None else None

    def owner(self, check: Check, finding: TextRow) -> str:
        """Return the lower-cased id of the workspace that the fix changes: the hub if its network decides."""
        own = finding["workspace_id"].lower()
        hub = self._audit.workspace_rows.get(own, {}).get("hub_resource_id", "").lower()
        return hub if hub and check.over == "workspaces" and check.follows_hub else own

    def fix(self, check: Check, finding: TextRow) -> Remediation:
        """Return the fix for the kind and the cloud of the workspace that it changes."""
        row = self._audit.workspace_rows.get(self.owner(check, finding), {})
        kind, region = row.get("kind", ""), row.get("location", "")
        names = names_in(finding["resource_id"])
        type_ = names.get("endpoint_type") or names.get("role", "")
        fix = for_facts(check.remediation, facts_of(kind, is_reached=False, type_=type_))
        return in_cloud_of(fix, region)

    def of(self, check: Check, names: tuple[str, ...], finding: TextRow) -> dict[str, str]:
        """Return the value of each placeholder that is known."""
        owner = self.owner(check, finding)
        row = self._audit.workspace_rows.get(owner, {})
        workspace_id = row.get("workspace_id") or (
            owner if owner != finding["workspace_id"].lower() else finding["workspace_id"]
        )
        is_workspace = check.over == "workspaces"
        resource_id = workspace_id if is_workspace else finding["resource_id"]
        known = {
            **names_in(resource_id),
            **self._audit_row(resource_id, row if is_workspace else {}),
            **{name: names_in(workspace_id).get(name, "") for name in WORKSPACE_NAMES},
            **{name: row.get(name, "") for name in WORKSPACE_NAMES if row.get(name)},
            "workspace_id": workspace_id,
            "resource_id": resource_id,
        }
        known = {name: value for name, value in known.items() if value}
        return {**known, **self._of_tables(check, names, finding, owner)}

    def _audit_row(self, resource_id: str, workspace: TextRow) -> dict[str, str]:
        rules = self._audit.rules_by_key
        key = resource_id.lower()
        rule = {str(name): str(value) for name, value in rules.loc[key].items()} if key in rules.index else {}
        return {**workspace, **rule}

    def _of_tables(
        self, check: Check, names: tuple[str, ...], finding: TextRow, owner: str
    ) -> dict[str, str]:
        usable = tuple(name for name in names if name in names_for(check))
        if self._resources is None or not usable:
            return {}
        found = self._resources.values(
            check,
            usable,
            resource_id=finding["resource_id"],
            workspace_id=finding["workspace_id"],
            judged_by=owner,
        )
        return {name: value for name, value in zip(usable, found, strict=True) if value != f"<{name}>"}


def names_in(resource_id: str) -> dict[str, str]:
    """Return the names that a resource id contains, and the ids of the resources on its way."""
    parts = resource_id.strip("/").split("/")
    found = {"resource": parts[-1]}
    for place, (segment, name) in enumerate(pairwise(parts), 2):
        word = segment.lower()
        if word in _PLACES:
            found[_PLACES[word]] = name
        if word in _KINDS:
            found |= {_KINDS[word]: name, f"{_KINDS[word]}_id": "/" + "/".join(parts[:place])}
        if word in _TYPES:
            found["endpoint_type"] = _TYPES[word]
        if word in _ROLES:
            found["role"] = _ROLES[word]
    return found


def filled(line: str, values: Mapping[str, str], variable: Callable[[str], str]) -> str:
    """Return the line with each value quoted for the shell, and each name of the shell spelled by `variable`.

    A placeholder without a value becomes a variable of the same name.
    """

    def fill(found: re.Match[str]) -> str:
        if found["shell"]:
            return f"${variable(found['shell'])}"
        name = found["in_json"] or found["name"]
        if name not in values:
            return f'"${variable(name.upper())}"'
        value = json.dumps(values[name], ensure_ascii=False)[1:-1] if found["in_json"] else values[name]
        return az_literal(value)

    return _WORD.sub(fill, line)


def unfilled(lines: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the placeholders of the lines that have no value."""
    names = re.findall(r"\{\{(\w+)\}\}", "\n".join(lines))
    return tuple(dict.fromkeys(name for name in names if name not in values))


def decided(part: Part, values: Mapping[str, str]) -> Part:
    """Return the part without the tests of `if` that the values decide, and without the commands that cannot run.

    A command that cannot run goes with the comment above it.
    """
    lines: list[str] = []
    for line in part.lines:
        kept = _decided(line, values)
        if kept is not None:
            lines.append(kept)
        elif lines and lines[-1].startswith("#"):
            lines.pop()
    return replace(part, lines=tuple(lines))


def _decided(line: str, values: Mapping[str, str]) -> str | None:
    found = _GUARD.match(line)
    if found is None:
        return line
    tests = [(test, _truth(test, values)) for test in found["tests"].split(" ] && [ ")]
    if any(truth is False for _, truth in tests):
        return None
    open_tests = " ] && [ ".join(test for test, truth in tests if truth is None)
    return f"if [ {open_tests} ]; then {found['command']}; fi" if open_tests else found["command"]


def _truth(test: str, values: Mapping[str, str]) -> bool | None:
    found = _TEST.match(test)
    if found is None or found["name"] not in values:
        return None
    return (values[found["name"]] == found["word"]) == (found["sign"] == "=")
