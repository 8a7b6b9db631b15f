"""`report.sarif`: SARIF 2.1.0 (OASIS, 2020-03-27), one run for each policy.

A result is a fail, an unknown or an error. What is violated or waived has kind `fail` and the level of its
severity; what is undetermined has kind `open`, whose level must be `none` (§3.27.10), and its severity as
`rank`. A waiver is an accepted suppression. What was not read is a notification of the invocation.

GitHub shows a result only with a physical location, and follows it by `primaryLocationLineHash` alone
(its "SARIF support for code scanning", 2026): the location is the resource id as a path that no repository
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
from checks.policy.verdicts import Verdict
from reports.audit import Audit
from reports.formats.texts import gap_text, help_markdown, help_text, links
from reports.origin import caution, moment, origin
from reports.tables.finding_rows import FindingRow, finding_rows
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
_TOLD = frozenset({Status.FAIL.value, Status.UNKNOWN.value, Status.ERROR.value})
_MOST_TAGS = 20
"""GitHub refuses a rule with more."""


def files(audit: Audit) -> Files:
    """The one file."""
    return {NAME: as_json(partial(_log, audit), levels=4)}


def _log(audit: Audit) -> dict[str, Any]:
    told: dict[str, list[FindingRow]] = {verdict.policy: [] for verdict in audit.verdicts}
    for row in finding_rows(audit):
        if row.status in _TOLD:
            told[row.policy].append(row)
    runs = [_run(audit, verdict, told[verdict.policy]) for verdict in audit.verdicts]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(audit: Audit, verdict: PolicyVerdict, told: list[FindingRow]) -> dict[str, Any]:
    asked = sorted({*verdict.checks, *(row.check_id for row in told)} & set(audit.checks))
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
        "results": _results(told, places),
        "columnKind": "unicodeCodePoints",
        "properties": {
            "policy": verdict.policy,
            "verdict": verdict.verdict.value,
            "score": verdict.score,
            "source": audit.source,
            "isAzure": audit.is_azure,
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
    said = {Status.UNKNOWN.value: "Not known: ", Status.ERROR.value: "The check crashed: "}.get(
        row.status, ""
    )
    named = row.resource or row.workspace or "a resource without a name"
    return f"{said}{row.title}: {named}. {row.reason or f'Observed {row.observed}.'}"


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
    """Of every result, empty or not: where one has the property all must (§3.27.23)."""
    if row.verdict != Verdict.WAIVED:
        return []
    return [{"kind": "external", "status": "accepted", "justification": row.waiver}]


def _invocation(audit: Audit, verdict: PolicyVerdict) -> dict[str, Any]:
    notes = [_note("NOT-AZURE", "note", caution(audit))] if caution(audit) else []
    notes += [_note("GAP", "error", gap_text(gap)) for gap in gap_rows(audit.tables)]
    unknown = verdict.statuses.get(Status.UNKNOWN, 0)
    if unknown:
        notes.append(_note("UNKNOWN", "warning", f"Answers that are not known: {unknown:,}. None is a pass."))
    if verdict.crashed:
        notes.append(_note("CRASH", "error", "A check crashed; its answers are missing."))
    notes += [
        _note(
            "UNREAD-GROUP",
            "error",
            f"Management group {group} was not read: what {verdict.policy} says for it was not applied.",
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
