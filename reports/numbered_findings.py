"""The findings of the page's JSON block: one row for all policies that agree, texts as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.model import Check, Severity, Status
from checks.verdicts import Verdict
from reports.audit import Audit
from reports.fixes import Resources
from reports.remediation import DIALECTS, is_plain, placeholders, require, texts
from reports.strings import Strings

STATUS_ORDER = (Status.UNKNOWN, Status.ERROR, Status.FAIL, Status.NOT_APPLICABLE, Status.PASS)
"""What is not known comes before what failed, so that nothing unread is buried."""

VERDICT_ORDER = (Verdict.UNDETERMINED, Verdict.VIOLATED, Verdict.WAIVED, Verdict.COMPLIANT)
"""Likewise."""

Judgement = tuple[int, int, str]
"""What one policy makes of an answer: the ranks of its severity and of its verdict, and its waiver."""

_NOT_ASKED: Judgement = (-1, -1, "")


class Fixes:
    """The values of every failing finding's fix, said once: quoted for each dialect, or once if plain."""

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
            quoted = [value] if is_plain(value) else [quote(value) for quote in DIALECTS.values()]
            self.literals.append([self._strings.number(text) for text in quoted])
        return self._literal_numbers[value]


@dataclass(frozen=True, kw_only=True)
class NumberedFindings:
    """Findings by lower-cased workspace id, one row for all policies that agree.

    A row: the number of its answer, its resource (the rest of the id where it begins with the
    workspace's) and, where it has one, its fix. An answer: check, status, observed, expected, reason,
    judgement. A judgement, in three lists of one number for each policy: the rank of the severity (-1
    where it did not ask), that of the verdict in `VERDICT_ORDER`, and the waiver's text (-1 for none).
    """

    rows: dict[str, list[list[int]]]
    answers: list[tuple[int, ...]]
    judgements: list[tuple[tuple[int, ...], ...]]


def numbered_findings(
    audit: Audit, strings: Strings, checks: Sequence[Check], fixes: Fixes
) -> NumberedFindings:
    """The audit's findings: within a workspace unknown first, then the worst, then by check and resource."""
    numbers = {check.id: number for number, check in enumerate(checks)}
    judgements: dict[tuple[tuple[int, ...], ...], int] = {}
    answers: dict[tuple[int, ...], int] = {}
    rows: dict[str, list[list[int]]] = {}
    for key, made_of_it in _merged(audit):
        workspace_id, check_id, resource_id, status, observed, expected, reason, hub = key
        answer = (
            numbers[check_id],
            STATUS_ORDER.index(Status(status)),
            *(strings.number(text) for text in (observed, expected, reason)),
            judgements.setdefault(_numbered(made_of_it, strings), len(judgements)),
        )
        fix = fixes.number(check_id, status, resource_id, workspace_id, hub)
        resource = strings.number(_shortened(resource_id, workspace_id))
        row = [answers.setdefault(answer, len(answers)), resource, *([fix] if fix >= 0 else [])]
        rows.setdefault(workspace_id.lower(), []).append(row)
    return NumberedFindings(rows=rows, answers=list(answers), judgements=list(judgements))


def _numbered(made_of_it: Sequence[Judgement], strings: Strings) -> tuple[tuple[int, ...], ...]:
    severities, verdicts, waivers = zip(*made_of_it, strict=True)
    return severities, verdicts, tuple(strings.number(waiver or None) for waiver in waivers)


def _merged(audit: Audit) -> list[tuple[tuple[str, ...], list[Judgement]]]:
    """Each distinct answer with what each policy makes of it: unknown first, then the worst, then by id."""
    policies = {verdict.policy: number for number, verdict in enumerate(audit.verdicts)}
    ranks = {severity.value: severity.rank for severity in Severity}
    texts_of = [audit.findings[name].fillna("").tolist() for name in _MERGED_BY]
    merged: dict[tuple[str, ...], list[Judgement]] = {}
    judged_by = (
        audit.findings[name].fillna("").tolist() for name in ("policy", "severity", "verdict", "waiver")
    )
    for *key, policy, severity, verdict, waiver in zip(*texts_of, *judged_by, strict=True):
        judgement = (ranks[severity], VERDICT_ORDER.index(Verdict(verdict)), waiver)
        merged.setdefault(tuple(key), [_NOT_ASKED] * len(policies))[policies[policy]] = judgement
    return sorted(merged.items(), key=lambda item: _urgency(*item))


_MERGED_BY = (
    "workspace_id", "check_id", "resource_id", "status", "observed", "expected", "reason", "judged_by",
)  # fmt: skip


def _urgency(key: tuple[str, ...], made_of_it: Sequence[Judgement]) -> tuple[object, ...]:
    worst = min(severity for severity, _, _ in made_of_it if severity >= 0)
    return (
        key[0].lower(),
        STATUS_ORDER.index(Status(key[3])),
        worst,
        key[1],
        key[2].lower(),
        key,
        made_of_it,
    )


def _shortened(resource_id: str, workspace_id: str) -> str:
    return resource_id.removeprefix(workspace_id) if workspace_id else resource_id
