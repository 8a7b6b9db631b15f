"""The command line. Everything heavy is imported by the command that needs it, so that help is instant."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.boundary import run as _run
from scanner.choices import Auth, CloudName, Collect, LogFormat, LogLevel, TenantName
from scanner.cli import options
from scanner.cli.access import DOCTOR_EXAMPLES, PERMISSIONS_EXAMPLES, doctor, permissions
from scanner.cli.diff import DIFF_EXAMPLES, Baseline, FailOnRegression, diff
from scanner.cli.evidence import REPORT_EXAMPLES, TRACE_EXAMPLES, VERIFY_EXAMPLES, report, trace, verify
from scanner.cli.policies import policies_app
from scanner.cli.schema import schema_app
from scanner.lasting import lasting
from scanner.version import VERSION

if TYPE_CHECKING:
    from scanner.commands.scan import Connection
    from scanner.terminal import Terminal

app = typer.Typer(
    name="azml-audit",
    help="Audit the network isolation of every Azure Machine Learning workspace an identity can see.",
    epilog="Exit codes: 0 satisfied, 1 violated, 2 usage error, 3 incomplete, 4 internal error.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
checks_app = typer.Typer(help="What can be checked.", no_args_is_help=True)
app.add_typer(checks_app, name="checks")
app.add_typer(policies_app, name="policies")
app.add_typer(schema_app, name="schema")
app.command("permissions", epilog=PERMISSIONS_EXAMPLES)(permissions)
app.command("doctor", epilog=DOCTOR_EXAMPLES)(doctor)
app.command("diff", epilog=DIFF_EXAMPLES)(diff)
app.command("verify", epilog=VERIFY_EXAMPLES)(verify)
app.command("report", epilog=REPORT_EXAMPLES)(report)
app.command("trace", epilog=TRACE_EXAMPLES)(trace)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"azml-audit {VERSION}")
        raise typer.Exit(0)


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command(
    epilog="Examples: azml-audit scan --policy internet-outbound · "
    "azml-audit scan --auth managed-identity --management-group corp --fail-on high --quiet · "
    "azml-audit scan --from exports/ --format sarif,markdown · "
    "azml-audit scan --deadline 3600 --resume"
)
def scan(
    context: typer.Context,
    policy: options.Policies = None,
    output: options.Output = options.DEFAULT_OUTPUT,
    formats: options.ReportFormats = None,
    subscription: options.Subscriptions = None,
    exclude_subscription: options.Excluded = None,
    management_group: options.ManagementGroups = None,
    from_: options.From = None,
    evidence: options.Evidence = None,
    sign: options.Sign = None,
    timestamp: options.TimestampUrl = None,
    auth: options.AuthMethod = Auth.DEFAULT,
    tenant: options.Tenant = None,
    client_id: options.ClientId = None,
    cloud: options.Cloud = CloudName.AZURE,
    arm_endpoint: options.ArmEndpoint = None,
    ca_bundle: options.CaBundle = None,
    collect: options.CollectWhat = Collect.POLICY,
    discover: options.DiscoverBy = None,
    fail_on: options.FailOn = None,
    baseline: Baseline = None,
    fail_on_regression: FailOnRegression = False,
    max_concurrency: options.MaxConcurrency = 48,
    max_wait: options.MaxWait = 300.0,
    deadline: options.Deadline = None,
    resume: options.Resume = False,
    max_age: options.MaxAge = 3600.0,
    workers: options.Workers = 1,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
    log_level: options.Level = LogLevel.WARNING,
    log_format: options.Format = LogFormat.TEXT,
) -> None:
    """Audit every workspace the identity can see and write its reports: HTML and CSV unless told."""

    def run(terminal: Terminal) -> int:
        with lasting():
            from datetime import timedelta

            from scanner.azure.pipeline import Patience
            from scanner.cli.earlier import refuse_live_options
            from scanner.commands.scan import Job, connection, scan
            from scanner.evidence.attesting import attestation
            from scanner.reading.scope import Wanted
            from scanner.workers.pools import pool_asked_for

        if from_ is not None:
            refuse_live_options(context)
        wanted = Wanted(
            subscriptions=subscription or (),
            excluded=exclude_subscription or (),
            management_groups=management_group or (),
        )
        job = Job(
            output=output,
            formats=formats or (),
            policies=policy or options.DEFAULT_POLICIES,
            fail_on=fail_on,
            wanted=wanted,
            patience=Patience(max_concurrency=max_concurrency, throttle_budget=max_wait, deadline=deadline),
            collect_all=collect is Collect.ALL,
            discover=discover,
            earlier=from_,
            evidence=evidence,
            attest=attestation(sign, timestamp, evidence, ca_bundle, os.environ),
            command=sys.argv[1:],
            baseline=baseline,
            fail_on_regression=fail_on_regression,
            resume=resume,
            max_age=timedelta(seconds=max_age),
            workers=pool_asked_for(workers, dask, auth),
            quiet=quiet,
        )

        def connect() -> Connection:
            return connection(
                auth=auth,
                cloud_name=cloud,
                arm_endpoint=arm_endpoint,
                tenant=tenant,
                client_id=client_id,
                ca_bundle=ca_bundle,
                prompt=terminal.err.print,
                deadline=deadline,
            )

        return scan(job, connect, terminal)

    _run(run, log_level, log_format)


@app.command(epilog="Example: azml-audit demo --policy internet-outbound --output demo-report")
def demo(
    policy: options.Policies = None,
    output: options.Output = options.DEFAULT_OUTPUT,
    formats: options.ReportFormats = None,
    evidence: options.Evidence = None,
    sign: options.Sign = None,
    timestamp: options.TimestampUrl = None,
    collect: options.CollectWhat = Collect.POLICY,
    fail_on: options.FailOn = None,
    quiet: options.Quiet = False,
    log_level: options.Level = LogLevel.WARNING,
    log_format: options.Format = LogFormat.TEXT,
) -> None:
    """Audit the embedded demo tenant: no Azure, no credentials. Exits 0 when it ran."""

    def run(terminal: Terminal) -> int:
        with lasting():
            from scanner.commands.demo import demo
            from scanner.commands.scan import Job
            from scanner.evidence.attesting import attestation

        job = Job(
            output=output,
            formats=formats or (),
            policies=policy or options.DEFAULT_POLICIES,
            fail_on=fail_on,
            collect_all=collect is Collect.ALL,
            evidence=evidence,
            attest=attestation(sign, timestamp, evidence, None, os.environ),
            command=sys.argv[1:],
            quiet=quiet,
        )
        return demo(job, terminal)

    _run(run, log_level, log_format)


@app.command(
    epilog="Example: azml-audit emulator --tenant generated --subscriptions 100 --tls-dir tls "
    "--fault kind=status,route=workspaces,status=403,times=3"
)
def emulator(
    tenant: options.EmulatedTenant = TenantName.DEMO,
    port: options.Port = 0,
    tls_dir: options.TlsDir = None,
    subscriptions: options.SubscriptionCount = 10,
    workspaces: options.WorkspaceCount = 10,
    rules: options.RuleCount = 12,
    seed: options.Seed = 0,
    latency_ms: options.LatencyMs = 0.0,
    jitter_ms: options.JitterMs = 0.0,
    page_size: options.PageSize = 50,
    role: options.RoleFile = None,
    token_seconds: options.TokenSeconds = None,
    fault: options.Faults = None,
) -> None:
    """Serve an emulated Azure Resource Manager on this machine until interrupted. It is not Azure."""

    def run(terminal: Terminal) -> int:
        from dataclasses import replace

        from scanner.commands.emulator import actions_of, emulate, tenant_named

        served = tenant_named(
            tenant, subscriptions=subscriptions, workspaces=workspaces, rules=rules, seed=seed
        )
        return emulate(
            replace(served, allowed_actions=actions_of(role) if role else None, token_seconds=token_seconds),
            faults=fault or (),
            port=port,
            latency_ms=latency_ms,
            jitter_ms=jitter_ms,
            page_size=page_size,
            tls_dir=tls_dir,
            out=terminal.out,
        )

    _run(run)


@checks_app.command("list")
def checks_list() -> None:
    """List every installed check."""

    def run(terminal: Terminal) -> int:
        from scanner.commands.catalogue import list_checks

        return list_checks(terminal.out)

    _run(run)


@checks_app.command("show", epilog="Example: azml-audit checks show NET006")
def checks_show(check_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show all of one check: why, what decides, parameters, the fix, controls."""

    def run(terminal: Terminal) -> int:
        from scanner.commands.catalogue import show_check

        return show_check(check_id, terminal.out)

    _run(run)


def main() -> None:
    """The console script."""
    app()
