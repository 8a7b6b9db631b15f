"""`report.sarif`: SARIF 2.1.0 (OASIS, 2020-03-27), one run for each policy.

A result is a fail, an unknown or an error. A violated or waived finding has kind `fail` and the level of its
severity. An undetermined finding has kind `open`, whose level must be `none` (§3.27.10), and its severity as
`rank`. A waiver is an accepted suppression. A gap is a notification of the invocation.

GitHub shows a result only if it has a physical location, and tracks it by `primaryLocationLineHash` only
("SARIF support for code scanning", 2026). So the location is the resource id as a path, which no repository
has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from checks.engine.finding_ids import stable_uuid
from checks.model import Check, Severity, Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.texts import gap_text, help_markdown, help_text, links
from reports.origin import caution, moment, origin
from reports.statuses import NEEDS_ACTION
from reports.tables.finding_rows import UNNAMED, FindingRow, rows_by_policy
from reports.tables.population import gap_rows
from reports.writing.encoding import Files, as_json

NAME = "report.sarif"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "azmlAuditFinding/v1"

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFORMATIONAL: "note",
}
_RANKS = dict(zip(Severity, (95.0, 80.0, 55.0, 25.0, 5.0), strict=True))
_MOST_TAGS = 20
"""GitHub refuses a rule with more tags."""


def files(audit: Audit) -> Files:
    """Return the file."""
    return {NAME: as_json(partial(_log, audit), levels=4)}


def _log(audit: Audit) -> dict[str, Any]:
    found = rows_by_policy(audit)
    runs = [
        _run(audit, verdict, [row for row in found[verdict.policy] if row.status in NEEDS_ACTION])
        for verdict in audit.verdicts
    ]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow]) -> dict[str, Any]:
    asked = sorted({*verdict.checks, *(row.check_id for row in rows)} & set(audit.checks))
    places = {check_id: place for place, check_id in enumerate(asked)}
    driver = {
        "name": "azml-audit",
        "fullName": "azml-audit, network isolation of Azure Machine Learning workspaces",
        "version": audit.tool_version,
        "rules": [_rule(audit.checks[check_id]) for check_id in asked],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {
            "id": f"azml-audit/{quote(verdict.policy, safe='')}/{moment(audit.started_at)}",
            "description": {"text": f"Policy {verdict.policy}. {origin(audit)}"},
        },
        "invocations": [_invocation(audit, verdict)],
        "results": _results(rows, places),
        "columnKind": "unicodeCodePoints",
        "properties": {
            "policy": verdict.policy,
            "verdict": verdict.verdict.value,
            "score": verdict.score,
            "source": audit.source,
            "isAzure": audit.is_azure,
            **({"rootDigest": audit.root_digest} if audit.root_digest else {}),
            "statuses": verdict.statuses,
            "waived": verdict.waived,
            "expiredWaivers": list(verdict.expired_waivers),
            "orphanWaivers": list(verdict.orphan_waivers),
        },
    }


def _rule(check: Check) -> dict[str, Any]:
    help_uri = {"helpUri": links(check)[0]} if links(check) else {}
    tags = ["security", check.family, *sorted(check.controls)]
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.function.__name__.split("_")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": (check.rationale or check.title).partition("\n\n")[0][:1000]},
        "help": {"text": help_text(check), "markdown": help_markdown(check)},
        **help_uri,
        "defaultConfiguration": {"level": LEVELS[check.severity], "rank": _RANKS[check.severity]},
        "properties": {
            "tags": list(dict.fromkeys(tags))[:_MOST_TAGS],
            "precision": "very-high",
            "security-severity": str(max(_RANKS[check.severity] / 10, 0.1)),
            "controls": {framework: list(listed) for framework, listed in sorted(check.controls.items())},
        },
    }


def _results(told: list[FindingRow], places: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    return (_result(row, places) for row in told)


def _result(row: FindingRow, places: Mapping[str, int]) -> dict[str, Any]:
    is_open = row.verdict == Verdict.UNDETERMINED
    severity = Severity(row.severity)
    index = {"ruleIndex": places[row.check_id]} if row.check_id in places else {}
    return {
        "ruleId": row.check_id,
        **index,
        "kind": "informational" if row.caused_by else "open" if is_open else "fail",
        "level": "none" if is_open or row.caused_by else LEVELS[severity],
        "rank": _RANKS[severity],
        "message": {"text": _message(row)},
        "locations": [_location(row)],
        "guid": stable_uuid("sarif", row.policy, row.finding_id),
        "correlationGuid": row.finding_id,
        "partialFingerprints": {FINGERPRINT: row.finding_id, "primaryLocationLineHash": row.finding_id},
        "suppressions": _suppressions(row),
        "properties": {
            "status": row.status,
            "verdict": row.verdict,
            "causedBy": row.caused_by,
            "severity": row.severity,
            "policy": row.policy,
            "resourceId": row.resource_id,
            "workspaceId": row.workspace_id,
            "subscription": row.subscription,
            "observed": row.observed,
            "expected": row.expected,
        },
    }


def _message(row: FindingRow) -> str:
    status = {Status.UNKNOWN.value: "Unknown: ", Status.ERROR.value: "The check crashed: "}.get(
        row.status, ""
    )
    return f"{status}{row.title}: {row.resource or row.workspace or UNNAMED}. {row.explanation}"


def _location(row: FindingRow) -> dict[str, Any]:
    path = quote(row.resource_id.strip("/"), safe="/", errors="replace") or "azml-audit"
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        },
        "logicalLocations": [
            {
                "name": row.resource or row.check_id,
                "fullyQualifiedName": row.resource_id or row.check_id,
                "kind": "resource",
            }
        ],
    }


def _suppressions(row: FindingRow) -> list[dict[str, Any]]:
    """Return the list, empty or not: if one result has the property, all must (§3.27.23)."""
    if row.verdict != Verdict.WAIVED:
        return []
    return [{"kind": "external", "status": "accepted", "justification": row.waiver}]


def _invocation(audit: Audit, verdict: PolicyVerdict) -> dict[str, Any]:
    notes = [_note("NOT-AZURE", "note", caution(audit))] if caution(audit) else []
    notes += [_note("GAP", "error", gap_text(gap)) for gap in gap_rows(audit.tables)]
    unknown = verdict.statuses.get(Status.UNKNOWN, 0)
    if unknown:
        notes.append(
            _note("UNKNOWN", "warning", f"Unknown findings: {unknown:,}. None of them counts as a pass.")
        )
    if verdict.crashed:
        notes.append(_note("CRASH", "error", "A check crashed. Its findings have status error."))
    notes += [
        _note(
            "UNREAD-GROUP",
            "error",
            f"Could not read management group {group}. The rules of {verdict.policy} for it were not applied.",
        )
        for group in verdict.unread_groups
    ]
    notes += [
        _note("WAIVER", "warning", text) for text in (*verdict.expired_waivers, *verdict.orphan_waivers)
    ]
    return {
        "executionSuccessful": not verdict.crashed,
        "startTimeUtc": moment(audit.started_at),
        "endTimeUtc": moment(audit.finished_at),
        "toolExecutionNotifications": notes,
    }


def _note(name: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": name}, "level": level, "message": {"text": text}}
