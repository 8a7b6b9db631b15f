"""Write the result of a run as one line of JSON, for the job that started it (`--result`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.errors import UnwritableReportError
from reports.tables.population import population
from reports.writing.single_file import check_file

STDOUT = Path("-")
FORMAT_VERSION = "1.2"


def result_of(
    audit: Audit,
    folder: Path,
    *,
    code: int,
    meaning: str,
    evidence: Path | None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return the result: exit code, verdicts, counts, coverage, files, root digest, and the duration in seconds.

    `seconds` is the duration of the whole run. If not given, it is the time of reading.
    """
    tables, reading = audit.tables, audit.finished_at - audit.started_at
    seen = population(tables)
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": audit.tool_version,
        "exit_code": code,
        "meaning": meaning,
        "is_azure": audit.is_azure,
        "source": audit.source,
        "started_at": audit.started_at.isoformat(),
        "finished_at": audit.finished_at.isoformat(),
        "duration_seconds": round(reading.total_seconds() if seconds is None else seconds, 1),
        "verdicts": [_verdict(verdict) for verdict in audit.verdicts],
        "counts": {"workspaces": seen.workspaces, "outbound_rules": len(tables.outbound_rules)},
        "coverage": {
            "subscriptions": len(seen.subscriptions),
            "subscriptions_read": seen.read,
            "subscriptions_left_out": seen.subscriptions_left_out,
            "workspaces_left_out": seen.workspaces_left_out,
            "gaps": seen.gaps,
        },
        "report": str(folder),
        "files": sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()),
        "evidence": str(evidence) if evidence is not None else None,
        "root_digest": audit.root_digest or None,
    }


def check_result(place: Path | None) -> None:
    """Raise ReportError if the result could not be written there at the end."""
    if place is not None and place != STDOUT:
        check_file("--result", place)


def write_result(result: dict[str, Any], place: Path) -> None:
    """Write the result to a file, or to stdout for "-". Raises UnwritableReportError."""
    line = f"{json.dumps(result)}\n"
    if place == STDOUT:
        sys.stdout.write(line)
        sys.stdout.flush()
        return
    try:
        place.write_text(line, encoding="utf-8")
    except OSError as error:
        raise UnwritableReportError(
            f"Could not write the result to {place}: {error.strerror or error}."
        ) from error


def _verdict(verdict: PolicyVerdict) -> dict[str, Any]:
    return {
        "policy": verdict.policy,
        "digest": verdict.digest or None,
        "verdict": verdict.verdict.value,
        "fail_on": verdict.fail_on.value,
        "violations": dict(verdict.violated),
        "unknown": verdict.undecided,
        "waived": sum(verdict.waived.values()),
        "consequences": verdict.consequences,
        "inheriting_projects": verdict.inheriting,
        "score": verdict.score,
        "headlines": list(verdict.headlines),
    }
