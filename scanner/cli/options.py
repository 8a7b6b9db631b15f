"""The options of the command line, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from checks.severity import Severity
from scanner.choices import Auth, CloudName, Collect, Discover, LogFormat, LogLevel, RoleFormat, TenantName

DEFAULT_OUTPUT = Path("azml-audit-report")
DEFAULT_POLICIES = ("baseline",)
DEFAULT_POLICY_FILE = Path("azml-audit-policy.yaml")

Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="NAME|FILE",
        help="A shipped policy or a file; repeatable. [default: baseline]",
    ),
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the reports go.")]
ReportFormats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME,…",
        help="html, csv, json, sarif, ocsf, oscal, junit, markdown, xlsx; repeatable. [default: html,csv]",
    ),
]
FailOn = Annotated[
    Severity | None,
    typer.Option(
        "--fail-on",
        help="The least severity whose violation fails the run. [default: as the policy says, else low]",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]
Level = Annotated[LogLevel, typer.Option("--log-level", help="Log to stderr from this level on.")]
Format = Annotated[LogFormat, typer.Option("--log-format", help="How log lines look.")]

Subscriptions = Annotated[
    list[str] | None,
    typer.Option(
        "--subscription", "-s", metavar="ID|NAME", help="Only this one; repeatable. [default: all visible]"
    ),
]
Excluded = Annotated[
    list[str] | None,
    typer.Option("--exclude-subscription", metavar="ID|NAME", help="Not this one; repeatable."),
]
ManagementGroups = Annotated[
    list[str] | None,
    typer.Option("--management-group", metavar="ID", help="Every subscription below it; repeatable."),
]
Evidence = Annotated[
    Path | None,
    typer.Option(
        "--evidence",
        metavar="FILE.zip|DIR",
        help="Seal what Azure said, the policies and the findings in a new bundle of evidence.",
    ),
]
Sign = Annotated[
    str | None,
    typer.Option(
        "--sign",
        metavar="FILE|env:NAME",
        help="Sign the evidence with this Ed25519 or ECDSA private key in PEM: a file, or an environment "
        "variable. AZML_AUDIT_SIGN_PASSPHRASE holds its passphrase where it has one.",
    ),
]
TimestampUrl = Annotated[
    str | None,
    typer.Option(
        "--timestamp",
        metavar="URL",
        help="Have an RFC 3161 timestamp authority vouch for when the evidence existed.",
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="PATH",
        help="Read a bundle of evidence, or an export (a file or folder of JSON), instead of Azure.",
    ),
]
AuthMethod = Annotated[Auth, typer.Option("--auth", help="How to sign in.")]
Tenant = Annotated[str | None, typer.Option("--tenant", metavar="ID", help="The tenant to get tokens of.")]
ClientId = Annotated[
    str | None, typer.Option("--client-id", metavar="ID", help="The client id of a user-assigned identity.")
]
Cloud = Annotated[CloudName, typer.Option("--cloud", help="A cloud known by name.")]
ArmEndpoint = Annotated[
    str | None,
    typer.Option(
        "--arm-endpoint", metavar="URL", help="Another cloud; it describes itself at /metadata/endpoints."
    ),
]
CaBundle = Annotated[
    Path | None,
    typer.Option("--ca-bundle", metavar="FILE", help="PEM certificates to trust instead of the system's."),
]
CollectWhat = Annotated[
    Collect, typer.Option("--collect", help="Read what the policies need, or all there is, for evidence.")
]
DiscoverBy = Annotated[
    Discover | None,
    typer.Option(
        "--discover",
        help="Who tells which workspaces there are: Azure Resource Manager, which lists every subscription; "
        "Resource Graph, and only subscriptions where it shows some are listed; or both, compared. "
        "[default: both, or arm where Resource Graph refuses]",
        show_default=False,
    ),
]
MaxConcurrency = Annotated[
    int, typer.Option("--max-concurrency", metavar="N", min=1, max=512, help="Requests under way at once.")
]
MaxWait = Annotated[
    float,
    typer.Option(
        "--max-wait",
        metavar="SECONDS",
        min=0,
        help="How long to wait in all, per subscription, when Azure throttles.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Continue the scan for this output that was interrupted, if there is one."),
]
MaxAge = Annotated[
    float,
    typer.Option(
        "--max-age", metavar="SECONDS", min=0, help="With --resume: ask again for what is older than that."
    ),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        "--deadline",
        metavar="SECONDS",
        min=1,
        help="Stop reading by then: what is missing is a gap, and the report is written. [default: none]",
    ),
]

Workers = Annotated[
    int,
    typer.Option("--workers", metavar="N", min=1, max=256, help="Read the subscriptions in N processes."),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="SCHEDULER",
        help="Read them on the workers of a Dask scheduler, such as tcp://host:8786; needs the extra [dask].",
    ),
]

RoleAs = Annotated[
    RoleFormat,
    typer.Option("--format", help="The role definition, or the commands that create and assign it."),
]
RoleScopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", metavar="ID", help="Where the role can be assigned; repeatable. [default: a placeholder]"
    ),
]

SubscriptionName = Annotated[
    str | None, typer.Option("--subscription-name", metavar="NAME", help="Its subscription's display name.")
]
Kind = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="Default, Hub, Project or FeatureStore.")
]
Location = Annotated[str | None, typer.Option("--location", metavar="REGION", help="Its region.")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="A tag it carries; repeatable.")
]
LiesBelow = Annotated[
    list[str] | None,
    typer.Option("--management-group", metavar="ID", help="One its subscription lies below; repeatable."),
]

EmulatedTenant = Annotated[TenantName, typer.Option("--tenant", help="Which tenant to serve.")]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 takes a free one.")]
TlsDir = Annotated[
    Path | None,
    typer.Option(
        "--tls-dir", metavar="DIR", help="Speak TLS; the authority to trust is written to DIR/ca.pem."
    ),
]
SubscriptionCount = Annotated[
    int, typer.Option("--subscriptions", metavar="N", min=0, help="Generated: how many subscriptions.")
]
WorkspaceCount = Annotated[
    int, typer.Option("--workspaces", metavar="N", min=0, help="Generated: workspaces in each subscription.")
]
RuleCount = Annotated[
    int, typer.Option("--rules", metavar="N", min=0, help="Generated: outbound rules in each workspace.")
]
Seed = Annotated[int, typer.Option("--seed", help="Generated: the same seed gives the same tenant.")]
LatencyMs = Annotated[float, typer.Option("--latency-ms", metavar="MS", min=0, help="How long answers take.")]
JitterMs = Annotated[float, typer.Option("--jitter-ms", metavar="MS", min=0, help="By how much that varies.")]
PageSize = Annotated[int, typer.Option("--page-size", metavar="N", min=1, help="Items on a page.")]
RoleFile = Annotated[
    Path | None,
    typer.Option(
        "--role", metavar="FILE", help="Allow only the Actions of this role definition. [default: all]"
    ),
]
TokenSeconds = Annotated[
    int | None,
    typer.Option(
        "--token-seconds", metavar="N", min=1, help="How long a token is good. [default: without an end]"
    ),
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="KEY=VALUE,…",
        help="A fault to inject, such as kind=reset,route=outboundRules; repeatable.",
    ),
]
