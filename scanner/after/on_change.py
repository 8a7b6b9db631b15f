"""Run a command after the report if something opened, closed or became unknown against the baseline."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
from typing import Any

from checks.drift.model import Drift, records
from scanner.errors import UsageError

FORMAT_VERSION = "1.1"
_OPENED = ("regressed", "opened further", "new", "revealed", "waiver gone")
_CLOSED = ("fixed", "gone")
_UNKNOWN = ("newly unknown",)
_SHOWN = (
    "change", "policy", "check_id", "title", "severity", "old_status", "new_status", "resource_id",
    "workspace_id", "reason", "is_regression",
)  # fmt: skip
_SECONDS = 300
_log = logging.getLogger("azml_audit")


def checked_command(text: str, *, has_baseline: bool) -> tuple[str, ...]:
    """Return the words of the command.

    Raises UsageError for a command that cannot be found, or without a baseline.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--on-change {text}: {error}.") from error
    if not words or shutil.which(words[0]) is None:
        raise UsageError(
            f"--on-change {text}: there is no program {words[0] if words else ''!r} on this machine."
        )
    if not has_baseline:
        raise UsageError("--on-change needs an audit to compare with: add --baseline OLD.")
    return tuple(words)


def change_in(drift: Drift, result: dict[str, Any]) -> dict[str, Any] | None:
    """Return what changed, as the command gets it on stdin; None if nothing opened, closed or became unknown.

    A violation that opened or closed counts, and so does an opening that is a regression although its checks pass. A
    finding that passes and is new does not.
    """
    openings = records(drift.reach[drift.reach["is_regression"]].astype("string").fillna(""))
    rows = records(drift.findings[list(_SHOWN)].astype("string").fillna(""))
    opened = [row for row in rows if row["change"] in _OPENED and row["new_status"] in {"fail", "unknown"}]
    closed = [row for row in rows if row["change"] in _CLOSED and row["old_status"] == "fail"]
    unknown = [row for row in rows if row["change"] in _UNKNOWN]
    if not (opened or closed or unknown or openings):
        return None
    return {
        "format_version": FORMAT_VERSION,
        "baseline": drift.old.name,
        "opened": opened,
        "closed": closed,
        "unknown": unknown,
        "openings": openings,
        "result": result,
    }


def run_on_change(command: tuple[str, ...], drift: Drift, result: dict[str, Any]) -> None:
    """Run the command with the change as JSON on stdin. Its failure is logged and changes no exit code."""
    change = change_in(drift, result)
    if change is None:
        return
    counts = {
        f"AZML_AUDIT_{name.upper()}": str(len(change[name]))
        for name in ("opened", "closed", "unknown", "openings")
    }
    environment = (
        os.environ
        | counts
        | {
            "AZML_AUDIT_EXIT_CODE": str(int(result["exit_code"])),
            "AZML_AUDIT_REPORT": str(result["report"]),
            "AZML_AUDIT_ROOT_DIGEST": str(result["root_digest"] or ""),
            "AZML_AUDIT_IS_AZURE": "true" if result["is_azure"] else "false",
        }
    )
    try:
        done = subprocess.run(  # noqa: S603 - the words of the user, without a shell
            command,
            input=json.dumps(change).encode(),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("--on-change %s failed: %s", command[0], error)
        return
    if done.returncode:
        last = done.stderr.decode(errors="backslashreplace").strip().splitlines()[-1:]
        _log.warning("--on-change %s failed with %d: %s", command[0], done.returncode, "".join(last))
