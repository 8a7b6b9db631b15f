"""`report.ocsf.jsonl`: OCSF 1.8.0 Compliance Findings (class 2003, profile cloud), an event on each line.

Every gap is an event, and every finding of every policy that applies. The schema has no field for the observed and the
expected value, so they are in `unmapped`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.engine.finding_ids import stable_uuid
from checks.model import Check, Severity, Status
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.texts import controls, fix_summary, gap_text, links
from reports.origin import caution, milliseconds
from reports.selection import APPLICABLE
from reports.statuses import NEEDS_ACTION
from reports.tables.finding_rows import FindingRow, evidence_of_rows, finding_rows
from reports.tables.population import GapRow, gap_rows
from reports.writing.encoding import Files, chunks, json_lines

NAME = "report.ocsf.jsonl"
VERSION = "1.8.0"

_SEVERITY_IDS = {
    Severity.INFORMATIONAL: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_STATUS_IDS = {
    Status.PASS: (1, "Pass"),
    Status.UNKNOWN: (2, "Warning"),
    Status.FAIL: (3, "Fail"),
    Status.ERROR: (0, "Unknown"),
    Status.NOT_APPLICABLE: (99, "Not applicable"),
}
"""Warning is "did not yield a result due to missing information" (objects/compliance.json, 1.8.0)."""

_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")
_AZURE_SUBSCRIPTION = 13
_RULE = 1


def files(audit: Audit) -> Files:
    """Return the file."""
    return {NAME: chunks(json_lines(events(audit)))}


def events(audit: Audit) -> Iterator[dict[str, Any]]:
    """Yield every gap and then every listed finding as an event."""
    shared = _SharedFields(audit)
    for number, gap in enumerate(gap_rows(audit.tables)):
        yield shared.of_gap(gap, number)
    found = audit.listed(APPLICABLE)
    yield from map(shared.of_finding, finding_rows(found, audit.tables), evidence_of_rows(audit, found))


class _SharedFields:
    """The fields that all events of an audit, or all findings of a check, share. They are made once."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._time = milliseconds(audit.finished_at)
        self._provider = "Azure" if audit.is_azure else f"not Azure: {audit.source}"
        product = {"name": "azml-audit", "vendor_name": "azml-audit", "version": audit.tool_version}
        labels = {} if audit.is_azure else {"labels": ["not-azure"]}
        self._metadata = {"version": VERSION, "product": product, "profiles": ["cloud"], **labels}
        self._root = {"root_digest": audit.root_digest} if audit.root_digest else {}
        self._of_check = {check_id: _of_check(check) for check_id, check in audit.checks.items()}

    def of_finding(self, row: FindingRow, evidence: list[str]) -> dict[str, Any]:
        """Return the event of a finding. `compliance` is the fact; `status` shows whether it is waived.

        `evidence` are the URNs of the payloads behind it.
        """
        standards, analytic, remediation = self._of_check[row.check_id]
        return {
            **self._common(stable_uuid("ocsf", row.policy, row.finding_id), _severity(row)),
            **_lifecycle(_SUPPRESSED if row.verdict == Verdict.WAIVED else _NEW),
            "message": self._message(f"{row.title}: {row.status}. {row.reason}".strip()),
            "cloud": self._cloud(row.subscription_id, row.subscription, row.location),
            "finding_info": {
                "uid": row.finding_id,
                "title": row.title,
                "desc": row.explanation,
                "created_time": self._time,
                "types": [row.check_id],
                "analytic": analytic,
            },
            "compliance": {**_compliance(row), **standards},
            "resources": [_resource(row)],
            **({"remediation": remediation} if row.status in NEEDS_ACTION else {}),
            "unmapped": {
                "policy": row.policy,
                "severity": row.severity,
                "verdict": row.verdict,
                "waiver": row.waiver,
                "caused_by": row.caused_by,
                "followed_by": row.followed_by,
                "workspace_id": row.workspace_id,
                "observed": row.observed,
                "expected": row.expected,
                **self._root,
                **({"evidence": evidence} if evidence else {}),
            },
        }

    def of_gap(self, gap: GapRow, number: int) -> dict[str, Any]:
        """Return the event of a gap: OCSF has a warning for a result that is missing."""
        uid = stable_uuid("gap", gap.scope.lower(), gap.asked, gap.request)
        subscription = gap.scope.split("/")[2] if gap.scope.lower().startswith("/subscriptions/") else ""
        return {
            **self._common(stable_uuid("ocsf", "gap", str(number), uid), Severity.HIGH),
            **_lifecycle(_NEW),
            "message": self._message(gap_text(gap)),
            "cloud": self._cloud(subscription, "", ""),
            "finding_info": {
                "uid": uid,
                "title": f"Could not read {gap.asked}",
                "desc": gap_text(gap),
                "created_time": self._time,
                "types": ["GAP"],
            },
            "compliance": {
                "control": "Everything in scope is read",
                "status_id": 2,
                "status": "Warning",
                "status_code": "gap",
                "status_details": [gap_text(gap)],
            },
            "resources": [{"uid": gap.scope or "tenant"}],
            "remediation": {"desc": gap.closes or gap_text(gap)},
            "unmapped": {"request": gap.request, "answer": gap.answer, **self._root},
        }

    def _common(self, uid: str, severity: Severity) -> dict[str, Any]:
        code, caption = _SEVERITY_IDS[severity]
        return {
            "class_uid": 2003,
            "class_name": "Compliance Finding",
            "category_uid": 2,
            "category_name": "Findings",
            "activity_id": 1,
            "activity_name": "Create",
            "type_uid": 200301,
            "type_name": "Compliance Finding: Create",
            "time": self._time,
            "metadata": {**self._metadata, "uid": uid},
            "severity_id": code,
            "severity": caption,
        }

    def _cloud(self, subscription_id: str, name: str, region: str) -> dict[str, Any]:
        account = {
            "uid": subscription_id,
            "name": name or subscription_id,
            "type_id": _AZURE_SUBSCRIPTION,
            "type": "Azure Subscription",
        }
        return {
            "provider": self._provider,
            **({"account": account} if subscription_id else {}),
            **({"region": region} if region else {}),
        }

    def _message(self, text: str) -> str:
        return f"{caution(self._audit)} {text}".strip()


