"""The findings of the page's JSON block: one row for all policies that agree, texts as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.model import Check, Severity, Status
from reports.audit import Audit
from reports.fixes import Resources
from reports.remediation import DIALECTS, placeholders, require, texts
from reports.strings import Strings

STATUS_ORDER = (Status.UNKNOWN, Status.ERROR, Status.FAIL, Status.NOT_APPLICABLE, Status.PASS)
"""What is not known comes before what failed, so that nothing unread is buried."""


class Fixes:
    """The values of every failing finding's fix, quoted for each dialect and said once."""

    def __init__(self, audit: Audit, strings: Strings, checks: Sequence[Check]) -> None:
        """No fixes yet."""
        self.rows: list[list[int]] = []
        self.literals: list[list[int]] = []
        self._checks = {check.id: check for check in checks}
        self._resources = Resources.of(audit.tables)
        self._strings = strings
        self._literal_numbers: dict[str, int] = {}

    def number(self, check_id: str, status: str, resource_id: str, workspace_id: str, judged_by: str) -> int:
        """The number of the fix's values; -1 where the finding is no failure or the check gives no fix."""
        check = self._checks[check_id]
        names = placeholders(check.remediation)
        if status != Status.FAIL or not any(texts(check.remediation).values()):
            return -1
        values = self._resources.values(
            check, resource_id=resource_id, workspace_id=workspace_id, judged_by=judged_by
        )
        require(check.remediation, values)
        self.rows.append([self._literal(values[name]) for name in names])
        return len(self.rows) - 1

    def _literal(self, value: str) -> int:
        if value not in self._literal_numbers:
            self._literal_numbers[value] = len(self.literals)
            self.literals.append([self._strings.number(quote(value)) for quote in DIALECTS.values()])
        return self._literal_numbers[value]


@dataclass(frozen=True, kw_only=True)
class NumberedFindings:
    """Findings by lower-cased workspace id, one row for all policies that agree.

    A row: the number of its answer, its resource (the rest of the id where it begins with the
    workspace's) and, where it has one, its fix. An answer: check, status, observed, expected, reason,
    judgement. A judgement: the rank of the severity under each policy, -1 where it did not ask.
    """

    rows: dict[str, list[list[int]]]
    answers: list[tuple[int, ...]]
    judgements: list[tuple[int, ...]]


def numbered_findings(
    audit: Audit, strings: Strings, checks: Sequence[Check], fixes: Fixes
) -> NumberedFindings:
    """The audit's findings: within a workspace unknown first, then the worst, then by check and resource."""
    numbers = {check.id: number for number, check in enumerate(checks)}
    judgements: dict[tuple[int, ...], int] = {}
    answers: dict[tuple[int, ...], int] = {}
    rows: dict[str, list[list[int]]] = {}
    for key, weights in _merged(audit):
        workspace_id, check_id, resource_id, status, observed, expected, reason, hub = key
        answer = (
            numbers[check_id],
            STATUS_ORDER.index(Status(status)),
            *(strings.number(text) for text in (observed, expected, reason)),
            judgements.setdefault(weights, len(judgements)),
        )
        fix = fixes.number(check_id, status, resource_id, workspace_id, hub)
        resource = strings.number(_shortened(resource_id, workspace_id))
        row = [answers.setdefault(answer, len(answers)), resource, *([fix] if fix >= 0 else [])]
        rows.setdefault(workspace_id.lower(), []).append(row)
    return NumberedFindings(rows=rows, answers=list(answers), judgements=list(judgements))


def _merged(audit: Audit) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Each distinct answer with its rank of severity by policy: unknown first, then the worst, then by id."""
    policies = {verdict.policy: number for number, verdict in enumerate(audit.verdicts)}
    ranks = {severity.value: severity.rank for severity in Severity}
    texts_of = [audit.findings[name].fillna("").tolist() for name in _MERGED_BY]
    merged: dict[tuple[str, ...], list[int]] = {}
    for *key, policy, severity in zip(
        *texts_of, audit.findings["policy"].tolist(), audit.findings["severity"].tolist(), strict=True
    ):
        merged.setdefault(tuple(key), [-1] * len(policies))[policies[policy]] = ranks[severity]
    ordered = sorted(merged.items(), key=lambda item: _urgency(item[0], item[1]))
    return [(key, tuple(weights)) for key, weights in ordered]


_MERGED_BY = (
    "workspace_id", "check_id", "resource_id", "status", "observed", "expected", "reason", "judged_by",
)  # fmt: skip


def _urgency(key: tuple[str, ...], weights: list[int]) -> tuple[object, ...]:
    worst = min(weight for weight in weights if weight >= 0)
    return (key[0].lower(), STATUS_ORDER.index(Status(key[3])), worst, key[1], key[2].lower(), key, weights)


def _shortened(resource_id: str, workspace_id: str) -> str:
    return resource_id.removeprefix(workspace_id) if workspace_id else resource_id
