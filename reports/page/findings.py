"""The findings that need a reader, as columns of numbers. `templates/script/findings.js` makes table rows of them.

Violated, undetermined and waived findings and consequences are listed; the rest is counted by `tallies`. The findings
of all policies about one check and resource are one row. An answer is stored once, and a row holds its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.model import Check, Severity, Status
from checks.severity import Verdict
from checks.vocabulary import Codes, Vocabulary, grouped, ordered
from reports.audit import Audit
from reports.history import History
from reports.page.fixes import Fixes
from reports.page.strings import Strings
from reports.page.violations import since_text
from reports.statuses import STATUS_ORDER, VERDICT_ORDER

Columns = dict[str, list[int]]

_ANSWERED = ("check_id", "status", "observed", "expected", "reason")
_LOCATED = ("resource_id", "workspace_id", "judged_by")
_JUDGED = ("severity", "verdict", "waiver", "caused_by")
_NOT_ASKED = (-1, -1, -1, -1)
_URGENCY = {status.value: place for place, status in enumerate(STATUS_ORDER)}


@dataclass(frozen=True, kw_only=True)
class NumberedFindings:
    """The columns of the findings, sorted by workspace, and of their answers.

    `rows` has `answer`, `resource` (a text without the id of its workspace), `fix` and, with a history, `since`.
    `counts` are the rows of each workspace. `answers` has `check`, `status`, the texts and `judgement`. A judgement
    has for each policy the rank of the severity (-1 if the policy did not run the check), of the verdict, the waiver,
    and the check of the cause.
    """

    rows: Columns
    counts: list[int]
    answers: Columns
    judgements: list[list[tuple[int, int, int, int]]]


def numbered_findings(
    audit: Audit, places: Mapping[str, int], strings: Strings, checks: Sequence[Check], fixes: Fixes
) -> NumberedFindings:
    """Return the findings about the workspaces of `places`, which has their order by lower-cased id."""
    rows = _rows(audit, places)
    numbers = {check.id: number for number, check in enumerate(checks)}
    columns = {name: Vocabulary.of(rows[name]) for name in (*_ANSWERED, *_LOCATED, *_JUDGED)}
    groups = grouped([columns[name] for name in (*_ANSWERED, *_LOCATED)])
    judged = _judgements(audit, rows, columns, groups)
    order = _order(columns, groups, judged, rows["place"].to_numpy()[groups.pool])
    first = groups.pool[order]
    answers = grouped([*(columns[name].take(first) for name in _ANSWERED), judged.take(order)])
    texts_of = {name: columns[name].take(first[answers.pool]).expanded.tolist() for name in _ANSWERED}
    used = judged.codes[order[answers.pool]].tolist()
    kept = {code: number for number, code in enumerate(dict.fromkeys(used))}
    resources, fix_numbers = _located(rows.iloc[first], strings, fixes)
    return NumberedFindings(
        rows={
            "answer": answers.codes.tolist(),
            "resource": resources,
            "fix": fix_numbers,
            **_since(audit.history, rows.iloc[first], strings),
        },
        counts=np.bincount(rows["place"].to_numpy()[first], minlength=len(places)).tolist(),
        answers={
            "check": [numbers[check_id] for check_id in texts_of["check_id"]],
            "status": [_URGENCY[status] for status in texts_of["status"]],
            **{name: [strings.number(text) for text in texts_of[name]] for name in _ANSWERED[2:]},
            "judgement": [kept[code] for code in used],
        },
        judgements=[[_numbered(words, strings, numbers) for words in judged.pool[code]] for code in kept],
    )


def _rows(audit: Audit, places: Mapping[str, int]) -> pd.DataFrame:
    policies = {verdict.policy: place for place, verdict in enumerate(audit.verdicts)}
    names = [*_ANSWERED, *_LOCATED, *_JUDGED]
    rows = audit.findings.loc[~audit.findings["verdict"].eq(Verdict.COMPLIANT), [*names, "policy"]]
    owners = Vocabulary.of(rows["workspace_id"]).changed(lambda id: places.get(id.lower(), -1)).expanded
    policy = Vocabulary.of(rows["policy"]).changed(lambda name: policies.get(name, -1)).expanded
    rows = rows.assign(place=owners.astype(np.int64), policy_place=policy.astype(np.int64))
    return rows[rows["place"].ge(0)].reset_index(drop=True)


def _judgements(
    audit: Audit, rows: pd.DataFrame, columns: Mapping[str, Vocabulary], groups: Vocabulary
) -> Vocabulary:
    """Return for each group its judgement: for each policy the words of `_JUDGED`, None if it did not ask."""
    cause = columns["caused_by"].changed(lambda text: text.partition(" ")[0])
    words_of = [columns["severity"], columns["verdict"], columns["waiver"], cause]
    same = grouped(words_of)
    words = list(zip(*(each.take(same.pool).expanded.tolist() for each in words_of), strict=True))
    codes: Codes = np.full((len(groups.pool), max(len(audit.verdicts), 1)), len(words), dtype=np.int64)
    codes[groups.codes, rows["policy_place"].to_numpy()] = same.codes
    pool = np.arange(len(words) + 1)
    alike = grouped([Vocabulary(codes=each, pool=pool) for each in codes.T])
    judged = np.empty(len(alike.pool), dtype=object)
    judged[:] = [
        tuple(words[code] if code < len(words) else None for code in row)
        for row in codes[alike.pool].tolist()
    ]
    return Vocabulary(codes=alike.codes, pool=judged)


def _order(columns: Mapping[str, Vocabulary], groups: Vocabulary, judged: Vocabulary, places: Codes) -> Codes:
    """Return the order of the groups: by workspace, unknown first, the worst, by check and resource."""
    worst = np.array([min(Severity(words[0]).rank for words in each if words) for each in judged.pool] or [0])

    def ranked(name: str) -> Vocabulary:
        return columns[name].take(groups.pool).ranked()

    statuses = columns["status"].take(groups.pool).changed(lambda status: _URGENCY.get(status, 0))
    keys = [
        Vocabulary(codes=np.arange(len(places)), pool=places),
        statuses,
        Vocabulary(codes=judged.codes, pool=worst),
        ranked("check_id"),
        ranked("resource_id"),
    ]
    return ordered(keys, lambda: [ranked(name) for name in ("observed", "reason", "expected", "judged_by")])


def _located(rows: pd.DataFrame, strings: Strings, fixes: Fixes) -> tuple[list[int], list[int]]:
    named = zip(
        *(rows[name].astype(object).fillna("") for name in ("check_id", *_LOCATED, "reason")), strict=True
    )
    resources, numbers = [], []
    for (check_id, resource_id, workspace_id, judged_by, reason), status in zip(
        named, rows["status"], strict=True
    ):
        inside = resource_id.removeprefix(workspace_id) if workspace_id else resource_id
        resources.append(strings.number(inside))
        is_failure = status == Status.FAIL.value
        numbers.append(
            fixes.number(check_id, resource_id, workspace_id, judged_by, reason) if is_failure else -1
        )
    return resources, numbers


def _since(history: History | None, rows: pd.DataFrame, strings: Strings) -> Columns:
    """Return since when each finding is open. Without a history there is no such column."""
    if history is None:
        return {}
    return {
        "since": [strings.number(since_text(history.since, id) or None) for id in finding_ids(rows).tolist()]
    }


def _numbered(
    words: tuple[str, str, str, str] | None, strings: Strings, numbers: Mapping[str, int]
) -> tuple[int, int, int, int]:
    if words is None:
        return _NOT_ASKED
    severity, verdict, waiver, cause = words
    return (
        Severity(severity).rank,
        VERDICT_ORDER.index(Verdict(verdict)),
        strings.number(waiver or None),
        numbers.get(cause, -1),
    )
