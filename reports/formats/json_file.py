"""`report.json`: the whole audit, as described by `reports.formats.json_schema`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import pandas as pd

from checks.contract.tables import SCHEMAS, Tables
from checks.model import Check, Status
from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.formats.json_schema import (
    FIX_TEXTS,
    FORMAT,
    JSON_SCHEMA_VERSION,
    NULLABLE,
    Schema,
    check_schema,
    policy_schema,
)
from reports.origin import moment
from reports.selection import ALL
from reports.tables.columns import SCORES, WAIVERS
from reports.tables.finding_rows import FindingRow, finding_rows
from reports.tables.policies import score_table, waiver_table
from reports.tables.population import population
from reports.writing.encoding import Files, as_json

NAME = "report.json"

TABLES = tuple(name for name in SCHEMAS if name != "gaps")
"""The tables in their order. The gaps are a member of the document, before the findings."""


def files(audit: Audit) -> Files:
    """Return the file."""
    return {NAME: as_json(partial(document, audit), levels=2)}


def document(audit: Audit) -> dict[str, Any]:
    """Return the document. Its long arrays are iterators that can be read once."""
    return {
        "format": FORMAT,
        "schema_version": JSON_SCHEMA_VERSION,
        "audit": {
            "tool_version": audit.tool_version,
            "source": audit.source,
            "is_azure": audit.is_azure,
            "is_complete": audit.is_complete,
            "started_at": moment(audit.started_at),
            "finished_at": moment(audit.finished_at),
            "root_digest": audit.root_digest or None,
        },
        "population": _population(audit.tables),
        "gaps": rows(audit.tables.gaps, SCHEMAS["gaps"].dtypes),
        "policies": [_policy(verdict) for verdict in audit.verdicts],
        "waivers": rows(waiver_table(audit), [column.name for column in WAIVERS.columns]),
        "scores": rows(score_table(audit), [column.name for column in SCORES.columns]),
        "checks": [_check(each) for _, each in sorted(audit.checks.items())],
        "not_listed": {**dict.fromkeys((status.value for status in Status), 0), **audit.not_listed(ALL)},
        "findings": map(_finding, finding_rows(audit.listed(ALL), audit.tables)),
        "tables": {name: rows(audit.tables[name], SCHEMAS[name].dtypes) for name in TABLES},
    }


def rows(frame: pd.DataFrame, columns: Any) -> Iterator[dict[str, Any]]:
    """Return the rows in order with JSON values; None is "not reported"."""
    names = list(columns)
    values = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))


def _population(tables: Tables) -> dict[str, Any]:
    seen = population(tables)
    return {
        "subscriptions": len(seen.subscriptions),
        "subscriptions_read": seen.read,
        "subscriptions_unread": seen.unread,
        "subscriptions_left_out": seen.subscriptions_left_out,
        "workspaces": seen.workspaces,
        "workspaces_left_out": seen.workspaces_left_out,
        "outbound_rules": seen.outbound_rules,
        "private_endpoint_connections": seen.private_endpoint_connections,
        "gaps": seen.gaps,
    }


def _policy(verdict: PolicyVerdict) -> dict[str, Any]:
    return {**_members(policy_schema(), verdict), "digest": verdict.digest or None}


def _check(check: Check) -> dict[str, Any]:
    return {
        "check_id": check.id,
        **_members(check_schema(), check, leave_out=("check_id",)),
        "remediation": {name: getattr(check.remediation, name) for name in FIX_TEXTS},
        "controls": {framework: list(controls) for framework, controls in sorted(check.controls.items())},
    }


def _members(schema: Schema, value: object, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return the attributes of the value that the schema names, in its order."""
    return {name: getattr(value, name) for name in schema["properties"] if name not in leave_out}


def _finding(row: FindingRow) -> dict[str, Any]:
    return {name: value or (None if name in NULLABLE else "") for name, value in row._asdict().items()}
