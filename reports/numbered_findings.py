"""The findings of the page's JSON block: one row for all policies that agree, texts as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.categorical import coded_texts
from checks.coded import Coded, Codes, Texts, combined
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

_NOT_ASKED = (-1, -1, -1)
"""The severity, verdict and waiver of a policy that did not ask."""


class Fixes:
    """The values of every failing finding's fix, said once: quoted for each dialect, or once if plain."""

    def __init__(self, audit: Audit, strings: Strings, checks: Sequence[Check]) -> None:
        """No fixes yet."""
        self.rows: list[list[int]] = []
        self.literals: list[list[int]] = []
        self._checks = {check.id: check for check in checks}
        self._resources = Resources(audit.tables)
        self._strings = strings
        self._literal_numbers: dict[str, int] = {}

    def number(self, check_id: str, resource_id: str, workspace_id: str, judged_by: str) -> int:
        """The number of a failure's fix's values; -1 where the check gives no fix."""
        check = self._checks[check_id]
        names = placeholders(check.remediation)
        if not any(texts(check.remediation).values()):
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
    if audit.findings.empty:
        return NumberedFindings(rows={}, answers=[], judgements=[])
    columns = {name: coded_texts(audit.findings[name]) for name in (*_ANSWERED, *_LOCATED, *_JUDGED)}
    groups = _alike(columns[name] for name in (*_ANSWERED, *_LOCATED))
    of_group = {name: columns[name].take(groups.first) for name in (*_ANSWERED, *_LOCATED)}
    made = _made_of_it(audit, columns, groups)
    order = _in_order(of_group, made.worst)
    of_group = {name: each.take(order) for name, each in of_group.items()}
    judgements, judged = _judgements(made, order, strings)
    answers, answered = _answers(of_group, judged, checks, strings)
    rows: dict[str, list[list[int]]] = {}
    located = [_words(of_group[name]) for name in (*_LOCATED, "check_id", "status")]
    for answer, resource_id, workspace_id, judged_by, check_id, status in zip(
        answered.tolist(), *located, strict=True
    ):
        row = [answer, strings.number(_shortened(resource_id, workspace_id))]
        if status == Status.FAIL:
            fix = fixes.number(check_id, resource_id, workspace_id, judged_by)
            row += [fix] if fix >= 0 else []
        rows.setdefault(workspace_id.lower(), []).append(row)
    return NumberedFindings(rows=rows, answers=answers, judgements=judgements)


_ANSWERED = ("check_id", "status", "observed", "expected", "reason")
_LOCATED = ("resource_id", "workspace_id", "judged_by")
_JUDGED = ("policy", "severity", "verdict", "waiver")


def _alike(columns: Iterable[Texts], more: Sequence[Coded] = ()) -> Coded:
    """Rows that agree in all of these texts, and in `more`."""
    parts = [*(Coded(codes=each.codes, count=len(each.pool)) for each in columns), *more]
    return combined(parts, len(parts[0].codes))


def _words(texts_of: Texts) -> list[str]:
    words: list[str] = texts_of.pool[texts_of.codes].tolist()
    return words


@dataclass(frozen=True, kw_only=True)
class _MadeOfIt:
    """What each policy makes of each group of findings."""

    judgements: Codes
    """Groups by policies: the place in `words`, -1 where the policy did not ask."""
    words: tuple[list[str], list[str], list[str]]
    """Severities, verdicts and waivers."""
    worst: Codes
    """Per group the rank of its worst severity."""


def _made_of_it(audit: Audit, columns: Mapping[str, Texts], groups: Coded) -> _MadeOfIt:
    policies = {verdict.policy: number for number, verdict in enumerate(audit.verdicts)}
    one = _alike(columns[name] for name in ("severity", "verdict", "waiver"))
    severities, verdicts, waivers = (
        _words(columns[name].take(one.first)) for name in ("severity", "verdict", "waiver")
    )
    policy = np.array([policies.get(word, -1) for word in columns["policy"].pool], dtype=np.int64)
    judgements: Codes = np.full((groups.count, len(policies)), -1, dtype=np.int64)
    judgements[groups.codes, policy[columns["policy"].codes]] = one.codes
    ranks = np.array([Severity(word).rank for word in severities], dtype=np.int64)
    worst = np.where(judgements >= 0, ranks[judgements], len(Severity)).min(axis=1)
    return _MadeOfIt(judgements=judgements, words=(severities, verdicts, waivers), worst=worst)


def _judgements(
    made: _MadeOfIt, order: Codes, strings: Strings
) -> tuple[list[tuple[tuple[int, ...], ...]], Coded]:
    """Every different judgement as it first comes in that order, and which each group has."""
    by_policy = made.judgements[order].T + 1
    judged = combined([Coded(codes=each, count=len(made.words[0]) + 1) for each in by_policy], len(order))
    severities, verdicts, waivers = made.words
    found = []
    for row in made.judgements[order][judged.first].tolist():
        told = [
            (
                Severity(severities[code]).rank,
                VERDICT_ORDER.index(Verdict(verdicts[code])),
                strings.number(waivers[code] or None),
            )
            if code >= 0
            else _NOT_ASKED
            for code in row
        ]
        found.append(tuple(zip(*told, strict=True)))
    return found, judged


def _answers(
    columns: Mapping[str, Texts], judged: Coded, checks: Sequence[Check], strings: Strings
) -> tuple[list[tuple[int, ...]], Codes]:
    """Every different answer with its judgement, as it first comes, and which each group has."""
    numbers = {check.id: number for number, check in enumerate(checks)}
    answered = _alike((columns[name] for name in _ANSWERED), [judged])
    first = answered.first
    words = [_words(columns[name].take(first)) for name in _ANSWERED]
    answers = [
        (
            numbers[check_id],
            STATUS_ORDER.index(Status(status)),
            *(strings.number(text) for text in texts_of),
            judgement,
        )
        for check_id, status, *texts_of, judgement in zip(*words, judged.codes[first].tolist(), strict=True)
    ]
    return answers, answered.codes


def _in_order(columns: Mapping[str, Texts], worst: Codes) -> Codes:
    """By workspace, unknown first, then the worst, by check and resource; then by all there is."""
    urgency = {status.value: place for place, status in enumerate(STATUS_ORDER)}
    keys = [
        _ranks(columns["workspace_id"], str.lower),
        _ranks(columns["status"], lambda status: urgency.get(status, -1)),
        worst,
        _ranks(columns["check_id"]),
        _ranks(columns["resource_id"], str.lower),
        *(
            _ranks(columns[name])
            for name in ("workspace_id", "resource_id", "observed", "reason", "judged_by")
        ),
    ]
    return np.lexsort(keys[::-1])


def _ranks(texts_of: Texts, key: Callable[[str], Any] = str) -> Codes:
    keys = [key(text) for text in texts_of.pool]
    ranks = {each: rank for rank, each in enumerate(sorted(set(keys)))}
    return np.array([ranks[each] for each in keys], dtype=np.int64)[texts_of.codes]


def _shortened(resource_id: str, workspace_id: str) -> str:
    return resource_id.removeprefix(workspace_id) if workspace_id else resource_id
