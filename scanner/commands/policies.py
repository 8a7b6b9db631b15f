"""`azml-audit policies`: list, show, validate and write policy files."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from checks.errors import AuditError
from checks.policy.json_schema import policy_schema
from checks.registry import BUILT_IN, registry
from scanner.errors import UsageError
from scanner.policies import loaded, shipped, starter
from scanner.terminal import Terminal, print_line, print_lines, table


def list_policies(out: Console) -> int:
    """Print the shipped policies."""
    listed = table("Name", "Checks", "Description", whole=("Name", "Checks"))
    for policy in loaded(shipped(), registry()):
        listed.add_row(policy.policy.name, str(len(policy.checks)), Text(policy.policy.description.strip()))
    out.print(listed)
    return 0


def show_policy(name: str, out: Console) -> int:
    """Print the text of a policy. Raises PolicyError."""
    (policy,) = loaded([name], registry())
    if out.is_terminal:
        out.print(Syntax(policy.text, "yaml", background_color="default"))
    else:
        print_lines(out, policy.text.rstrip("\n"))
    return 0


def validate_policies(names: list[str], terminal: Terminal) -> int:
    """Print the checks that each file chooses, or its errors. Return 2 if a file has errors."""
    installed, code = registry(), 0
    for name in names:
        try:
            (policy,) = loaded([name], installed)
        except AuditError as error:
            terminal.complain(str(error))
            code = 2
        else:
            chosen = ", ".join(each.check.id for each in policy.checks)
            line = f"{name}: valid. {policy.policy.name} chooses {chosen}."
            print_line(terminal.out, line)
    return code


def show_schema(out: Console) -> int:
    """Print the JSON Schema of policy files. It lists built-in checks only: it is equal on every machine."""
    schema = policy_schema({check.id: check for check in BUILT_IN})
    print_lines(out, json.dumps(schema, indent=2))
    return 0


def write_starter(file: Path, *, force: bool, out: Console) -> int:
    """Write the commented starter policy. Raises UsageError if the file exists or cannot be written."""
    try:
        with file.open("w" if force else "x", encoding="utf-8", newline="\n") as stream:
            stream.write(starter())
    except FileExistsError as error:
        raise UsageError(f"{file} exists. Name another file, or overwrite it with --force.") from error
    except OSError as error:
        raise UsageError(f"Could not write {file}: {error.strerror}.") from error
    print_line(out, f"Wrote {file}. Next: azml-audit policies validate {file}")
    return 0
