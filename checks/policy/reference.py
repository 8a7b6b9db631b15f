"""Write the reference of policy files as Markdown, from their JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.model import Check
from checks.policy.json_schema import policy_schema

Schema = Mapping[str, Any]

_PARTS = (
    (
        "CheckSetting",
        "A check's settings",
        "Under `checks`, by id, family or severity. An empty value means the defaults.",
    ),
    ("Override", "An override", "Under `overrides`. A later one wins."),
    ("Selector", "A selector", "Under `where`. Every key must match. Each takes one glob or a list."),
    ("Waiver", "A waiver", "Under `waivers`. It names a `resource`, a `where`, or both."),
)


def reference(checks: Mapping[str, Check]) -> str:
    """Return every key of a policy: its type, whether it is required, and its meaning."""
    schema = policy_schema(checks)
    sections = [
        "# Reference of policy files\n",
        "`make docs` writes this page from the schema that `azml-audit policies schema` prints. Do not edit it. "
        "See [policies.md](policies.md) for the order in which settings win.\n",
        "## The policy\n",
        _table(schema, schema),
    ]
    for name, title, text in _PARTS:
        sections += [f"## {title}\n", f"{text}\n", _table(_object(schema["$defs"][name]), schema)]
    return "\n".join(sections)


def _object(schema: Schema) -> Schema:
    """Return the form of the value that is a mapping."""
    forms = schema.get("anyOf", [])
    if "properties" in schema:
        return schema
    found: Schema = next(form for form in forms if "properties" in form)
    return found


def _table(schema: Schema, root: Schema) -> str:
    rows = ["| key | type | required | meaning |", "| --- | --- | --- | --- |"]
    for name, value in schema["properties"].items():
        required = "yes" if name in schema.get("required", []) else ""
        meaning = " ".join(str(value.get("description", "")).split())
        rows.append(f"| `{name}` | {_type(value, root)} | {required} | {meaning} |")
    return "\n".join(rows) + "\n"


def _type(value: Schema, root: Schema) -> str:
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        words = root["$defs"][name].get("enum")
        return ", ".join(words) if words else name.lower()
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(form, root) for form in value["anyOf"]))
    if "const" in value:
        return str(value["const"])
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}), root)}"
    kind = str(value.get("type", "anything"))
    return {"object": "mapping", "string": "text"}.get(kind, kind)
