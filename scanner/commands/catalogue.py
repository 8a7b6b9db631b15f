"""`azml-audit checks`: what can be checked."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from checks.documentation import section
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
    """Print all of one check, as docs/checks.md has it. Raises UsageError."""
    checks = registry()
    check = checks.get(check_id.upper())
    if check is None:
        raise UsageError(f"There is no check {check_id}. `azml-audit checks list` shows every id.")
    text = section(check, "#")
    if out.is_terminal:
        out.print(Markdown(text))
    else:
        out.print(Text(text.rstrip("\n")), soft_wrap=True)
    return 0
