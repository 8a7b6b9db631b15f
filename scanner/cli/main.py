"""The command line: which commands there are, and under which heading the help lists them.

Each command imports what it needs when it runs, so `--help` needs neither pandas nor the Azure SDK.
"""

from __future__ import annotations

from typing import Annotated

import typer

from scanner.choices import ExitCode
from scanner.cli import answers, checks, develop, policies, prepare, results, start
from scanner.cli.command import Command, Group
from scanner.cli.help import PanelGroup
from scanner.cli.streams import lasting_streams
from scanner.version import VERSION

PANELS: dict[str, tuple[Command | Group, ...]] = {
    "Start here": (start.demo, start.scan),
    "Understand a result": (
        Group(
            name="checks",
            help="Explain a check, or list all checks.",
            commands=(checks.show_check, checks.list_checks),
        ),
        *(answers.explain, answers.reach, answers.fix),
        *(results.trace, results.diff, results.history, results.verify, results.sign, results.report),
    ),
    "Prepare a scan": (
        *(prepare.doctor, prepare.permissions),
        Group(
            name="policies",
            help="Show, write, validate and explain policies.",
            commands=policies.COMMANDS,
        ),
    ),
    "Develop and test": (
        develop.emulator,
        Group(name="schema", help="Print the JSON Schemas of the reports.", commands=develop.SCHEMAS),
    ),
}
"""The headings of `azml-audit --help`, and the commands under each."""

START_HERE = """\
azml-audit audits the network isolation of Azure Machine Learning workspaces.

Start here:
  azml-audit demo     Audit an invented tenant: no Azure, no sign-in.
  azml-audit doctor   Check what a scan could read with your sign-in.
  azml-audit scan     Audit every workspace you can see, and write reports.

All commands: azml-audit --help"""

app = typer.Typer(
    name="azml-audit",
    cls=PanelGroup,
    help="Audit the network isolation of Azure Machine Learning workspaces.",
    epilog="Exit codes: 0 satisfied, 1 violated, 2 usage error, 3 incomplete, 4 internal error.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _panel, _commands in PANELS.items():
    for _command in _commands:
        _command.add_to(app, _panel)


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"azml-audit {VERSION}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        typer.echo(START_HERE, err=True)
        raise typer.Exit(int(ExitCode.USAGE))


def main() -> None:
    """Run the console script."""
    with lasting_streams():
        app(prog_name="azml-audit")
