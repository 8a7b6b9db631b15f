"""`report.sarif`: SARIF 2.1.0 (OASIS, 2020-03-27), one run for each policy, or more if a run has no room.

A result is a fail, an unknown, or an error: an unknown because a check crashed. A violated or waived finding has
kind `fail` and the level of its severity. An undetermined finding has kind `open`, whose level must be `none`
(§3.27.10), and its severity as `rank`. A waiver is an accepted suppression. A gap is a notification of the invocation.

GitHub shows a result only if it has a physical location, and tracks it by `primaryLocationLineHash` only
("SARIF support for code scanning", 2026). So the location is the resource id as a path, which no repository
has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote
from zlib import compress

from checks.engine.finding_ids import stable_uuid
from checks.model import Check, Severity, Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.sarif_runs import Limits, Run, filled_runs
from reports.formats.texts import gap_text, help_markdown, help_text, links
from reports.origin import caution, moment, origin
from reports.selection import OPEN
from reports.tables.columns import ALL_FINDINGS
from reports.tables.finding_rows import UNNAMED, FindingRow, of_policy
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
_MOST_GAPS = 1000
"""Of more gaps the others are counted, so that they leave room for results."""
GITHUB = Limits()


def files(audit: Audit, *, limits: Limits = GITHUB) -> Files:
    """Return the file."""
    return {NAME: _chunks(audit, limits)}


def _chunks(audit: Audit, limits: Limits) -> Iterator[bytes]:
    by_policy = {verdict.policy: verdict for verdict in audit.verdicts}
    # A file has 20 runs. Of more policies, those that are violated come first.
    names = sorted(by_policy, key=lambda name: by_policy[name].verdict != Verdict.VIOLATED)
    policies = list(by_policy) if len(by_policy) <= limits.runs else names
    places = {name: _places(audit, verdict) for name, verdict in by_policy.items()}

    def shell(run: Run) -> dict[str, Any]:
        return _run(audit, by_policy[run.policy], run, places[run.policy])

    with ExitStack() as temporary:
        runs = filled_runs(
            audit.listed(OPEN),
            audit.tables,
            policies,
            lambda row: _result(row, places[row.policy]),
            limits=limits,
            overhead=lambda run: len(compress(b"".join(as_json(shell(run), levels=0)))),
            files=temporary,
        )
        listed = ({**shell(run), "results": run.results} for run in runs)
        yield from as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": listed}, levels=4)


def _places(audit: Audit, verdict: PolicyVerdict) -> dict[str, int]:
    """Return the checks of the policy's rules with their places. A finding may have a check that it does not name."""
    found = of_policy(audit.findings, verdict.policy)["check_id"].astype(object).unique()
    asked = sorted({*verdict.checks, *found} & set(audit.checks))
    return {check_id: place for place, check_id in enumerate(asked)}


def _run(audit: Audit, verdict: PolicyVerdict, run: Run, places: Mapping[str, int]) -> dict[str, Any]:
    driver = {
        "name": "azml-audit",
        "fullName": "azml-audit, network isolation of Azure Machine Learning workspaces",
        "version": audit.tool_version,
        "rules": [_rule(audit.checks[check_id]) for check_id in places],
    }
    # GitHub refuses two runs with one category, which is the id up to the last slash.
    part = f"/part-{run.number + 1}" if run.number else ""
    return {
        "tool": {"driver": driver},
        "automationDetails": {
            "id": f"azml-audit/{quote(verdict.policy, safe='')}{part}/{moment(audit.started_at)}",
            "description": {"text": f"Policy {verdict.policy}. {origin(audit)}"},
        },
        "invocations": [_invocation(audit, verdict, run)],
        "results": [],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "policy": verdict.policy,
            "part": run.number + 1,
            "notListed": _not_listed(run),
            "verdict": verdict.verdict.value,
            "score": verdict.score,
            "source": audit.source,
            "isAzure": audit.is_azure,
            **({"rootDigest": audit.root_digest} if audit.root_digest else {}),
            "statuses": verdict.statuses,
            "waived": verdict.waived,
            "consequences": verdict.consequences,
            "inheritingProjects": verdict.inheriting,
            "expiredWaivers": list(verdict.expired_waivers),
            "orphanWaivers": list(verdict.orphan_waivers),
        },
    }


