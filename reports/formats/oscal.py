"""`report.oscal.json`: OSCAL 1.1.3 assessment results, and the assessment plan they import beside it.

There is one result for each policy. A result has:

- an observation for each gap and for each finding that is fail, unknown or error;
- for each check, an observation that counts its passes, and one that counts the resources to which it does not apply;
- a finding for each check: the objective is satisfied only if every finding of the check is compliant;
- a risk for each waiver of a check, and an inventory item for each resource.

Every UUID is version 5, of the thing it names and of the start of the audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.model import Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.oscal_parts import (
    count_uuid,
    gap_uuid,
    markup,
    observation_uuid,
    one_line,
    prop,
    props,
    risk_uuid,
    subject_uuid,
    uuid_of,
)
from reports.formats.oscal_plan import metadata, objective, plan, reviewed_controls
from reports.formats.texts import gap_text, incomplete_text
from reports.origin import moment, origin
from reports.selection import ALL, OPEN
from reports.tables.check_counts import CheckCount, counts_by_check
from reports.tables.columns import ALL_FINDINGS
from reports.tables.finding_rows import UNNAMED, FindingRow, evidence_of_rows, finding_rows, of_policy
from reports.tables.population import gap_rows
from reports.writing.encoding import Files, as_json

NAME = "report.oscal.json"
PLAN_NAME = "report.oscal-plan.json"


def files(audit: Audit) -> Files:
    """Return the assessment results and the plan."""
    return {
        NAME: as_json({"assessment-results": partial(_document, audit)}, levels=5),
        PLAN_NAME: as_json({"assessment-plan": partial(plan, audit)}, levels=3),
    }


def _document(audit: Audit) -> dict[str, Any]:
    return {
        "uuid": uuid_of(audit, "results"),
        "metadata": metadata(audit, "Assessment results of azml-audit"),
        "import-ap": {"href": PLAN_NAME},
        "results": _results(audit),
    }


def _results(audit: Audit) -> Iterator[dict[str, Any]]:
    return (_result(audit, verdict) for verdict in audit.verdicts)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The findings of a policy: all, those with an observation each, and the others counted by check."""

    every: pd.DataFrame
    shown: pd.DataFrame
    counted: Sequence[CheckCount]


def _found(audit: Audit, policy: str) -> _Found:
    listed = of_policy(audit.listed(ALL), policy)
    return _Found(
        every=of_policy(audit.findings, policy),
        shown=listed[listed["status"].isin(list(OPEN))],
        counted=counts_by_check(listed),
    )


def _result(audit: Audit, verdict: PolicyVerdict) -> dict[str, Any]:
    asked = [audit.checks[check_id] for check_id in sorted(audit.checks) if check_id in verdict.checks]
    description = f"Verdict: {verdict.verdict.value}. {verdict.description} {origin(audit)}"
    found = _found(audit, verdict.policy)
    inventory = _inventory(audit, found.shown)
    risks = _risks(audit, found.shown)
    has_observations = len(found.shown) > 0 or bool(found.counted) or not audit.is_complete
    return {
        "uuid": uuid_of(audit, "result", verdict.policy),
        "title": f"Policy {markup(verdict.policy)}",
        "description": markup(f"{description} {incomplete_text(audit)}".strip()),
        "start": moment(audit.started_at),
        "end": moment(audit.finished_at),
        "props": list(
            props(
                {
                    "policy": verdict.policy,
                    "verdict": verdict.verdict.value,
                    "score": "" if verdict.score is None else f"{verdict.score:.1f}",
                    "is-azure": str(audit.is_azure).lower(),
                    "gaps": str(len(audit.tables.gaps)),
                    "waived": str(sum(verdict.waived.values())),
                    **{f"findings-{status}": str(count) for status, count in verdict.statuses.items()},
                    "root-digest": audit.root_digest,
                }
            )
        ),
        **({"local-definitions": {"inventory-items": inventory}} if inventory else {}),
        "reviewed-controls": reviewed_controls(asked),
        **_some("observations", _observations(audit, verdict, found), has_observations),
        **({"risks": risks} if risks else {}),
        **_some("findings", _findings(audit, verdict, found), len(found.every) > 0 or not audit.is_complete),
    }


def _some(name: str, elements: Iterator[Any], are_there: bool) -> dict[str, Any]:
    """Return the array as a member; nothing if it would be empty, which OSCAL does not allow."""
    return {name: elements} if are_there else {}


def _inventory(audit: Audit, shown: pd.DataFrame) -> list[dict[str, Any]]:
    named = shown["resource_id"].astype(object).fillna("")
    ids = sorted({spelled.lower(): spelled for spelled in reversed(named.tolist())}.items())
    return [
        {
            "uuid": subject_uuid(audit, spelled),
            "description": markup(spelled) or UNNAMED,
            "props": list(props({"asset-id": spelled}, namespace=None)) or [prop("kind", "nameless")],
        }
        for _, spelled in ids
    ]


def _observations(audit: Audit, verdict: PolicyVerdict, found: _Found) -> Iterator[dict[str, Any]]:
    """Yield an observation for each gap, each finding that needs action, and each check with others."""
    for number, gap in enumerate(gap_rows(audit.tables)):
        yield {
            "uuid": gap_uuid(audit, verdict, number),
            "title": f"Could not read {markup(one_line(gap.asked))}",
            "description": markup(gap_text(gap)),
            "methods": ["TEST"],
            "collected": moment(audit.finished_at),
            "props": [prop("status", "gap")],
        }
    evidence = evidence_of_rows(audit, found.shown)
    for row, urns in zip(finding_rows(found.shown, audit.tables), evidence, strict=True):
        yield _observation(audit, row, urns)
    for group in found.counted:
        yield _counted(audit, group)


