"""`azml-audit demo` and `azml-audit scan`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.choices import Auth
from scanner.cli.audit_options import After, Evidence, OnChange, PolicyChoice, Report, Threshold
from scanner.cli.azure_options import Discovery, Pace, Scope, SignIn
from scanner.cli.boundary import lasting
from scanner.cli.command import command
from scanner.cli.options import Paths, is_given, named_path, options, the_one
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.commands.job import Job
    from scanner.evidence.attestations.attesting import Attestation
    from scanner.terminal import Terminal
    from scanner.workers.pools import Pool

_earlier = options("Earlier audits")
_option = options()


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """An earlier audit to read or to compare with."""

    from_: Annotated[
        Paths,
        _earlier(
            *("--from", "PATH"),
            "Read an evidence bundle, or exported JSON (a file or a folder), instead of Azure.",
            parser=named_path,
        ),
    ] = None
    baseline: Annotated[
        str | None,
        _earlier(
            *("--baseline", "OLD"),
            "Compare with this report folder or evidence bundle, or with the last complete run of an archive.",
        ),
    ] = None
    fail_on_regression: Annotated[
        bool,
        _earlier(
            *("--fail-on-regression", ""),
            "Exit 1 only for violations and openings that OLD does not have, and 3 if something that OLD knew is "
            "unknown.",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A forecast instead of the scan."""

    plan: Annotated[
        bool,
        _option(
            "--plan",
            "",
            "Print how many requests the scan would send and how long it takes. Read no workspace.",
        ),
    ] = False
    as_json: Annotated[bool, _option("--json", "", "With --plan: print JSON.")] = False


LIVE_ONLY = frozenset(field.name for group in (Scope, Discovery, SignIn, Pace) for field in fields(group)) | {
    *("collect", "plan")
}
"""The options that have a meaning only for reading Azure."""


@command(examples=["demo", "demo --drift", "demo --policy internet-outbound --output demo-report"], logs=True)
def demo(
    terminal: Terminal,
    policies: PolicyChoice,
    threshold: Threshold,
    report: Report,
    evidence: Evidence,
    after: After,
    drift: Annotated[
        bool,
        _option("--drift", "", "Also audit the tenant as it was, beside --output, and show what changed."),
    ] = False,
) -> int:
    """Audit an invented tenant: no Azure, no sign-in.

    The exit code is 0 if the demo ran, whatever it found.
    """
    job = _job(policies, threshold, report, evidence, after)
    with lasting():
        from scanner.commands.demo import demo

    return demo(job, terminal, with_drift=drift)


@command(
    examples=[
        "scan",
        "scan --policy internet-outbound --fail-on high",
        "scan --auth managed-identity --management-group corp --quiet",
        "scan --resource-group 'rg-ml-*' --tag env=prod",
        "scan --scope scope.yaml",
        "scan --from exports/ --format sarif,markdown",
        "scan --format csv,ocsf --statuses fail,unknown",
        "scan --deadline 3600 --resume",
        "scan --plan",
        "scan --policy baseline --plan --json",
    ],
    note="Exit codes: 0 satisfied, 1 violated, 2 usage error, 3 incomplete, 4 internal error. With --plan: 0 forecast, "
    "2 usage error, 3 some workspaces could not be counted.",
    logs=True,
)
def scan(
    terminal: Terminal,
    context: typer.Context,
    policies: PolicyChoice,
    threshold: Threshold,
    report: Report,
    scope: Scope,
    discovery: Discovery,
    sign_in: SignIn,
    earlier: Earlier,
    evidence: Evidence,
    after: After,
    on_change: OnChange,
    pace: Pace,
    forecast: Forecast,
) -> int:
    """Audit every workspace you can see, and write reports."""
    if earlier.from_ is not None:
        _refuse_live_options(context)
    if forecast.as_json and not forecast.plan:
        raise UsageError("--json prints a forecast: add --plan. For a report as JSON, use --format json.")
    wanted = sign_in.for_tenants_of(scope.wanted())
    job = _job(policies, threshold, report, evidence, after, sign_in.ca_bundle)
    job = _with_history(replace(job, wanted=wanted, discover=discovery.discover), earlier, on_change)
    job = _at_pace(job, pace, sign_in.auth)
    connect = partial(sign_in.connection, terminal, pace.deadline, wanted.tenants)
    if forecast.plan:
        with lasting():
            from scanner.commands.forecast import show_forecast

        return show_forecast(job, connect, terminal, as_json=forecast.as_json)
    with lasting():
        from scanner.commands.scan import scan

    return scan(job, connect, terminal)


