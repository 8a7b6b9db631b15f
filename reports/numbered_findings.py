"""The findings of the page's JSON block: one row for all policies that agree, texts as numbers."""

from __future__ import annotations

from collections.abc import Sequence

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


def findings_by_workspace(
    audit: Audit, strings: Strings, checks: Sequence[Check], fixes: Fixes
) -> tuple[dict[str, list[list[int]]], list[list[int]]]:
    """Findings by lower-cased workspace id, one row for all policies that agree; and who weighs them how.

    A row: check, resource (the rest of its id where it begins with the workspace's), status, observed,
    expected, reason, judgement, fix. A judgement: the severity under each policy, -1 where it did not ask.
    """
    numbers = {check.id: number for number, check in enumerate(checks)}
    judgements: dict[tuple[int, ...], int] = {}
    result: dict[str, list[list[int]]] = {}
    for (workspace_id, check_id, resource_id, status, observed, expected, reason, hub), weights in _merged(
        audit
    ):
        row = [
            numbers[check_id],
            strings.number(_shortened(resource_id, workspace_id)),
            STATUS_ORDER.index(Status(status)),
            *(strings.number(text) for text in (observed, expected, reason)),
            judgements.setdefault(weights, len(judgements)),
            fixes.number(check_id, status, resource_id, workspace_id, hub),
        ]
        result.setdefault(workspace_id.lower(), []).append(row)
    return result, [list(weights) for weights in judgements]


def _merged(audit: Audit) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Each distinct answer with its severity by policy: unknown first, then the worst, then by id."""
    policies = {verdict.policy: number for number, verdict in enumerate(audit.verdicts)}
    columns = [
        "workspace_id", "check_id", "resource_id", "status", "observed", "expected", "reason", "judged_by",
        "policy", "severity",
    ]  # fmt: skip
    merged: dict[tuple[str, ...], list[int]] = {}
    for *key, policy, severity in zip(*(audit.findings[name].fillna("") for name in columns), strict=True):
        weights = merged.setdefault(tuple(key), [-1] * len(policies))
        weights[policies[policy]] = Severity(severity).rank
    ordered = sorted(merged.items(), key=lambda item: _urgency(item[0], item[1]))
    return [(key, tuple(weights)) for key, weights in ordered]


def _urgency(key: tuple[str, ...], weights: list[int]) -> tuple[object, ...]:
    worst = min(weight for weight in weights if weight >= 0)
    return (key[0].lower(), STATUS_ORDER.index(Status(key[3])), worst, key[1], key[2].lower(), key, weights)


def _shortened(resource_id: str, workspace_id: str) -> str:
    return resource_id.removeprefix(workspace_id) if workspace_id else resource_id
