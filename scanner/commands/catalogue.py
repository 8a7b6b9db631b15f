"""`azml-audit checks`: what can be checked."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checks.model import Check
from checks.registry import registry
from scanner.errors import UsageError


def list_checks(out: Console) -> int:
    """Print every installed check, a line each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Id", "Severity", "Over", "Title"):
        table.add_column(heading, no_wrap=heading != "Title", overflow="fold")
    for check in registry().values():
        table.add_row(check.id, check.severity.value, check.over, Text(check.title))
    out.print(table)
    return 0


def show_check(check_id: str, out: Console) -> int:
    """Print all of one check: why, what decides, parameters, fix, controls. Raises UsageError."""
    checks = registry()
    check = checks.get(check_id.upper())
    if check is None:
        raise UsageError(f"There is no check {check_id}. `azml-audit checks list` shows every id.")
    out.print(Text(described(check)), soft_wrap=True)
    return 0


def described(check: Check) -> str:
    """The whole text of one check, for the terminal."""
    fix = check.remediation
    parts = [
        f"{check.id}  {check.title}",
        f"Severity {check.severity.value}, over {check.over}.",
        check.rationale,
        _titled("Reads", "\n".join(check.reads)),
        _titled("Parameters", "\n".join(_parameters(check))),
        _titled("Fix", "\n".join(filter(None, (fix.summary, fix.caution and f"Caution: {fix.caution}")))),
        _titled("az CLI", fix.az),
        _titled("Bicep", fix.bicep),
        _titled("Terraform", fix.terraform),
        _titled("Controls", "\n".join(f"{name}: {', '.join(ids)}" for name, ids in check.controls.items())),
        _titled("References", "\n".join(check.references)),
    ]
    return "\n\n".join(part for part in parts if part)


def _titled(title: str, body: str) -> str:
    indented = "\n".join(f"  {line}" for line in body.strip().splitlines())
    return f"{title}\n{indented}" if indented else ""


def _parameters(check: Check) -> list[str]:
    return [
        f"{name} = {field.get_default(call_default_factory=True)!r}: {field.description or ''}".rstrip(": ")
        for name, field in check.params.model_fields.items()
    ]
