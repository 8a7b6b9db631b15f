"""`azml-audit policies`: what policies say, whether they are valid, and a file to start from."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from checks.errors import AuditError
from checks.policy.json_schema import policy_schema
from checks.registry import BUILT_IN, registry
from scanner.errors import UsageError
from scanner.policies import loaded, shipped, starter
from scanner.terminal import Terminal


def list_policies(out: Console) -> int:
    """Print the shipped policies, a line each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Name", "Checks", "Description"):
        table.add_column(heading, overflow="fold")
    for policy in loaded(shipped(), registry()):
        table.add_row(policy.policy.name, str(len(policy.checks)), Text(policy.policy.description.strip()))
    out.print(table)
    return 0


def show_policy(name: str, out: Console) -> int:
    """Print a policy as it is written. Raises PolicyError."""
    (policy,) = loaded([name], registry())
    if out.is_terminal:
        out.print(Syntax(policy.text, "yaml", background_color="default"))
    else:
        out.print(Text(policy.text.rstrip("\n")), soft_wrap=True)
    return 0


def validate_policies(names: list[str], terminal: Terminal) -> int:
    """Check every file and print what each chooses, or what is wrong with it; 2 where any is wrong."""
    installed, code = registry(), 0
    for name in names:
        try:
            (policy,) = loaded([name], installed)
        except AuditError as error:
            terminal.complain(str(error))
            code = 2
        else:
            chosen = ", ".join(each.check.id for each in policy.checks)
            told = f"{name}: valid; {policy.policy.name} chooses {chosen}"
            terminal.out.print(Text(told), soft_wrap=True)
    return code


def show_schema(out: Console) -> int:
    """Print the JSON Schema of policy files. It lists built-in checks only, so it is the same everywhere."""
    schema = policy_schema({check.id: check for check in BUILT_IN})
    out.print(Text(json.dumps(schema, indent=2, ensure_ascii=False)), soft_wrap=True)
    return 0


def write_starter(file: Path, *, force: bool, out: Console) -> int:
    """Write the commented starter policy. Raises UsageError where the file exists, or cannot be written."""
    try:
        with file.open("w" if force else "x", encoding="utf-8", newline="\n") as stream:
            stream.write(starter())
    except FileExistsError as error:
        raise UsageError(f"{file} exists. Name another file, or overwrite it with --force.") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error}.") from error
    told = f"Written: {file}. Check it with `azml-audit policies validate {file}`."
    out.print(Text(told), soft_wrap=True)
    return 0
