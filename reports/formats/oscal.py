"""`report.oscal.json`: OSCAL 1.1.3 assessment results, and the assessment plan they import beside it.

There is one result for each policy. It has an observation for each finding and each gap, a finding for each
check (the objective; satisfied only if every finding is compliant), a risk for each waiver of a check, and an
inventory item for each resource. Every UUID is version 5, of the thing it names and of the start of the audit.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from checks.engine.finding_ids import stable_uuid
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.oscal_plan import metadata, objective, plan, reviewed_controls
from reports.formats.texts import gap_text, incomplete_text
from reports.origin import moment, origin
from reports.tables.finding_rows import UNNAMED, FindingRow, evidence_by_policy, rows_by_policy
from reports.tables.population import gap_rows
from reports.writing.encoding import Files, as_json

NAME = "report.oscal.json"
PLAN_NAME = "report.oscal-plan.json"
NAMESPACE = "https://azml-audit.invalid/ns/oscal"
"""The namespace of our properties. The address does not exist; trestle 3, for OSCAL 1.1, takes no URN."""

_ACTED_UPON = re.compile(r"([\\`*_\[\]])")


def files(audit: Audit) -> Files:
    """Return the assessment results and the plan."""
    return {
        NAME: as_json({"assessment-results": partial(_document, audit)}, levels=5),
        PLAN_NAME: as_json({"assessment-plan": partial(plan, audit)}, levels=3),
    }


def _document(audit: Audit) -> dict[str, Any]:
    return {
        "uuid": _uuid(audit, "results"),
        "metadata": metadata(audit, "Assessment results of azml-audit"),
        "import-ap": {"href": PLAN_NAME},
        "results": _results(audit),
    }


def _results(audit: Audit) -> Iterator[dict[str, Any]]:
    found, evidence = rows_by_policy(audit), evidence_by_policy(audit)
    return (
        _result(audit, verdict, found[verdict.policy], evidence[verdict.policy]) for verdict in audit.verdicts
    )


def _result(
    audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow], evidence: list[list[str]]
) -> dict[str, Any]:
    asked = [audit.checks[check_id] for check_id in sorted(audit.checks) if check_id in verdict.checks]
    description = f"Verdict: {verdict.verdict.value}. {verdict.description} {origin(audit)}"
    inventory = _inventory(audit, rows)
    risks = _risks(audit, rows)
    return {
        "uuid": _uuid(audit, "result", verdict.policy),
        "title": f"Policy {_markup(verdict.policy)}",
        "description": _markup(f"{description} {incomplete_text(audit)}".strip()),
        "start": moment(audit.started_at),
        "end": moment(audit.finished_at),
        "props": list(
            _props(
                {
                    "policy": verdict.policy,
                    "verdict": verdict.verdict.value,
                    "score": "" if verdict.score is None else f"{verdict.score:.1f}",
                    "is-azure": str(audit.is_azure).lower(),
                    "gaps": str(len(audit.tables.gaps)),
                    "waived": str(sum(verdict.waived.values())),
                    "root-digest": audit.root_digest,
                }
            )
        ),
        **({"local-definitions": {"inventory-items": inventory}} if inventory else {}),
        "reviewed-controls": reviewed_controls(asked),
        **_some(
            "observations", _observations(audit, verdict, rows, evidence), bool(rows) or not audit.is_complete
        ),
        **({"risks": risks} if risks else {}),
        **_some("findings", iter(_findings(audit, verdict, rows)), bool(rows) or not audit.is_complete),
    }


def _some(name: str, elements: Iterator[Any], are_there: bool) -> dict[str, Any]:
    """Return the array as a member; nothing if it would be empty, which OSCAL does not allow."""
    return {name: elements} if are_there else {}


def _inventory(audit: Audit, rows: list[FindingRow]) -> list[dict[str, Any]]:
    ids = sorted({row.resource_id.lower(): row.resource_id for row in reversed(rows)}.items())
    return [
        {
            "uuid": _subject(audit, spelled),
            "description": _markup(spelled) or UNNAMED,
            "props": list(_props({"asset-id": spelled}, namespace=None)) or [_prop("kind", "nameless")],
        }
        for _, spelled in ids
    ]


def _observations(
    audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow], evidence: list[list[str]]
) -> Iterator[dict[str, Any]]:
    for number, gap in enumerate(gap_rows(audit.tables)):
        yield {
            "uuid": _gap(audit, verdict, number),
            "title": f"Could not read {_markup(_line(gap.asked))}",
            "description": _markup(gap_text(gap)),
            "methods": ["TEST"],
            "collected": moment(audit.finished_at),
            "props": [_prop("status", "gap")],
        }
    for row, urns in zip(rows, evidence, strict=True):
        yield _observation(audit, row, urns)


def _observation(audit: Audit, row: FindingRow, urns: list[str]) -> dict[str, Any]:
    values = {
        "finding-id": row.finding_id,
        "check-id": row.check_id,
        "status": row.status,
        "verdict": row.verdict,
        "severity": row.severity,
        "observed": row.observed,
        "expected": row.expected,
    }
    return {
        "uuid": _observed(audit, row),
        "title": f"{row.check_id}: {_line(row.title)}",
        "description": _markup(row.explanation),
        "props": list(_props(values)),
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": _subject(audit, row.resource_id), "type": "inventory-item"}],
        "collected": moment(audit.finished_at),
        **({"relevant-evidence": [_evidence(each) for each in urns]} if urns else {}),
        **({"remarks": f"Waived: {_markup(row.waiver)}"} if row.waiver else {}),
    }


def _evidence(urn: str) -> dict[str, str]:
    return {"href": urn, "description": "The place in an answer of Azure, in the evidence bundle."}


def _risks(audit: Audit, rows: list[FindingRow]) -> list[dict[str, Any]]:
    """Return each waiver of a check as a risk: an approved deviation."""
    by_waiver: dict[tuple[str, str], list[FindingRow]] = {}
    for row in rows:
        if row.verdict == Verdict.WAIVED:
            by_waiver.setdefault((row.check_id, row.waiver), []).append(row)
    return [
        {
            "uuid": _risk(audit, waived[0]),
            "title": f"Waived: {check_id}",
            "description": f"Violations under this waiver: {len(waived)}.",
            "statement": _markup(waiver),
            "status": "deviation-approved",
            "related-observations": [{"observation-uuid": _observed(audit, row)} for row in waived],
        }
        for (check_id, waiver), waived in sorted(by_waiver.items())
    ]


def _findings(audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow]) -> Iterable[dict[str, Any]]:
    """Yield a finding for the gaps, if there are any, then one for each check with a finding."""
    by_check: dict[str, list[FindingRow]] = {}
    for row in rows:
        by_check.setdefault(row.check_id, []).append(row)
    if not audit.is_complete:
        yield _gap_finding(audit, verdict)
    for check_id in sorted(by_check):
        yield _finding(audit, check_id, by_check[check_id])


def _gap_finding(audit: Audit, verdict: PolicyVerdict) -> dict[str, Any]:
    return {
        "uuid": _uuid(audit, "finding", verdict.policy, "gaps"),
        "title": "Everything in scope is read",
        "description": f"{incomplete_text(audit)} The results do not cover them.",
        "target": _target("azml-audit_population", "not-satisfied", "other"),
        "related-observations": [
            {"observation-uuid": _gap(audit, verdict, number)} for number in range(len(audit.tables.gaps))
        ],
    }


def _finding(audit: Audit, check_id: str, rows: list[FindingRow]) -> dict[str, Any]:
    counts = {each.value: sum(row.verdict == each for row in rows) for each in Verdict}
    shown = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    is_met = counts[Verdict.COMPLIANT] == len(rows)
    failed = counts[Verdict.VIOLATED] or counts[Verdict.WAIVED] or counts[Verdict.CONSEQUENCE]
    reason = "pass" if is_met else "fail" if failed else "other"
    waived = {row.waiver: row for row in rows if row.verdict == Verdict.WAIVED}
    risks = [{"risk-uuid": _risk(audit, row)} for _, row in sorted(waived.items())]
    return {
        "uuid": _uuid(audit, "finding", rows[0].policy, check_id),
        "title": f"{check_id}: {_line(rows[0].title)}",
        "description": f"Resources: {shown}.",
        "target": _target(objective(check_id), "satisfied" if is_met else "not-satisfied", reason),
        "related-observations": [{"observation-uuid": _observed(audit, row)} for row in rows],
        **({"related-risks": risks} if risks else {}),
    }


def _target(target_id: str, state: str, reason: str) -> dict[str, Any]:
    return {"type": "objective-id", "target-id": target_id, "status": {"state": state, "reason": reason}}


def _props(values: Mapping[str, str], namespace: str | None = NAMESPACE) -> Iterator[dict[str, str]]:
    """Return a property for each value; OSCAL does not allow an empty one."""
    return (_prop(name, _line(value), namespace) for name, value in values.items() if _line(value))


def _prop(name: str, value: str, namespace: str | None = NAMESPACE) -> dict[str, str]:
    return {"name": name, **({"ns": namespace} if namespace else {}), "value": value}


def _markup(text: str) -> str:
    """Return the text as OSCAL's Markdown, with everything escaped that Markdown acts upon."""
    return html.escape(_ACTED_UPON.sub(r"\\\1", text), quote=False)


def _line(text: str) -> str:
    """Return the text on one line without spaces around it, as OSCAL's type string requires."""
    return " ".join(text.split())


def _uuid(audit: Audit, *words: str) -> str:
    return stable_uuid("oscal", moment(audit.started_at), *words)


def _subject(audit: Audit, resource_id: str) -> str:
    return _uuid(audit, "subject", resource_id.lower())


def _observed(audit: Audit, row: FindingRow) -> str:
    return _uuid(audit, "observation", row.policy, row.finding_id)


def _gap(audit: Audit, verdict: PolicyVerdict, number: int) -> str:
    return _uuid(audit, "gap", verdict.policy, str(number))


def _risk(audit: Audit, row: FindingRow) -> str:
    return _uuid(audit, "risk", row.policy, row.check_id, row.waiver)
