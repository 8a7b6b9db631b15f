"""Write the result as metrics in the text format of Prometheus, for the textfile collector (extra `metrics`)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from reports.errors import UnwritableReportError
from reports.writing.single_file import check_file
from scanner.errors import UsageError


def check_metrics(place: Path | None) -> None:
    """Raise UsageError without the extra `metrics`, ReportError if the file could not be written at the end."""
    if place is None:
        return
    try:
        import prometheus_client  # noqa: F401
    except ImportError as error:
        raise UsageError("--metrics needs the extra metrics: pip install 'azml-audit[metrics]'.") from error
    check_file("--metrics", place, replaces=True)


def write_metrics(result: dict[str, Any], place: Path) -> None:
    """Write the file in one step. Raises UnwritableReportError if the file system refuses."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry = CollectorRegistry()

    def gauge(name: str, help: str, *labels: str) -> Gauge:
        return Gauge(f"azml_audit_{name}", help, labels, registry=registry)

    violations = gauge("violations", "Violations by policy and severity.", "policy", "severity")
    unknown = gauge("unknown_findings", "Findings that could not be decided, by policy.", "policy")
    score = gauge("score", "Score of a policy, 0 to 100.", "policy")
    for verdict in result["verdicts"]:
        policy = verdict["policy"]
        for severity, count in verdict["violations"].items():
            violations.labels(policy, severity).set(count)
        unknown.labels(policy).set(verdict["unknown"])
        if verdict["score"] is not None:
            score.labels(policy).set(verdict["score"])
    seen = result["coverage"]
    gauge("subscriptions", "Subscriptions in scope.").set(seen["subscriptions"])
    gauge("subscriptions_read", "Subscriptions that were read completely.").set(seen["subscriptions_read"])
    gauge("gaps", "Questions that Azure did not answer.").set(seen["gaps"])
    gauge("workspaces", "Workspaces that were read.").set(result["counts"]["workspaces"])
    gauge("duration_seconds", "Duration of the last run.").set(result["duration_seconds"])
    gauge("exit_code", "Exit code of the last run.").set(result["exit_code"])
    gauge("is_azure", "1 if the facts come from Azure, 0 if from an emulator.").set(result["is_azure"])
    finished = datetime.fromisoformat(result["finished_at"]).timestamp()
    gauge("last_run_timestamp_seconds", "When the last run ended.").set(finished)
    if seen["gaps"] == 0:
        gauge("last_success_timestamp_seconds", "When the last run without a gap ended.").set(finished)
    try:
        write_to_textfile(str(place), registry)
    except OSError as error:
        raise UnwritableReportError(f"Could not write the metrics to {place}: {error.strerror}.") from error