def _severity(row: FindingRow) -> Severity:
    """Return the severity of the event. A finding that asks for nothing is informational, whatever its check is."""
    return Severity(row.severity) if row.status in NEEDS_ACTION else Severity.INFORMATIONAL


def _lifecycle(status: tuple[int, str]) -> dict[str, Any]:
    return {"status_id": status[0], "status": status[1]}


def _of_check(check: Check) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return standards and requirements, the analytic, and the remediation of a check."""
    named = {"standards": sorted(check.controls), "requirements": controls(check)} if check.controls else {}
    analytic = {"uid": check.id, "name": check.title, "type_id": _RULE, "type": "Rule"}
    references = {"references": links(check)} if links(check) else {}
    return named, analytic, {"desc": fix_summary(check), **references}


def _compliance(row: FindingRow) -> dict[str, Any]:
    code, caption = _STATUS_IDS[Status(row.status)]
    waiver = f"Waived: {row.waiver}" if row.verdict == Verdict.WAIVED else ""
    return {
        "control": f"{row.check_id}: {row.title}",
        "assessments": [_assessment(row)],
        "status_id": code,
        "status": caption,
        "status_code": row.status,
        "status_details": [text for text in (row.reason, waiver) if text],
    }


def _assessment(row: FindingRow) -> dict[str, Any]:
    """Return the judgement of the policy. Only a compliant finding meets its criteria."""
    return {
        "uid": row.check_id,
        "name": row.title,
        "meets_criteria": row.verdict == Verdict.COMPLIANT,
        "policy": {"name": row.policy, "is_applied": True},
    }


def _resource(row: FindingRow) -> dict[str, Any]:
    kind = _kind(row.resource_id)
    group = {"group": {"name": row.resource_group}} if row.resource_group else {}
    region = {"region": row.location} if row.location else {}
    return {
        "uid": row.resource_id or row.check_id,
        "name": row.resource or row.check_id,
        **({"type": kind} if kind else {}),
        **group,
        **region,
    }


def _kind(resource_id: str) -> str:
    """Return the type in an id, such as Microsoft.MachineLearningServices/workspaces; "" if it has none."""
    provider, *rest = resource_id.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]]) if "/providers/" in resource_id else ""
