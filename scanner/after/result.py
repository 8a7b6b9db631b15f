"""Write the result of a run as one line of JSON, for the job that started it (`--result`)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from checks.model import Status
from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.tables.population import population
from reports.writing.places import hint
from scanner.errors import UsageError

STDOUT = Path("-")
FORMAT_VERSION = "1.1"


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
    """Raise UsageError if the result could not be written there at the end."""
    if place is None or place == STDOUT:
        return
    if (
        place.is_dir()
        or not place.parent.is_dir()
        or not os.access(place if place.exists() else place.parent, os.W_OK)
    ):
        raise UsageError(
            f"--result {place}: this is no place for a file. Name a file in a folder that exists, or -."
        )
    if not place.exists():
        _try(place)


def _try(place: Path) -> None:
    """Create the file and remove it. Only this shows that /proc and a full disk take no file."""
    try:
        place.touch()
        place.unlink()
    except OSError as error:
        raise UsageError(f"--result {place}: {error.strerror}. {hint(error)}") from error


def write_result(result: dict[str, Any], place: Path) -> None:
    """Write the result to a file, or to stdout for "-". Raises UsageError if the file cannot be written."""
    line = f"{json.dumps(result)}\n"
    if place == STDOUT:
        sys.stdout.write(line)
        sys.stdout.flush()
        return
    try:
        place.write_text(line, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Could not write the result to {place}: {error.strerror}.") from error


def _verdict(verdict: PolicyVerdict) -> dict[str, Any]:
    return {
        "policy": verdict.policy,
        "digest": verdict.digest or None,
        "verdict": verdict.verdict.value,
        "fail_on": verdict.fail_on.value,
        "violations": dict(verdict.violated),
        "unknown": verdict.statuses[Status.UNKNOWN] + verdict.statuses[Status.ERROR],
        "waived": sum(verdict.waived.values()),
        "consequences": verdict.consequences,
        "score": verdict.score,
        "headlines": list(verdict.headlines),
    }
