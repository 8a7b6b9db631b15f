"""The arguments of Terraform resources, cut from the providers into a data file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.support.fixes.templates.terraform import blocks
from tests.support.places import DATA

_META = frozenset(
    {"for_each", "count", "depends_on", "lifecycle", "provider", "__is_block__", "__comments__"}
)


def problems(text: str) -> list[str]:
    """Return what the providers would refuse in a text: unknown, missing and wrong arguments.

    Raises TerraformError if the text is not HCL.
    """
    found = []
    for kind, name, body in blocks(text):
        known = provider_arguments().get(kind)
        if known is None:
            found.append(f"{kind} is not in tests/data/fixes/provider_arguments.json")
        else:
            found += [f"{kind}.{name}: {each}" for each in _in_block(known, body)]
    return found


def replaced_names(text: str) -> list[str]:
    """Return the azurerm resources of a text that have an existing name and an argument that replaces them."""
    return [
        f"{kind}.{name}"
        for kind, name, body in blocks(text)
        if kind.startswith("azurerm_machine_learning_workspace")
        and str(body.get("name", "")).startswith('"')
        and any(known.get("replaces") for known in _chosen(kind, body))
    ]


def _chosen(kind: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    usual = {"name", "location", "resource_group_name", "workspace_id"}
    known = provider_arguments()[kind]
    return (known[name] for name in body if name in known and name not in usual)


def _in_block(known: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[str]:
    for name, argument in known.items():
        if argument["required"] and name not in body:
            yield f"{name} is missing"
    for name, value in body.items():
        if name in _META:
            continue
        argument = known.get(name)
        if argument is None:
            yield f"{name} is unknown"
            continue
        values = argument.get("values")
        if values and isinstance(value, str) and value[:1] == '"' and value[1:-1] not in values:
            yield f"{name} is {value}, not one of {', '.join(values)}"
        for inner in value if isinstance(value, list) and "block" in argument else []:
            yield from (f"{name}.{each}" for each in _in_block(argument["block"], inner))


@cache
def provider_arguments() -> Mapping[str, Any]:
    """Return the arguments by resource."""
    path = DATA / "fixes" / "provider_arguments.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["resources"])
