"""The command line of `azml-audit schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from scanner.boundary import run

if TYPE_CHECKING:
    from scanner.terminal import Terminal

schema_app = typer.Typer(help="The published schemas of reports.", no_args_is_help=True)


@schema_app.command("json", epilog="Example: azml-audit schema json > report.schema.json")
def schema_json() -> None:
    """Print the JSON Schema of report.json."""

    def printed(terminal: Terminal) -> int:
        from scanner.commands.schemas import show_report_schema

        return show_report_schema(terminal.out)

    run(printed)


@schema_app.command("drift", epilog="Example: azml-audit schema drift > drift.schema.json")
def schema_drift() -> None:
    """Print the JSON Schema of drift.json."""

    def printed(terminal: Terminal) -> int:
        from scanner.commands.schemas import show_drift_schema

        return show_drift_schema(terminal.out)

    run(printed)


@schema_app.command("evidence", epilog="Example: azml-audit schema evidence > statement.schema.json")
def schema_evidence() -> None:
    """Print the JSON Schema of a bundle's statement.json."""

    def printed(terminal: Terminal) -> int:
        from scanner.commands.schemas import show_statement_schema

        return show_statement_schema(terminal.out)

    run(printed)
