"""The JSON block of the page with everything about each workspace. The script opens it on demand.

Each text is stored once, in `strings`; a number is the position of a text there, and -1 means "not reported".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from checks.contract.hubs import is_project
from checks.contract.tables import Tables
from checks.model import Check
from reports.audit import Audit
from reports.literals import DIALECTS, QUOTES, placeholders, texts
from reports.page.findings import numbered_findings
from reports.page.fixes import Fixes
from reports.page.inventory import (
    COMPUTE_COLUMNS,
    DEPENDENCY_COLUMNS,
    ENDPOINT_COLUMNS,
    KINDS,
    computes,
    dependencies,
    endpoints,
    read_signs,
)
from reports.page.strings import Owned, Strings, numbered_rows, rows_by_workspace
from reports.statuses import SEVERITY_ORDER, STATUS_ORDER, VERDICT_ORDER
from reports.writing.encoding import json_pieces

FACTS: tuple[tuple[str, str, str], ...] = (
    ("in", "Public network access", "public_network_access"),
    ("in", "Default for other addresses", "network_acls_default_action"),
    ("in", "Address rules", "ip_rules"),
    ("in", "Legacy public access flag", "allow_public_access_when_behind_vnet"),
    ("in", "Private endpoints approved", "approved_private_endpoints"),
    ("in", "Private endpoints in total", "private_endpoints"),
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
"""Group, label and column of each fact about a workspace."""

DECIDING = frozenset({
    "public_network_access", "approved_private_endpoints", "private_endpoints", "effective_isolation_mode",
    "outbound_rules", "user_defined_rules",
})  # fmt: skip
"""The facts that decide: the page marks a missing one as unknown, any other as not reported."""

RULE_COLUMNS = (
    "rule", "type", "category", "status", "destination", "subresource_target",
    "protocol", "port_ranges", "address_prefixes", "action", "error_information",
)  # fmt: skip

CONNECTION_COLUMNS = ("connection", "status", "private_endpoint_id", "description")

GAP_COLUMNS = ("asked", "scope", "http_status", "code", "message", "closes")

Block = dict[str, Any]

_UNSAFE_IN_HTML: Mapping[str, str] = {sign: f"\\u{ord(sign):04x}" for sign in "<>&'"}


def details(audit: Audit, workspaces: pd.DataFrame) -> Block:
    """Return the JSON block of the page. Its `workspaces` can be read once.

    `workspaces` comes from `workspace_frame`.
    """
    strings = Strings()
    checks = [audit.checks[id] for id in sorted(audit.checks)]
    fixes = Fixes(audit, strings, checks)
    owned = _owned(audit.tables, _with_workspace(audit.tables.gaps, workspaces), strings)
    found = numbered_findings(audit, strings, checks, fixes)
    facts = numbered_rows(workspaces, [column for _, _, column in FACTS], strings)
    hubs = workspaces["judged_by"].where(is_project(workspaces)).fillna("")
    return {
        "policies": [verdict.policy for verdict in audit.verdicts],
        "statuses": [status.value for status in STATUS_ORDER],
        "verdicts": [verdict.value for verdict in VERDICT_ORDER],
        "severities": SEVERITY_ORDER,
        "sealed": bool(audit.root_digest),
        "dialects": list(DIALECTS),
        "quotes": [QUOTES[dialect] for dialect in DIALECTS],
        "kinds": [kind for kind, _ in KINDS],
        "facts": [[group, label, column in DECIDING] for group, label, column in FACTS],
        "checks": [_check(check) for check in checks],
        "answers": found.answers,
        "judgements": found.judgements,
        "fixes": fixes.rows,
        "literals": fixes.literals,
        "workspaces": (
            {
                "id": id,
                "hub": hub,
                "facts": row.tolist(),
                "read": signs,
                "findings": found.of(id),
                **{name: rows.of(id) for name, rows in owned.items() if id in rows.spans},
            }
            for id, hub, row, signs in zip(workspaces.index, hubs, facts, read_signs(workspaces), strict=True)
        ),
        "strings": strings.listed,
    }


def details_json(block: Block) -> Iterator[Markup]:
    """Yield the block as JSON that cannot end the script element around it."""
    for piece in json_pieces(block, 1):
        for sign, escape in _UNSAFE_IN_HTML.items():
            piece = piece.replace(sign, escape)
        yield Markup(piece)  # noqa: S704 - no character that HTML acts upon is left


def _owned(tables: Tables, gaps: pd.DataFrame, strings: Strings) -> dict[str, Owned]:
    """Return by kind the rows of the resources that belong to workspaces."""
    frames = {
        "rules": (tables.outbound_rules, RULE_COLUMNS),
        "connections": (tables.private_endpoint_connections, CONNECTION_COLUMNS),
        "gaps": (gaps, GAP_COLUMNS),
        "dependencies": (dependencies(tables), DEPENDENCY_COLUMNS),
        "computes": (computes(tables), COMPUTE_COLUMNS),
        "endpoints": (endpoints(tables), ENDPOINT_COLUMNS),
    }
    return {name: rows_by_workspace(frame, columns, strings) for name, (frame, columns) in frames.items()}


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
    """Return the gaps whose scope is within a workspace, with the id of the workspace."""
    owner = gaps["scope"].fillna("").str.lower().str.extract(r"^(.*/workspaces/[^/]+)")[0]
    return gaps.assign(workspace_id=owner)[owner.isin(workspaces.index)]
