"""Everything about each workspace, compact enough for the page: texts are said once and numbered.

The page's script unfolds this on demand. A number is the place of a text in `strings`; -1 is "not reported".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from checks.hubs import is_project
from checks.model import Check, Severity
from reports.audit import Audit
from reports.numbered_findings import STATUS_ORDER, Fixes, numbered_findings
from reports.remediation import DIALECTS, placeholders, texts
from reports.strings import Strings

FACTS: tuple[tuple[str, str, str], ...] = (
    ("in", "Public network access", "public_network_access"),
    ("in", "Default for other addresses", "network_acls_default_action"),
    ("in", "Address rules", "ip_rules"),
    ("in", "Legacy public access flag", "allow_public_access_when_behind_vnet"),
    ("in", "Private endpoints approved", "approved_private_endpoints"),
    ("in", "Private endpoints in all", "private_endpoints"),
    ("out", "Isolation mode", "effective_isolation_mode"),
    ("out", "Managed network", "managed_network_status"),
    ("out", "Outbound rules", "outbound_rules"),
    ("out", "User-defined rules", "user_defined_rules"),
    ("out", "Firewall tier", "firewall_sku"),
    ("out", "Serverless Spark ready", "spark_ready"),
    ("out", "Body and rule list disagree", "outbound_rules_discrepancy"),
    ("id", "Resource id", "workspace_id"),
    ("id", "Kind", "kind"),
    ("id", "Location", "location"),
    ("id", "Read with api-version", "api_version"),
    ("id", "Own public network access", "own_public_network_access"),
    ("id", "Own isolation mode", "own_isolation_mode"),
)
"""Group, label and column of what is told of every workspace."""

DECIDING = frozenset({
    "public_network_access", "approved_private_endpoints", "private_endpoints", "effective_isolation_mode",
    "outbound_rules", "user_defined_rules",
})  # fmt: skip
"""What must not be missing: its absence is told as unknown, that of others as not reported."""

RULE_COLUMNS = (
    "rule", "type", "category", "status", "destination", "subresource_target",
    "protocol", "port_ranges", "address_prefixes", "action", "error_information",
)  # fmt: skip

CONNECTION_COLUMNS = ("connection", "status", "private_endpoint_id", "description")

GAP_COLUMNS = ("asked", "scope", "http_status", "code", "message", "closes")

Block = dict[str, Any]


def details(audit: Audit, workspaces: pd.DataFrame) -> Block:
    """The JSON block of the page.

    `workspaces` is the frame of the page: effective values, sorted as the page lists them.
    """
    strings = Strings()
    checks = [audit.checks[id] for id in sorted(audit.checks)]
    fixes = Fixes(audit, strings, checks)
    rules = _grouped(audit.tables.outbound_rules, RULE_COLUMNS, strings)
    connections = _grouped(audit.tables.private_endpoint_connections, CONNECTION_COLUMNS, strings)
    gaps = _grouped(_with_workspace(audit.tables.gaps, workspaces), GAP_COLUMNS, strings)
    found = numbered_findings(audit, strings, checks, fixes)
    facts = _rows(workspaces, [column for _, _, column in FACTS], strings)
    hubs = workspaces["judged_by"].where(is_project(workspaces)).fillna("")
    return {
        "policies": [verdict.policy for verdict in audit.verdicts],
        "statuses": [status.value for status in STATUS_ORDER],
        "severities": [severity.value for severity in Severity],
        "dialects": list(DIALECTS),
        "facts": [[group, label, column in DECIDING] for group, label, column in FACTS],
        "checks": [_check(check) for check in checks],
        "answers": found.answers,
        "judgements": found.judgements,
        "fixes": fixes.rows,
        "literals": fixes.literals,
        "workspaces": [
            {
                "id": id,
                "hub": hub,
                "facts": row,
                "rules": rules.get(id, []),
                "connections": connections.get(id, []),
                "gaps": gaps.get(id, []),
                "findings": found.rows.get(id, []),
            }
            for id, hub, row in zip(workspaces.index, hubs, facts, strict=True)
        ],
        "strings": strings.listed,
    }


def _check(check: Check) -> Block:
    return {
        "id": check.id,
        "title": check.title,
        "family": check.family,
        "summary": check.remediation.summary,
        "caution": check.remediation.caution,
        "texts": list(texts(check.remediation).values()),
        "names": list(placeholders(check.remediation)),
    }


def _with_workspace(gaps: pd.DataFrame, workspaces: pd.DataFrame) -> pd.DataFrame:
    """The gaps whose scope lies within a workspace, with its id."""
    owner = gaps["scope"].fillna("").str.lower().str.extract(r"^(.*/workspaces/[^/]+)")[0]
    return gaps.assign(workspace_id=owner)[owner.isin(workspaces.index)]


def _grouped(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> dict[str, list[list[int]]]:
    """Rows by lower-cased workspace id, sorted by all of `columns`."""
    texts_of = frame[list(columns)].astype("string").fillna("")
    ordered = frame.loc[texts_of.sort_values(list(columns)).index]
    result: dict[str, list[list[int]]] = {}
    owners = ordered["workspace_id"].str.lower().fillna("")
    for owner, row in zip(owners, _rows(ordered, columns, strings), strict=True):
        result.setdefault(owner, []).append(row)
    return result


def _rows(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> list[list[int]]:
    listed = [_plain(frame[name]) for name in columns]
    return [[strings.number(text) for text in row] for row in zip(*listed, strict=True)]


def _plain(column: pd.Series) -> list[str | None]:
    values = column.map({True: "yes", False: "no"}) if column.dtype == "boolean" else column
    return [None if pd.isna(value) else str(value) for value in values.astype("string")]
