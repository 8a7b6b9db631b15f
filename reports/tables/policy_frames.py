"""The frames of what policies came to and of their waivers, as `reports.tables.columns` publishes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pandas as pd

from checks.policy.waivers import AppliedWaiver
from reports.audit import Audit
from reports.tables.columns import POLICIES, WAIVERS, ReportFile


def policies(audit: Audit) -> pd.DataFrame:
    """A row for each policy, with the columns of `policies.csv`."""
    of_the_audit = {
        "tool_version": audit.tool_version,
        "source": audit.source,
        "is_azure": audit.is_azure,
        "started_at": _moment(audit.started_at),
        "finished_at": _moment(audit.finished_at),
    }
    rows = [
        {
            "policy": verdict.policy,
            "verdict": verdict.verdict.value,
            "fail_on": verdict.fail_on.value,
            "unknown": verdict.unknown.value,
            "checks": ", ".join(verdict.checks),
            "digest": verdict.digest or None,
            **of_the_audit,
        }
        for verdict in audit.verdicts
    ]
    return _frame(rows, POLICIES)


def waivers(audit: Audit) -> pd.DataFrame:
    """A row for each waiver of each policy, with the columns of `waivers.csv`."""
    rows = [_row(verdict.policy, each) for verdict in audit.verdicts for each in verdict.waivers]
    return _frame(rows, WAIVERS)


def _row(policy: str, applied: AppliedWaiver) -> dict[str, object]:
    waiver = applied.waiver
    where = waiver.where.model_dump(mode="json", exclude_none=True) if waiver.where else None
    return {
        "policy": policy,
        "place": applied.place,
        "check": waiver.check,
        "resource": ", ".join(waiver.resource) if waiver.resource else None,
        "where": json.dumps(where, sort_keys=True, ensure_ascii=False) if where else None,
        "reason": waiver.reason,
        "approver": waiver.approver,
        "expires": waiver.expires.isoformat(),
        "ticket": waiver.ticket,
        "state": applied.state.value,
        "violations": applied.violations,
    }


def _frame(rows: Iterable[Mapping[str, object]], file: ReportFile) -> pd.DataFrame:
    listed = list(rows)
    dtypes = {column.name: column.dtype for column in file.columns}
    return pd.DataFrame({name: [row[name] for row in listed] for name in dtypes}).astype(dtypes)


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
