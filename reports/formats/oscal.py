"""`report.oscal.json`: OSCAL 1.1.3 assessment results, and the assessment plan they import beside it.

One result for each policy. In it an observation for each finding and each gap, a finding for each check
(the objective; satisfied only where nothing is violated, undetermined or waived), a risk for each waiver of
a check, and an inventory item for each resource. All UUIDs are version 5 of what they stand for and of
when the audit started.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from checks.engine.finding_ids import stable_uuid
from checks.policy.judge import PolicyVerdict
from checks.policy.verdicts import Verdict
from reports.audit import Audit
from reports.formats.oscal_controls import objective, reviewed_controls
from reports.formats.oscal_plan import metadata, plan
from reports.formats.texts import gap_text, incomplete_text
from reports.origin import moment, origin
from reports.tables.finding_rows import FindingRow, finding_rows
from reports.tables.population import gap_rows
from reports.writing.encoding import Files, as_json

NAME = "report.oscal.json"
PLAN_NAME = "report.oscal-plan.json"
NAMESPACE = "https://azml-audit.invalid/ns/oscal"
"""Of our properties. Nothing is there to fetch; trestle 3, for OSCAL 1.1, takes no URN."""

_ACTED_UPON = re.compile(r"([\\`*_\[\]])")


def files(audit: Audit) -> Files:
    """The assessment results and the plan."""
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
    found: dict[str, list[FindingRow]] = {verdict.policy: [] for verdict in audit.verdicts}
    for row in finding_rows(audit):
        found[row.policy].append(row)
    return (_result(audit, verdict, found[verdict.policy]) for verdict in audit.verdicts)


def _result(audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow]) -> dict[str, Any]:
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
                }
            )
        ),
        **({"local-definitions": {"inventory-items": inventory}} if inventory else {}),
        "reviewed-controls": reviewed_controls(asked),
        **_some("observations", _observations(audit, verdict, rows), bool(rows) or not audit.is_complete),
        **({"risks": risks} if risks else {}),
        **_some("findings", iter(_findings(audit, verdict, rows)), bool(rows) or not audit.is_complete),
    }


def _some(name: str, elements: Iterator[Any], are_there: bool) -> dict[str, Any]:
    """An array that must not be empty, left out where it would be."""
    return {name: elements} if are_there else {}


def _inventory(audit: Audit, rows: list[FindingRow]) -> list[dict[str, Any]]:
    ids = sorted({row.resource_id.lower(): row.resource_id for row in reversed(rows)}.items())
    return [
        {
            "uuid": _subject(audit, spelled),
            "description": _markup(spelled) or "a resource without a name",
            "props": list(_props({"asset-id": spelled}, namespace=None)) or [_prop("kind", "nameless")],
        }
        for _, spelled in ids
    ]


def _observations(audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow]) -> Iterator[dict[str, Any]]:
    for number, gap in enumerate(gap_rows(audit.tables)):
        yield {
            "uuid": _gap(audit, verdict, number),
            "title": f"Not read: {_markup(_line(gap.asked))}",
            "description": _markup(gap_text(gap)),
            "methods": ["TEST"],
            "collected": moment(audit.finished_at),
            "props": [_prop("status", "gap")],
        }
    for row in rows:
        yield _observation(audit, row)


def _observation(audit: Audit, row: FindingRow) -> dict[str, Any]:
    told = {
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
        "description": _markup(row.reason or f"Observed {row.observed}."),
        "props": list(_props(told)),
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": _subject(audit, row.resource_id), "type": "inventory-item"}],
        "collected": moment(audit.finished_at),
        **({"remarks": f"Waived: {_markup(row.waiver)}"} if row.waiver else {}),
    }


def _risks(audit: Audit, rows: list[FindingRow]) -> list[dict[str, Any]]:
    """Each waiver of a check as a risk that is borne: a deviation that was approved."""
    borne: dict[tuple[str, str], list[FindingRow]] = {}
    for row in rows:
        if row.verdict == Verdict.WAIVED:
            borne.setdefault((row.check_id, row.waiver), []).append(row)
    return [
        {
            "uuid": _risk(audit, waived[0]),
            "title": f"Waived: {check_id}",
            "description": f"Violations borne by this waiver: {len(waived)}.",
            "statement": _markup(waiver),
            "status": "deviation-approved",
            "related-observations": [{"observation-uuid": _observed(audit, row)} for row in waived],
        }
        for (check_id, waiver), waived in sorted(borne.items())
    ]


def _findings(audit: Audit, verdict: PolicyVerdict, rows: list[FindingRow]) -> Iterable[dict[str, Any]]:
    """A finding for what was not read, then one for each check that answered."""
    by_check: dict[str, list[FindingRow]] = {}
    for row in rows:
        by_check.setdefault(row.check_id, []).append(row)
    if not audit.is_complete:
        yield _unread(audit, verdict)
    for check_id in sorted(by_check):
        yield _finding(audit, check_id, by_check[check_id])


def _unread(audit: Audit, verdict: PolicyVerdict) -> dict[str, Any]:
    return {
        "uuid": _uuid(audit, "finding", verdict.policy, "gaps"),
        "title": "Everything in scope is read",
        "description": f"{incomplete_text(audit)} What was not read is not judged.",
        "target": _target("azml-audit_population", "not-satisfied", "other"),
        "related-observations": [
            {"observation-uuid": _gap(audit, verdict, number)} for number in range(len(audit.tables.gaps))
        ],
    }


def _finding(audit: Audit, check_id: str, rows: list[FindingRow]) -> dict[str, Any]:
    counts = {each.value: sum(row.verdict == each for row in rows) for each in Verdict}
    said = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    is_met = counts[Verdict.COMPLIANT] == len(rows)
    failed = counts[Verdict.VIOLATED] or counts[Verdict.WAIVED] or counts[Verdict.CONSEQUENCE]
    reason = "pass" if is_met else "fail" if failed else "other"
    waived = {row.waiver: row for row in rows if row.verdict == Verdict.WAIVED}
    risks = [{"risk-uuid": _risk(audit, row)} for _, row in sorted(waived.items())]
    return {
        "uuid": _uuid(audit, "finding", rows[0].policy, check_id),
        "title": f"{check_id}: {_line(rows[0].title)}",
        "description": f"Resources: {said}.",
        "target": _target(objective(check_id), "satisfied" if is_met else "not-satisfied", reason),
        "related-observations": [{"observation-uuid": _observed(audit, row)} for row in rows],
        **({"related-risks": risks} if risks else {}),
    }


def _target(target_id: str, state: str, reason: str) -> dict[str, Any]:
    return {"type": "objective-id", "target-id": target_id, "status": {"state": state, "reason": reason}}


def _props(values: Mapping[str, str], namespace: str | None = NAMESPACE) -> Iterator[dict[str, str]]:
    """A property for each value that is not empty, which OSCAL does not allow."""
    return (_prop(name, _line(value), namespace) for name, value in values.items() if _line(value))


def _prop(name: str, value: str, namespace: str | None = NAMESPACE) -> dict[str, str]:
    return {"name": name, **({"ns": namespace} if namespace else {}), "value": value}


def _markup(text: str) -> str:
    """The text as OSCAL's Markdown, saying what it says and nothing else."""
    return html.escape(_ACTED_UPON.sub(r"\\\1", text), quote=False)


def _line(text: str) -> str:
    """The text on one line without spaces around it, as OSCAL's type string wants it."""
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
