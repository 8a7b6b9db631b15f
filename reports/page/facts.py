"""The facts that the script of the page works with: one block of columns as JSON, gzipped, in base64.

Each text is stored once, in `strings`; a number is the position of a text there, and -1 means "not reported".
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from checks.contract.tables import Tables
from checks.model import Check
from reports.audit import Audit
from reports.literals import DIALECTS, QUOTES, placeholders
from reports.page.findings import numbered_findings
from reports.page.fixes import Fixes
from reports.page.gap_groups import command_in
from reports.page.head import MODE
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
from reports.page.networks import Fleet
from reports.page.reach_tables import reach_tables
from reports.page.strings import Strings, numbered_rows, owned_columns
from reports.page.tallies import TALLIES, tallies
from reports.statuses import SEVERITY_ORDER, STATUS_ORDER, VERDICT_ORDER
from reports.tables.policies import workspace_scores
from reports.tables.population import subscription_rows

WORKSPACE_COLUMNS = (
    "workspace_id", "workspace", "kind", "subscription", "subscription_id", "resource_group", "location", "tags",
    "provisioning_state", "inbound", "outbound", "effective_isolation_mode", "public_network_access",
    "network_acls_default_action", "ip_rules", "managed_network_status", "firewall_sku", "outbound_rules",
    "user_defined_rules", "private_endpoints", "approved_private_endpoints", "api_version",
    "own_public_network_access", "own_isolation_mode", "outbound_rules_discrepancy",
    "hub_resource_id",
)  # fmt: skip

CONNECTION_COLUMNS = ("connection", "status", "private_endpoint_id", "description")

GAP_COLUMNS = ("asked", "scope", "http_status", "code", "message", "closes")

_RULE_TEXTS = (
    "type", "category", "status", "action", "fqdn", "service_tag", "protocol", "port_ranges", "address_prefixes",
    "service_resource_id", "subresource_target", "destination", "error_information",
)  # fmt: skip

Block = dict[str, Any]


def facts(audit: Audit, workspaces: pd.DataFrame, counted: pd.DataFrame, fleet: Fleet) -> Block:
    """Return the block. `workspaces` comes from `workspace_frame`, `counted` from `counted_findings`."""
    strings = Strings()
    checks = [audit.checks[id] for id in sorted(audit.checks)]
    fixes = Fixes(audit, strings, checks)
    places = {key: place for place, key in enumerate(workspaces.index)}
    found = numbered_findings(audit, places, strings, checks, fixes)
    return {
        "policies": [verdict.policy for verdict in audit.verdicts],
        "judges_outbound": [MODE in verdict.checks for verdict in audit.verdicts],
        "statuses": [status.value for status in STATUS_ORDER],
        "verdicts": [verdict.value for verdict in VERDICT_ORDER],
        "severities": SEVERITY_ORDER,
        "sealed": bool(audit.root_digest),
        "quotes": [QUOTES[dialect] for dialect in DIALECTS],
        "kinds": [kind for kind, _ in KINDS],
        "checks": [_check(check, fixes) for check in checks],
        "workspaces": _workspaces(audit, workspaces, counted, strings, places),
        "findings": {"count": found.counts, **found.rows},
        "answers": found.answers,
        "judgements": found.judgements,
        "fixes": fixes.rows,
        "literals": fixes.literals,
        "rules": _rules(workspaces.index, fleet, strings),
        **_owned(audit.tables, workspaces, strings, places),
        "reach": reach_tables(),
        "unread": [
            {"name": row.name, "id": row.id, "command": command_in(row.closes)}
            for row in subscription_rows(audit.tables)
            if not row.is_read
        ],
        "strings": strings.listed,
    }


def encoded(block: Block) -> str:
    """Return the block as gzipped JSON in base64; equal blocks give equal texts."""
    packed = gzip.compress(json.dumps(block, separators=(",", ":")).encode(), compresslevel=9, mtime=0)
    return base64.b64encode(packed).decode()


def _check(check: Check, fixes: Fixes) -> Block:
    return {
        "id": check.id,
        "title": check.title,
        "summary": check.remediation.summary,
        "caution": check.remediation.caution,
        "texts": fixes.texts(check.id),
        "names": list(placeholders(check.remediation)),
        "reads": list(check.reads),
        "controls": [f"{framework} {id}" for framework, ids in check.controls.items() for id in ids],
    }


def _workspaces(
    audit: Audit, frame: pd.DataFrame, counted: pd.DataFrame, strings: Strings, places: Mapping[str, int]
) -> Block:
    numbers = numbered_rows(frame, WORKSPACE_COLUMNS, strings)
    counts = [tallies(counted, verdict.policy, frame.index) for verdict in audit.verdicts]
    scores = [workspace_scores(verdict) for verdict in audit.verdicts]
    return {
        **{name: numbers[:, place].tolist() for place, name in enumerate(WORKSPACE_COLUMNS)},
        "complete": frame["outbound_rules_known"].fillna(value=False).astype(int).tolist(),
        "network": [places.get(judge, -1) for judge in frame["judged_by"].fillna("")],
        "read": read_signs(frame).tolist(),
        "tallies": [{name: table[name].tolist() for name in TALLIES} for table in counts],
        "scores": [[of.get(key, "") for key in frame.index] for of in scores],
    }


def _rules(index: pd.Index, fleet: Fleet, strings: Strings) -> Block:
    """Return the rules of the workspaces in their order, and the different contents that they have."""
    names = [fleet.names.get(key, ()) for key in index]
    contents = fleet.rules.contents
    normal = [vars(rule) for rule in fleet.rules.rules]
    return {
        "count": [len(each) for each in names],
        "name": [strings.number(name) for each in names for name, _ in each],
        "content": [number for each in names for _, number in each],
        "contents": {name: [strings.number(row[name] or None) for row in contents] for name in _RULE_TEXTS},
        "classes": list(fleet.rules.classes),
        "normal": {name: [strings.number(rule[name]) for rule in normal] for name in normal[0]}
        if normal
        else {},
    }


def _owned(tables: Tables, workspaces: pd.DataFrame, strings: Strings, places: Mapping[str, int]) -> Block:
    """Return by kind the columns of the resources that belong to workspaces."""
    frames: dict[str, tuple[pd.DataFrame, Sequence[str]]] = {
        "connections": (tables.private_endpoint_connections, CONNECTION_COLUMNS),
        "gaps": (_with_workspace(tables.gaps, workspaces), GAP_COLUMNS),
        "dependencies": (dependencies(tables), DEPENDENCY_COLUMNS),
        "computes": (computes(tables), COMPUTE_COLUMNS),
        "endpoints": (endpoints(tables), ENDPOINT_COLUMNS),
    }
    return {name: owned_columns(frame, columns, strings, places) for name, (frame, columns) in frames.items()}


def _with_workspace(gaps: pd.DataFrame, workspaces: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps whose scope is within a workspace, with the id of the workspace."""
    owner = gaps["scope"].fillna("").str.lower().str.extract(r"^(.*/workspaces/[^/]+)")[0]
    return gaps.assign(workspace_id=owner)[owner.isin(workspaces.index)]
