"""`azml-audit checks`: list the checks, or explain one."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from checks.documentation import section
from checks.registry import registry
from checks.suggestions import did_you_mean
from scanner.errors import UsageError
from scanner.terminal import print_lines, table


def list_checks(out: Console) -> int:
    """Print every installed check, one to a line."""
    listed = table("Id", "Severity", "Table", "Title", whole=("Id", "Severity", "Table"))
    for check in registry().values():
        listed.add_row(check.id, check.severity.value, check.over, Text(check.title))
    out.print(listed)
    return 0


def unknown_check(check_id: str, known: Iterable[str]) -> str:
    """Return the message for a check id that does not exist."""
    hint = did_you_mean(check_id, known)
    return f"There is no check {check_id!r}. {hint}`azml-audit checks list` lists every id."


def show_check(check_id: str, out: Console) -> int:
    """Print the section of docs/checks.md about a check. Raises UsageError for an unknown id."""
    checks = registry()
    check = checks.get(check_id.upper())
    if check is None:
        raise UsageError(unknown_check(check_id, checks))
    text = section(check, "#")
    if out.is_terminal:
        out.print(Markdown(text))
    else:
        print_lines(out, text.rstrip("\n"))
    return 0
