"""`azml-audit trace`, `diff`, `verify`, `report` and `history`: what a finished audit found, and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.choices import TextFormat, TrendFormat
from scanner.cli.audit_options import Report
from scanner.cli.azure_options import SignIn
from scanner.cli.command import command
from scanner.cli.options import Texts, options
from scanner.cli.trust import Expect, Papers, Trust

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_option = options()
Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A folder or zip file that --evidence wrote.")]


@command(
    examples=[
        "trace evidence.zip NET006 mlw-forecast-prod",
        "trace evidence.zip 6f08566a-109b-55f9-b70c-ab5ecec8a6e4",
    ]
)
def trace(
    terminal: Terminal,
    bundle: Bundle,
    check_id: Annotated[str, typer.Argument(metavar="FINDING|CHECK", help="The id of a finding or a check.")],
    resource: Annotated[
        str, typer.Argument(metavar="RESOURCE", help="With a check: a resource id, or a part of one.")
    ] = "",
    whole: Annotated[bool, _option("--whole", "", "Show whole answers, not only what decides.")] = False,
) -> int:
    """Show what in Azure's answers decides a finding.

    The worst finding comes first.
    """
    from scanner.questions.trace import trace

    return trace(bundle, check_id, resource, terminal.out, whole=whole)


@command(
    examples=[
        "diff monday/ friday/",
        "diff monday/ friday/ --output drift --fail-on-regression",
    ],
    note="Exit codes: 0; with --fail-on-regression 1 if NEW has a violation or an opening that OLD does not have, "
    "else 3 if nothing could be compared or something that OLD knew is unknown in NEW. The command does not ask Azure "
    "and verifies no bundle.",
)
def diff(
    terminal: Terminal,
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A report folder or an evidence bundle.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="A later report folder or evidence bundle.")],
    output: Annotated[
        Path | None, _option("--output -o", "DIR", "Write files to this folder. [default: none]")
    ] = None,
    formats: Annotated[
        Texts, _option("--format -f", "NAME,…", "html, csv, json. Repeatable. [default: all three]")
    ] = None,
    fail_on_regression: Annotated[
        bool, _option("--fail-on-regression", "", "Exit 1 or 3 if NEW is worse than OLD.")
    ] = False,
    quiet: Annotated[bool, _option("--quiet -q", "", "Print nothing.")] = False,
) -> int:
    """Compare two audits: what is new, fixed or unknown now."""
    from scanner.questions.diff import Comparison, diff

    comparison = Comparison(
        old=old,
        new=new,
        output=output,
        formats=tuple(formats or ()),
        fail_on_regression=fail_on_regression,
        quiet=quiet,
    )
    return diff(comparison, terminal)


@command(
    examples=[
        "verify evidence.zip --root DIGEST",
        "verify evidence.zip --key signer.pem --report paper.md",
        "verify evidence.zip --expect expected.yaml",
        "verify --chain archive/",
    ],
    note="Exit codes: 0 verified, 1 altered or false, 2 usage error, 3 this version cannot derive the bundle.",
)
def verify(
    terminal: Terminal,
    trust: Trust,
    expect: Expect,
    papers: Papers,
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="A folder or zip file that --evidence wrote.")
    ] = None,
    verify_format: Annotated[
        TextFormat, _option("--format", "NAME", "text for people, json for programs.", choices=TextFormat)
    ] = TextFormat.TEXT,
) -> int:
    """Check that an evidence bundle is complete, unaltered and correct.

    Compares every file with the manifest, checks that every question has one answer, and derives every
    finding again from the answers. The last line names the level of assurance.
    """
    from scanner.commands.verify import verify_bundles

    expected = trust.expected(expect.expectations())
    return verify_bundles(bundle, expected, papers.paper(), papers.chain, terminal.out, verify_format)


@command(
    examples=[
        "sign evidence.zip --key auditor.key",
        "sign evidence.zip --key https://VAULT.vault.azure.net/keys/NAME",
    ],
    note="The passphrase of an encrypted key is read from AZML_AUDIT_SIGN_PASSPHRASE. A key in Azure Key Vault needs "
    "azml-audit[vault] and an identity with Key Vault Crypto User.",
)
def sign(
    terminal: Terminal,
    bundle: Bundle,
    key: Annotated[
        str,
        _option("--key", "FILE|env:NAME|URL", "Private key (PEM), a variable with one, or a key in a vault."),
    ],
) -> int:
    """Verify an evidence bundle, and add your signature.

    The signatures of others stay, and so does the root digest.
    """
    from scanner.commands.sign import sign

    return sign(bundle, key, os.environ, terminal)


@command(
    examples=[
        "report evidence.zip --format html,sarif --output old-report",
        "report evidence.zip --history audits/",
        "report evidence.zip --format xlsx --statuses fail,unknown",
        "report evidence.zip --include not-applicable",
    ]
)
def report(
    terminal: Terminal,
    bundle: Bundle,
    report: Report,
    sign_in: SignIn,
    history: Annotated[
        str | None,
        _option(
            *("--history", "LOCATION"),
            "The archive that has this bundle: the page shows the trend up to this run, and since when each violation "
            "is open.",
        ),
    ] = None,
    result: Annotated[
        Path | None, _option("--result", "FILE|-", "Also write the result as one line of JSON.")
    ] = None,
) -> int:
    """Write the reports of an evidence bundle again.

    The bundle's own policies judge it, as of the day of its scan. The command does not read Azure Resource Manager.
    """
    from scanner.commands.report import write_reports

    store = None
    if history is not None:
        from scanner.archive.of_scan import opened

        store = opened(history, lambda: sign_in.connection(terminal))
    return write_reports(
        bundle,
        report.output,
        report.formats or (),
        terminal,
        selection=report.selection(),
        quiet=report.quiet,
        result=result,
        archive=store,
    )


@command(
    examples=[
        "history audits/ list",
        "history audits/ verify",
        "history audits/ verify --expect-last DIGEST",
        "history audits/ trend --format html --output trend.html",
        "history audits/ diff latest~1 latest",
        "history https://ACCOUNT.blob.core.windows.net/audits trend",
    ],
    note="RUN is a part of a run's name or root digest, latest, or latest~1 for the run before it. Exit codes: 0; "
    "1 if verify finds a problem; 2 usage error.",
)
def history(
    terminal: Terminal,
    sign_in: SignIn,
    location: Annotated[
        str, typer.Argument(metavar="LOCATION", help="A folder or blob container of --archive.")
    ],
    action: Annotated[str, typer.Argument(metavar="ACTION", help="list, show, verify, trend or diff.")],
    runs: Annotated[Texts, typer.Argument(metavar="[RUN]...", help="One run for show, two for diff.")] = None,
    trend_format: Annotated[
        TrendFormat,
        _option("--format -f", "NAME", "Of trend: table, csv, json or html.", choices=TrendFormat),
    ] = TrendFormat.TABLE,
    output: Annotated[
        Path | None, _option("--output -o", "FILE", "Of trend: write to this file. [default: stdout]")
    ] = None,
    whole: Annotated[bool, _option("--whole", "", "Of list: list all runs.")] = False,
    expect_last: Annotated[
        str,
        _option(
            *("--expect-last", "ROOT"),
            "Of verify: the last root digest that you know. Its run must be in the index; runs may follow it.",
            show_default=False,
        ),
    ] = "",
) -> int:
    """Read the runs of an archive: list, show, verify, trend, diff."""
    from scanner.archive.of_scan import opened
    from scanner.history.command import history

    store = opened(location, lambda: sign_in.connection(terminal))
    return history(
        store,
        action,
        runs or (),
        terminal,
        trend_format=trend_format,
        output=output,
        whole=whole,
        expected=expect_last.lower(),
    )
