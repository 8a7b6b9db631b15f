"""The options about an audit that several commands share: its policies, its reports, its evidence, its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from checks.severity import Severity
from reports.formats.names import DEFAULT, MODULES
from scanner.choices import LAST_REPORT, Collect, LogLevel, TextFormat
from scanner.cli.options import Texts, options

if TYPE_CHECKING:
    from reports.selection import Selection

_policy = options("Policy")
_report = options("Report")
_after = options("After the scan")
_evidence = options("Evidence")
_log = options()

DEFAULT_POLICIES = ("baseline",)

Policies = Annotated[
    Texts,
    _policy("--policy -p", "NAME|FILE", "A shipped policy or a file. Repeatable. [default: baseline]"),
]


@dataclass(frozen=True, kw_only=True)
class PolicyChoice:
    """The policies, and whether to read more than they need."""

    policy: Policies = None
    collect: Annotated[
        Collect,
        _policy(
            *("--collect", "HOW", "policy reads what the policies need; all reads everything, for evidence."),
            choices=Collect,
        ),
    ] = Collect.POLICY

    @property
    def names(self) -> tuple[str, ...]:
        """The policies by name or file."""
        return tuple(self.policy or DEFAULT_POLICIES)

    @property
    def collect_all(self) -> bool:
        """Return whether to read everything."""
        return self.collect is Collect.ALL


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The violations that fail the run."""

    fail_on: Annotated[
        Severity | None,
        _policy(
            *("--fail-on", "SEVERITY"),
            f"Exit 1 for violations of this severity or a higher one: {', '.join(Severity)}. "
            "[default: what the policy sets, else low]",
            choices=Severity,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The folder of the reports, and their formats."""

    output: Annotated[Path, _report("--output -o", "DIR", "The folder for the reports.")] = LAST_REPORT
    formats: Annotated[
        Texts,
        _report(
            *("--format -f", "NAME,…"),
            f"{', '.join(MODULES)}. Repeatable. [default: {','.join(DEFAULT)}]",
        ),
    ] = None
    statuses: Annotated[
        Texts,
        _report(
            *("--statuses", "STATUS,…"),
            "List only findings with these statuses, in every file but the page and findings.parquet: pass, fail, "
            "unknown, not-applicable, error. Repeatable. [default: what each format needs]",
        ),
    ] = None
    include: Annotated[
        Texts,
        _report(
            *("--include", "STATUS,…"),
            "Also list findings with these statuses, such as not-applicable. Repeatable.",
        ),
    ] = None
    quiet: Annotated[
        bool,
        _report(
            "--quiet -q", "", "Print nothing: no progress and no summary. --result - still prints its line."
        ),
    ] = False

    def selection(self) -> Selection:
        """Return the findings to list, as the formats take them. Raises ReportError for a word that is no status."""
        from reports.selection import selection

        return selection(self.statuses, self.include)


@dataclass(frozen=True, kw_only=True)
class After:
    """Outputs for other programs after the report."""

    result: Annotated[
        Path | None,
        _after(
            "--result", "FILE|-", "Also write the result as one line of JSON to a file, or to stdout (-)."
        ),
    ] = None
    metrics: Annotated[
        Path | None,
        _after("--metrics", "FILE", "Also write metrics for the textfile collector of Prometheus."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class OnChange:
    """The command to run after a report that differs from the baseline."""

    on_change: Annotated[
        str | None,
        _after(
            *("--on-change", "COMMAND"),
            "Run this if something opened, closed or became unknown since --baseline; the change is JSON on stdin.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The place of an evidence bundle, and its attestations."""

    evidence: Annotated[
        Path | None,
        _evidence(
            *("--evidence", "FILE.zip|DIR"),
            "Write an evidence bundle: Azure's answers, the policies and the findings.",
        ),
    ] = None
    archive: Annotated[
        str | None,
        _evidence(
            *("--archive", "DIR|URL"),
            "Keep report, bundle and result of this run in a folder or a blob container.",
        ),
    ] = None
    sign: Annotated[
        str | None,
        _evidence(
            *("--sign", "FILE|env:NAME|URL"),
            "Sign the bundle with this Ed25519 or ECDSA private key (PEM), from a file or an environment "
            "variable, or with a key in Azure Key Vault. A passphrase is read from AZML_AUDIT_SIGN_PASSPHRASE.",
        ),
    ] = None
    timestamp: Annotated[
        str | None,
        _evidence("--timestamp", "URL", "Get a timestamp for the bundle from this RFC 3161 authority."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Logging:
    """The level and the format of the log on stderr."""

    log_level: Annotated[
        LogLevel, _log("--log-level", "LEVEL", f"Log to stderr: {', '.join(LogLevel)}.", choices=LogLevel)
    ] = LogLevel.WARNING
    log_format: Annotated[
        TextFormat, _log("--log-format", "FORMAT", "Log lines as text or json.", choices=TextFormat)
    ] = TextFormat.TEXT
