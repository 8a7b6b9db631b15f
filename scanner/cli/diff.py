"""The command line of `azml-audit diff`, and the options of drift that `scan` shares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.boundary import run

if TYPE_CHECKING:
    from scanner.terminal import Terminal

DIFF_EXAMPLES = (
    "Examples: azml-audit diff monday/ friday/ · azml-audit diff last-year.zip azml-audit-report "
    "--output drift --format html,json --fail-on-regression"
)

Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="OLD",
        help="A report folder or evidence bundle to compare with; the drift goes into the report.",
    ),
]
FailOnRegression = Annotated[
    bool,
    typer.Option(
        "--fail-on-regression",
        help="Exit 1 only for violations that OLD does not have, 3 where something that it knew is unknown.",
    ),
]
_Old = Annotated[Path, typer.Argument(metavar="OLD", help="A report folder or an evidence bundle.")]
_New = Annotated[Path, typer.Argument(metavar="NEW", help="A later one.")]
_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Write files here. [default: nowhere]"),
]
_Formats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="FORMAT,…", help="html, csv, json; repeatable. [default: all]"),
]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")]


def diff(
    old: _Old,
    new: _New,
    output: _Output = None,
    formats: _Formats = None,
    fail_on_regression: FailOnRegression = False,
    quiet: _Quiet = False,
) -> None:
    """Compare two audits: workspaces, findings, outbound rules, what can be reached, waivers.

    Exits 0, and with --fail-on-regression 1 where there is a violation that OLD does not have, else 3
    where something that OLD knew is not known now. Asks nothing of Azure and verifies no bundle.
    """

    def compared(terminal: Terminal) -> int:
        from scanner.commands.diff import Comparison, diff

        comparison = Comparison(
            old=old,
            new=new,
            output=output,
            formats=tuple(formats or ()),
            fail_on_regression=fail_on_regression,
            quiet=quiet,
        )
        return diff(comparison, terminal)

    run(compared)
