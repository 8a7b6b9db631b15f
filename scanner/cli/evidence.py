"""The command line of what one does with a bundle of evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.boundary import run
from scanner.choices import VerifyFormat
from scanner.cli import options

if TYPE_CHECKING:
    from scanner.terminal import Terminal

VERIFY_EXAMPLES = (
    "Exit codes: 0 all holds, 1 something does not, 2 usage. "
    "Examples: azml-audit verify evidence.zip --root DIGEST · azml-audit verify evidence.zip --key signer.pem"
)
REPORT_EXAMPLES = "Example: azml-audit report evidence.zip --format html,sarif --output old-report"

TRACE_EXAMPLES = "Example: azml-audit trace evidence.zip NET006 mlw-forecast-prod"

Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A folder or zip file made by --evidence.")]
Root = Annotated[
    str | None,
    typer.Option("--root", metavar="DIGEST", help="The root digest, known from elsewhere than the bundle."),
]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="The signer's public key in PEM; a must then.")
]
TsaCa = Annotated[
    Path | None,
    typer.Option("--tsa-ca", metavar="FILE", help="Roots of the timestamp's authority in PEM; a must then."),
]
As = Annotated[VerifyFormat, typer.Option("--format", help="For people or for programs.")]


def verify(
    bundle: Bundle,
    root: Root = None,
    key: Key = None,
    tsa_ca: TsaCa = None,
    verify_format: As = VerifyFormat.TEXT,
) -> None:
    """Check that nothing in a bundle was altered and that every verdict follows from what Azure said."""

    def command(terminal: Terminal) -> int:
        from scanner.commands.verify import verify_bundle
        from scanner.evidence.verification import Expected

        return verify_bundle(bundle, Expected(root=root, key=key, tsa_ca=tsa_ca), terminal.out, verify_format)

    run(command)


def report(
    bundle: Bundle,
    output: options.Output = options.DEFAULT_OUTPUT,
    formats: options.ReportFormats = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the reports of a bundle again, by its own policies and as of its day. Asks nothing of Azure."""

    def command(terminal: Terminal) -> int:
        from scanner.commands.report import report

        return report(bundle, output, formats or (), terminal, quiet=quiet)

    run(command)


def trace(
    bundle: Bundle,
    check_id: Annotated[str, typer.Argument(metavar="CHECK", help="The check's id.")],
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="A part of the resource's id.")],
    whole: Annotated[bool, typer.Option("--whole", help="Show long answers to their end.")] = False,
) -> None:
    """Show what a finding rests on: the requests, and what Azure answered."""

    def command(terminal: Terminal) -> int:
        from scanner.commands.trace import trace

        return trace(bundle, check_id, resource, terminal.out, whole=whole)

    run(command)