def _not_listed(run: Run) -> dict[str, int]:
    """Return how many results are left out by verdict."""
    counts: Counter[str] = Counter()
    for (_, verdict, _), count in run.not_listed.items():
        counts[verdict] += count
    return dict(sorted(counts.items()))


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


def _result(row: FindingRow, places: Mapping[str, int]) -> dict[str, Any]:
    severity = Severity(row.severity)
    kind = _kind(row)
    index = {"ruleIndex": places[row.check_id]} if row.check_id in places else {}
    return {
        "ruleId": row.check_id,
        **index,
        "kind": kind,
        "level": LEVELS[severity] if kind == "fail" else "none",
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
            "followedBy": row.followed_by,
            "severity": row.severity,
            "policy": row.policy,
            "resourceId": row.resource_id,
            "workspaceId": row.workspace_id,
            "subscription": row.subscription,
            "observed": row.observed,
            "expected": row.expected,
        },
    }


def _kind(row: FindingRow) -> str:
    if row.caused_by:
        return "informational"
    if row.verdict == Verdict.UNDETERMINED:
        return "open"
    return {Status.PASS.value: "pass", Status.NOT_APPLICABLE.value: "notApplicable"}.get(row.status, "fail")


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


def _invocation(audit: Audit, verdict: PolicyVerdict, run: Run) -> dict[str, Any]:
    notes = [_note("NOT-AZURE", "note", caution(audit))] if caution(audit) else []
    notes += list(_notes(audit, verdict, run)) if not run.number else []
    return {
        "executionSuccessful": not verdict.crashed,
        "startTimeUtc": moment(audit.started_at),
        "endTimeUtc": moment(audit.finished_at),
        "toolExecutionNotifications": notes,
    }


def _notes(audit: Audit, verdict: PolicyVerdict, run: Run) -> Iterator[dict[str, Any]]:
    """Yield the notifications of the first run of a policy: results left out, gaps, unknown findings and waivers."""
    if run.not_listed:
        yield _note("NOT-LISTED", "warning", _not_listed_text(run))
    gaps = gap_rows(audit.tables)
    yield from (_note("GAP", "error", gap_text(gap)) for gap in gaps[:_MOST_GAPS])
    if len(gaps) > _MOST_GAPS:
        yield _note("GAP", "error", f"Gaps that are not listed here: {len(gaps) - _MOST_GAPS:,}.")
    yield from (_note("HEADLINE", "note", line) for line in verdict.headlines)
    if verdict.undecided:
        text = f"Unknown findings: {verdict.undecided:,}. None of them counts as a pass."
        yield _note("UNKNOWN", "warning", text)
    if verdict.crashed:
        yield _note("CRASH", "error", "A check crashed. Its findings have status error.")
    for group in verdict.unread_groups:
        text = (
            f"Could not read management group {group}. The rules of {verdict.policy} for it were not applied."
        )
        yield _note("UNREAD-GROUP", "error", text)
    for text in (*verdict.expired_waivers, *verdict.orphan_waivers):
        yield _note("WAIVER", "warning", text)


def _not_listed_text(run: Run) -> str:
    counts = (
        f"{count:,} {verdict} {severity}" + (f" of {policy}" if policy != run.policy else "")
        for (policy, verdict, severity), count in run.not_listed.items()
    )
    return (
        f"Results not listed, the least severe: {run.not_listed.total():,} ({', '.join(counts)}). A file has no "
        f"room for them, because code scanning accepts 20 runs, 25,000 results in a run and 10 MB. "
        f"{ALL_FINDINGS} has them."
    )


def _note(name: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": name}, "level": level, "message": {"text": text}}
