"""`azml-audit checks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from checks.severity import Severity
from scanner.cli.command import command
from scanner.cli.options import Texts, options

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_option = options()


@command("show", examples=["checks show NET006"])
def show_check(
    terminal: Terminal,
    check_id: Annotated[str, typer.Argument(metavar="CHECK", help="The id of a check, in any case.")],
) -> int:
    """Explain a check: why, what decides, its parameters, the fix."""
    from scanner.commands.checks import show_check

    return show_check(check_id, terminal.out)


@command(
    "list",
    examples=[
        "checks list",
        "checks list --severity critical --policy data-exfiltration",
        "checks list --control NS-2 --json",
    ],
)
def list_checks(
    terminal: Terminal,
    family: Annotated[
        Texts, _option("--family", "NAME", "Only this family, such as NET. Repeatable.")
    ] = None,
    severity: Annotated[
        list[Severity] | None,
        _option(
            *("--severity", "SEVERITY"),
            f"Only this severity: {', '.join(Severity)}. Repeatable.",
            choices=Severity,
        ),
    ] = None,
    policy: Annotated[
        str | None, _option("--policy -p", "NAME|FILE", "Only the checks that this policy asks.")
    ] = None,
    control: Annotated[
        str | None,
        _option("--control", "TEXT", "Only checks that support a control with this text, such as NS-2."),
    ] = None,
    as_json: Annotated[bool, _option("--json", "", "Print JSON.")] = False,
) -> int:
    """List the installed checks by family."""
    from scanner.commands.checks import Filter, list_checks

    wanted = Filter(families=family or (), severities=severity or (), policy=policy, control=control)
    return list_checks(wanted, terminal.out, as_json=as_json)
