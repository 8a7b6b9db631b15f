"""The options of az commands, recorded from azure-cli's own parser and from the source of the `ml` extension."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.fixes.commands.command_lines import CommandLine
from tests.support.places import DATA


def problems(line: CommandLine) -> list[str]:
    """Return what az would refuse in this command: unknown and missing options, and wrong values."""
    command = az_arguments().get(line.name)
    if command is None:
        return [f"az {line.name} is not in tests/data/fixes/az_arguments.json"]
    known = [*command["required"], *command["optional"], *_everywhere()]
    spelled = {name for names in known for name in names}
    found = [f"az {line.name} has no option {name}" for name in line.options if name not in spelled]
    found += [
        f"az {line.name} needs {names[0]}"
        for names in command["required"]
        if not any(line.value(name) for name in names)
    ]
    for name, values in (command.get("choices") or {}).items():
        value = line.value(name)
        if value is not None and value.lower() not in [each.lower() for each in values]:
            found.append(f"az {line.name} {name} is {value}, not one of {', '.join(values)}")
    return found


@cache
def az_arguments() -> Mapping[str, Any]:
    """Return the options by command."""
    document = _document()
    return {**document["core"]["commands"], **document["ml"]["commands"]}


def sources() -> tuple[str, str]:
    """Return where the options of core commands and of the `ml` extension are from."""
    return str(_document()["core"]["source"]), str(_document()["ml"]["source"])


def _everywhere() -> list[list[str]]:
    return [list(names) for names in _document()["everywhere"]]


@cache
def _document() -> Mapping[str, Any]:
    return dict(json.loads((DATA / "fixes" / "az_arguments.json").read_text(encoding="utf-8")))