def _counted(audit: Audit, group: CheckCount) -> dict[str, Any]:
    """Return the observation of the resources that pass a check, or to which it does not apply."""
    words = "pass" if group.status == Status.PASS else "the check does not apply to"
    values = {
        "check-id": group.check_id,
        "status": group.status,
        "verdict": Verdict.COMPLIANT.value,
        "resources": str(group.count),
    }
    return {
        "uuid": count_uuid(audit, group),
        "title": f"{group.check_id}: {one_line(group.title)}",
        "description": f"Resources that {words}: {group.count:,}. {ALL_FINDINGS} lists them.",
        "props": list(props(values)),
        "methods": ["TEST"],
        "collected": moment(audit.finished_at),
    }


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
        "uuid": observation_uuid(audit, row.policy, row.finding_id),
        "title": f"{row.check_id}: {one_line(row.title)}",
        "description": markup(row.explanation),
        "props": list(props(values)),
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": subject_uuid(audit, row.resource_id), "type": "inventory-item"}],
        "collected": moment(audit.finished_at),
        **({"relevant-evidence": [_evidence(each) for each in urns]} if urns else {}),
        **({"remarks": f"Waived: {markup(row.waiver)}"} if row.waiver else {}),
    }


def _evidence(urn: str) -> dict[str, str]:
    return {"href": urn, "description": "The place in an answer of Azure, in the evidence bundle."}


def _risks(audit: Audit, shown: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each waiver of a check as a risk: an approved deviation."""
    waived = shown[shown["verdict"].eq(Verdict.WAIVED)]
    groups = waived.groupby([waived["check_id"].astype(object), waived["waiver"].astype(object)], sort=True)
    return [
        {
            "uuid": risk_uuid(audit, rows["policy"].iloc[0], check_id, waiver),
            "title": f"Waived: {check_id}",
            "description": f"Violations under this waiver: {len(rows)}.",
            "statement": markup(waiver),
            "status": "deviation-approved",
            "related-observations": _related(audit, rows),
        }
        for check_id, waiver, rows in ((str(key[0]), str(key[1]), rows) for key, rows in groups)
    ]


def _related(audit: Audit, rows: pd.DataFrame) -> list[dict[str, str]]:
    """Return the references to the observations of these findings."""
    named = zip(rows["policy"], finding_ids(rows), strict=True)
    return [{"observation-uuid": observation_uuid(audit, policy, finding_id)} for policy, finding_id in named]


def _findings(audit: Audit, verdict: PolicyVerdict, found: _Found) -> Iterator[dict[str, Any]]:
    """Yield a finding for the gaps, if there are any, then one for each check with a finding."""
    if not audit.is_complete:
        yield _gap_finding(audit, verdict)
    ids, shown_ids = (frame["check_id"].astype(object) for frame in (found.every, found.shown))
    for check_id in sorted(set(ids)):
        counted = [group for group in found.counted if group.check_id == check_id]
        yield _finding(audit, found.every[ids.eq(check_id)], found.shown[shown_ids.eq(check_id)], counted)


def _gap_finding(audit: Audit, verdict: PolicyVerdict) -> dict[str, Any]:
    return {
        "uuid": uuid_of(audit, "finding", verdict.policy, "gaps"),
        "title": "Everything in scope is read",
        "description": f"{incomplete_text(audit)} The results do not cover them.",
        "target": _target("azml-audit_population", "not-satisfied", "other"),
        "related-observations": [
            {"observation-uuid": gap_uuid(audit, verdict, number)} for number in range(len(audit.tables.gaps))
        ],
    }


def _finding(
    audit: Audit, every: pd.DataFrame, shown: pd.DataFrame, counted: Sequence[CheckCount]
) -> dict[str, Any]:
    """Return the finding of a check. All its findings decide it, also those without an observation."""
    policy, check_id, title = (str(every[name].iloc[0]) for name in ("policy", "check_id", "title"))
    verdicts = every["verdict"].astype(object).value_counts()
    counts = {each.value: int(verdicts.get(each.value, 0)) for each in Verdict}
    summary = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    is_met = counts[Verdict.COMPLIANT] == len(every)
    failed = counts[Verdict.VIOLATED] or counts[Verdict.WAIVED] or counts[Verdict.CONSEQUENCE]
    reason = "pass" if is_met else "fail" if failed else "other"
    waivers = sorted(set(shown.loc[shown["verdict"].eq(Verdict.WAIVED), "waiver"].astype(object)))
    risks = [{"risk-uuid": risk_uuid(audit, policy, check_id, waiver)} for waiver in waivers]
    related = _related(audit, shown)
    related += [{"observation-uuid": count_uuid(audit, group)} for group in counted]
    return {
        "uuid": uuid_of(audit, "finding", policy, check_id),
        "title": f"{check_id}: {one_line(title)}",
        "description": f"Resources: {summary}.",
        "target": _target(objective(check_id), "satisfied" if is_met else "not-satisfied", reason),
        **({"related-observations": related} if related else {}),
        **({"related-risks": risks} if risks else {}),
    }


def _target(target_id: str, state: str, reason: str) -> dict[str, Any]:
    return {"type": "objective-id", "target-id": target_id, "status": {"state": state, "reason": reason}}
