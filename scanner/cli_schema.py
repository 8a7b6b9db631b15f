"""The command line of `azml-audit schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from scanner.boundary import run

if TYPE_CHECKING:
    from scanner.terminal import Terminal

schema_app = typer.Typer(help="The published schemas of reports.", no_args_is_help=True)


@schema_app.callback()
def _schemas() -> None:
    """Keep `json` a command of its own while it is the only one."""


@schema_app.command("json", epilog="Example: azml-audit schema json > report.schema.json")
def schema_json() -> None:
    """Print the JSON Schema of report.json."""

    def printed(terminal: Terminal) -> int:
        from scanner.commands.schemas import show_report_schema

        return show_report_schema(terminal.out)

    run(printed)