def _with_history(job: Job, earlier: Earlier, on_change: OnChange) -> Job:
    if earlier.fail_on_regression and earlier.baseline is None:
        raise UsageError("--fail-on-regression needs an audit to compare with: add --baseline OLD.")
    return replace(
        job,
        on_change=_command(on_change.on_change, earlier),
        earlier=the_one("--from", earlier.from_),
        baseline=earlier.baseline,
        fail_on_regression=earlier.fail_on_regression,
    )


def _command(text: str | None, earlier: Earlier) -> tuple[str, ...]:
    if text is None:
        return ()
    from scanner.after.on_change import checked_command

    return checked_command(text, has_baseline=earlier.baseline is not None)


def _at_pace(job: Job, pace: Pace, auth: Auth) -> Job:
    from datetime import timedelta

    return replace(
        job,
        patience=pace.patience(),
        resume=pace.resume,
        max_age=timedelta(seconds=pace.max_age),
        workers=_pool(pace, auth),
    )


def _pool(pace: Pace, auth: Auth) -> Callable[[], Pool] | None:
    if pace.workers == 1 and pace.dask is None:
        return None
    from scanner.workers.pools import pool_asked_for

    return pool_asked_for(pace.workers, pace.dask, auth)


def _job(
    policies: PolicyChoice,
    threshold: Threshold,
    report: Report,
    evidence: Evidence,
    after: After,
    ca_bundle: Path | None = None,
) -> Job:
    """Return the job. Raises for a policy or a format that does not exist, before anything large is imported."""
    with lasting():
        from checks.registry import registry
        from reports.formats.names import chosen
        from scanner.policies import loaded

    formats, found = chosen(report.formats or ()), loaded(policies.names, registry())
    with lasting():
        from scanner.commands.job import Job

    return Job(
        output=report.output,
        formats=formats,
        loaded=found,
        selection=report.selection(),
        quiet=report.quiet,
        result=after.result,
        metrics=after.metrics,
        policies=policies.names,
        collect_all=policies.collect_all,
        fail_on=threshold.fail_on,
        evidence=evidence.evidence,
        archive=evidence.archive,
        attest=_attestation(evidence, ca_bundle),
        command=sys.argv[1:],
    )


def _attestation(evidence: Evidence, ca_bundle: Path | None) -> Attestation | None:
    """Return what signs and timestamps the evidence; None if no option asks for it, and then nothing is imported."""
    if evidence.sign is None and evidence.timestamp is None:
        return None
    from scanner.evidence.attestations.attesting import attestation

    sealed = evidence.evidence or (Path("evidence.zip") if evidence.archive else None)
    return attestation(evidence.sign, evidence.timestamp, sealed, ca_bundle, os.environ)


def _refuse_live_options(context: typer.Context) -> None:
    refused = LIVE_ONLY
    if is_given(context, "timestamp"):
        # --ca-bundle also applies to the timestamp authority, which --from does not replace.
        refused -= {"ca_bundle"}
    if "://" in str(context.params.get("archive")):
        # A container needs an identity, too.
        refused -= {field.name for field in fields(SignIn)}
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in refused and is_given(context, parameter.name)
    ]
    if given:
        raise UsageError(
            f"{', '.join(given)}: not allowed with --from, which does not ask Azure. Leave it out."
        )
