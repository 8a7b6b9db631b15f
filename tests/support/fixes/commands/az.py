"""An `az` whose commands change an `ArmWorld`. Each command sends what the real one sends.

`az ml` runs through azure-ai-ml (`az_ml`), `az rest` sends its own body, and `az resource update` reads, changes and
writes back. The few other commands are in `core_commands`, each with the source of its body.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jmespath
import yaml

from tests.support.fixes.commands.az_ml import AzMl
from tests.support.fixes.commands.command_lines import CommandLine, command_line
from tests.support.fixes.commands.core_commands import CORE
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.fixes.world.writes import Refused

_ARM = "https://management.azure.com"


class Az:
    """Runs commands against a world. `lines` lists every command that ran."""

    def __init__(self, world: ArmWorld) -> None:
        """Start without commands. azure-ai-ml is imported for the first `az ml`."""
        self.lines: list[CommandLine] = []
        self._world = world
        self._ml: AzMl | None = None

    def run(self, words: Sequence[str], folder: Path) -> str:
        """Return what the command prints. Raises Refused, KeyError or azure-core's errors if it fails."""
        line = command_line(words, folder)
        self.lines.append(line)
        return _printed(self._result(line), line)

    def _result(self, line: CommandLine) -> Any:
        if line.name.startswith("ml "):
            self._ml = self._ml or AzMl(self._world)
            return self._ml.run(line)
        if line.name == "rest":
            return self._rest(line)
        if line.name == "resource update":
            return self._resource_update(line)
        if line.name not in CORE:
            raise KeyError(f"az {line.name} is in no table of tests/support/fixes")
        return CORE[line.name](self._world, line)

    def _rest(self, line: CommandLine) -> Any:
        url = line.needed("--url", "--uri", "-u").removeprefix(_ARM)
        path, _, query = url.partition("?")
        if "api-version=" not in query and "api-version=" not in (line.value("--url-parameters") or ""):
            raise Refused(400, "MissingApiVersionParameter", url)
        return self._world.send((line.value("--method", "-m") or "get").upper(), path, line.json("--body"))

    def _resource_update(self, line: CommandLine) -> Any:
        """Read, set each path and put: azure-cli's generic update."""
        resource_id = line.needed("--ids")
        body = self._world.send("GET", resource_id)
        for path, value in line.assignments("--set"):
            _set(body, path.split("."), value)
        return self._world.send("PUT", resource_id, body)


def _set(body: Any, path: Sequence[str], value: Any) -> None:
    *above, name = path
    for part in above:
        if body.get(part) is None:
            body[part] = {}
        body = body[part]
    body[name] = value


def _printed(result: Any, line: CommandLine) -> str:
    query = line.value("--query")
    if query:
        result = jmespath.search(query, json.loads(json.dumps(result, default=str)))
    how = line.value("--output", "-o") or "json"
    if how == "none" or result is None:
        return ""
    if how == "tsv":
        rows = result if isinstance(result, list) else [result]
        return "".join(f"{_cell(row)}\n" for row in rows)
    if how == "yaml":
        return str(yaml.safe_dump(json.loads(json.dumps(result, default=str))))
    return json.dumps(result, indent=2, default=str) + "\n"


def _cell(row: Any) -> str:
    cells = row.values() if isinstance(row, dict) else row if isinstance(row, list) else [row]
    return "\t".join("" if cell is None else str(cell) for cell in cells)
