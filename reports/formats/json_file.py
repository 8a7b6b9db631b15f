"""`report.json`: everything the audit knows, as `reports.formats.json_schema` publishes it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from checks.contract.tables import SCHEMAS, Tables
from checks.model import Check
from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.formats.json_schema import FORMAT, JSON_SCHEMA_VERSION, NULLABLE
from reports.origin import moment
from reports.tables import policies, policy_frames
from reports.tables.columns import SCORES, WAIVERS
from reports.tables.finding_rows import FindingRow, finding_rows
from reports.tables.population import population
from reports.writing.encoding import Files, as_json

NAME = "report.json"

TABLES = tuple(name for name in SCHEMAS if name != "gaps")
"""The tables in the order they are listed; the gaps have a place of their own, before the findings."""


def files(audit: Audit) -> Files:
    """The one file."""
    return {NAME: as_json(partial(document, audit), levels=2)}


def document(audit: Audit) -> dict[str, Any]:
    """The document; its long arrays are iterators that can be read once."""
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
        },
        "population": _population(audit.tables),
        "gaps": rows(audit.tables.gaps, SCHEMAS["gaps"].dtypes),
        "policies": [_policy(verdict) for verdict in audit.verdicts],
        "waivers": rows(policy_frames.waivers(audit), [column.name for column in WAIVERS.columns]),
        "scores": rows(policies.all_scores(audit), [column.name for column in SCORES.columns]),
        "checks": [_check(each) for _, each in sorted(audit.checks.items())],
        "findings": (_finding(row) for row in finding_rows(audit)),
        "tables": {name: rows(audit.tables[name], SCHEMAS[name].dtypes) for name in TABLES},
    }


def rows(frame: pd.DataFrame, columns: Any) -> Iterator[dict[str, Any]]:
    """The rows in order, with the values as JSON has them; None is "not reported"."""
    names = list(columns)
    values = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))


def _population(tables: Tables) -> dict[str, Any]:
    seen = population(tables)
    return {
        "subscriptions": len(seen.subscriptions),
        "subscriptions_read": seen.read,
        "subscriptions_unread": seen.unread,
        "workspaces": seen.workspaces,
        "outbound_rules": seen.outbound_rules,
        "private_endpoint_connections": seen.private_endpoint_connections,
        "gaps": seen.gaps,
    }


def _policy(verdict: PolicyVerdict) -> dict[str, Any]:
    return {
        "policy": verdict.policy,
        "description": verdict.description,
        "digest": verdict.digest or None,
        "verdict": verdict.verdict.value,
        "score": verdict.score,
        "fail_on": verdict.fail_on.value,
        "unknown": verdict.unknown.value,
        "crashed": verdict.crashed,
        "checks": list(verdict.checks),
        "statuses": verdict.statuses,
        "violated": verdict.violated,
        "waived": verdict.waived,
        "expired_waivers": list(verdict.expired_waivers),
        "orphan_waivers": list(verdict.orphan_waivers),
        "unread_groups": list(verdict.unread_groups),
    }


def _check(check: Check) -> dict[str, Any]:
    fix = check.remediation
    return {
        "check_id": check.id,
        "title": check.title,
        "family": check.family,
        "severity": check.severity.value,
        "over": check.over,
        "reads": list(check.reads),
        "rationale": check.rationale,
        "remediation": {
            "summary": fix.summary,
            "caution": fix.caution,
            "az": fix.az,
            "bicep": fix.bicep,
            "terraform": fix.terraform,
        },
        "controls": {framework: list(controls) for framework, controls in sorted(check.controls.items())},
        "references": list(check.references),
    }


def _finding(row: FindingRow) -> dict[str, Any]:
    return {name: value or (None if name in NULLABLE else "") for name, value in row._asdict().items()}
