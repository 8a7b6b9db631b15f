"""`azml-audit checks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.command import command

if TYPE_CHECKING:
    from scanner.terminal import Terminal


@command("show", examples=["checks show NET006"])
def show_check(
    terminal: Terminal,
    check_id: Annotated[str, typer.Argument(metavar="CHECK", help="The id of a check, in any case.")],
) -> int:
    """Explain a check: why, what decides, its parameters, the fix."""
    from scanner.commands.checks import show_check

    return show_check(check_id, terminal.out)


@command("list", examples=["checks list"])
def list_checks(terminal: Terminal) -> int:
    """List every installed check with its severity."""
    from scanner.commands.checks import list_checks

    return list_checks(terminal.out)
