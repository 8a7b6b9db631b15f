"""Turn findings into rows of the page: the script shows them when a reader opens a workspace.

The findings of all policies about one check and resource become one row. Texts are stored once and rows hold
their numbers. Workspaces are numbered in blocks; of each finding only two numbers are kept, that of its
answer and that of its resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.model import Check, Severity, Status
from checks.policy.verdicts import Verdict
from checks.vocabulary import Coded, Codes, Texts, combined
from reports.audit import Audit
from reports.page.fixes import Fixes
from reports.page.strings import Strings
from reports.statuses import STATUS_ORDER, VERDICT_ORDER
from reports.tables.pools import Places, Pooled, ordered
from reports.writing.encoding import Json

_NOT_ASKED = (-1, -1, -1)
"""The severity, verdict and waiver of a policy that did not run the check."""

_ANSWERED = ("check_id", "status", "observed", "expected", "reason")
_LOCATED = ("resource_id", "workspace_id", "judged_by")
_JUDGED = ("severity", "verdict", "waiver")
_TIES = ("workspace_id", "resource_id", "observed", "reason", "judged_by")
_ROWS_AT_ONCE = 1 << 16

_Words = tuple[str, str, str]
"""A severity, a verdict and a waiver."""

_Judgement = tuple[_Words | None, ...]
"""One for each policy; None if it did not run the check."""


@dataclass(frozen=True, kw_only=True)
class NumberedFindings:
    """Findings by workspace, one row for all policies that agree.

    An answer is check, status, observed, expected, reason, judgement. A judgement is three lists with one
    number for each policy: the rank of the severity (-1 if the policy did not run the check), the rank of
    the verdict in `VERDICT_ORDER`, and the text of the waiver (-1 for none).
    """

    answers: Sequence[tuple[int, ...]]
    judgements: Sequence[tuple[tuple[int, ...], ...]]
    spans: Mapping[str, tuple[int, int]]
    """By lower-cased workspace id, where its findings begin and end."""
    rows: Texts
    """Each row as JSON: its answer, its resource and, if it has one, its fix. The id of a resource inside the
    workspace is stored without the id of the workspace."""

    def of(self, workspace_id: str) -> Json:
        """Return the rows of a workspace: unknown first, then the worst, by check and resource."""
        start, end = self.spans.get(workspace_id, (0, 0))
        return Json(f"[{','.join(self.rows.pool[self.rows.codes[start:end]].tolist())}]")


def numbered_findings(
    audit: Audit, strings: Strings, checks: Sequence[Check], fixes: Fixes
) -> NumberedFindings:
    """Return the findings of the audit, with texts numbered in the order of the rows."""
    numbering = _Numbering(audit)
    for rows in numbering.blocks():
        numbering.add(rows)
    judgements = [_judgement(each, strings) for each in numbering.judgements]
    numbers = {check.id: number for number, check in enumerate(checks)}
    answers = [
        (
            numbers[check_id],
            STATUS_ORDER.index(Status(status)),
            *(strings.number(text) for text in texts_of),
            judgement,
        )
        for check_id, status, *texts_of, judgement in numbering.answers
    ]
    return NumberedFindings(
        answers=answers,
        judgements=judgements,
        spans=numbering.spans,
        rows=_rows(numbering, *_in_turn(numbering, strings, fixes)),
    )


def _rows(numbering: _Numbering, resources: Sequence[int], fixes: Sequence[tuple[int, int]]) -> Texts:
    numbered = np.concatenate([np.empty((0, 2), dtype=np.int32), *numbering.rows])
    counts = (len(numbering.answers), len(resources))
    alike = combined(
        [Coded(codes=codes, count=count) for codes, count in zip(numbered.T, counts, strict=True)],
        len(numbered),
    )
    rows = [f"[{answer},{resources[resource]}]" for answer, resource in numbered[alike.first].tolist()]
    codes = alike.codes.copy()
    fixed = [(place, fix) for place, fix in fixes if fix >= 0]
    places = [place for place, _ in fixed]
    with_fixes = [f"{rows[code][:-1]},{fix}]" for code, (_, fix) in zip(codes[places], fixed, strict=True)]
    codes[places] = len(rows) + np.arange(len(places))
    return Texts(codes=codes, pool=np.array([*rows, *with_fixes], dtype=object))


def _judgement(words: _Judgement, strings: Strings) -> tuple[tuple[int, ...], ...]:
    judged = [_judged(*each, strings) if each else _NOT_ASKED for each in words]
    return tuple(zip(*judged, strict=True))


def _judged(severity: str, verdict: str, waiver: str, strings: Strings) -> tuple[int, int, int]:
    return (Severity(severity).rank, VERDICT_ORDER.index(Verdict(verdict)), strings.number(waiver or None))


def _in_turn(
    numbering: _Numbering, strings: Strings, fixes: Fixes
) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the number of every resource, and the position and number of every fix, in order of first use."""
    resources = iter(numbering.resources.items())
    found: list[int] = []
    of_fixes = []
    for place, failure in numbering.failures:
        while len(found) < len(numbering.first_rows) and numbering.first_rows[len(found)] <= place:
            found.append(strings.number(next(resources)[0]))
        of_fixes.append((place, fixes.number(*failure)))
    return [*found, *(strings.number(text) for text, _ in resources)], of_fixes


class _Numbering:
    """Numbers answers, judgements and resources in order of first use. Texts are not numbered yet."""

    def __init__(self, audit: Audit) -> None:
        """Start without any number."""
        self.judgements: dict[_Judgement, int] = {}
        self.answers: dict[tuple[str, str, str, str, str, int], int] = {}
        self.resources: dict[str, int] = {}
        self.first_rows: list[int] = []
        self.failures: list[tuple[int, tuple[str, str, str, str]]] = []
        self.spans: dict[str, tuple[int, int]] = {}
        self.rows: list[npt.NDArray[np.int32]] = []
        self._length = 0
        names = (*_ANSWERED, *_LOCATED, *_JUDGED)
        self._columns = {name: Pooled.of(audit.findings[name]) for name in names}
        policies = {verdict.policy: number for number, verdict in enumerate(audit.verdicts)}
        policy = Pooled.of(audit.findings["policy"])
        self._policies = len(policies)
        self._policy = np.array([policies.get(word, -1) for word in policy.pool])[policy.places]
        urgency = {status.value: place for place, status in enumerate(STATUS_ORDER)}
        self._workspaces = self._columns["workspace_id"].ranks(str.lower)
        self._statuses = self._columns["status"].ranks(lambda status: urgency.get(status, -1))
        self._checks = self._columns["check_id"].ranks()
        self._resources = self._columns["resource_id"].ranks(str.lower)
        self._ties = {name: self._columns[name].ranks() for name in _TIES}

    def blocks(self) -> Iterator[Places]:
        """Yield the rows of the findings in blocks of whole workspaces."""
        owners = self._workspaces[self._columns["workspace_id"].places]
        order = np.argsort(owners, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(owners[order])) + 1, len(order))
        start = 0
        while start < len(order):
            place = int(np.searchsorted(ends, start + _ROWS_AT_ONCE))
            end = int(ends[min(place, len(ends) - 1)])
            yield order[start:end]
            start = end

    def add(self, rows: Places) -> None:
        """Number these findings."""
        block = {name: column.take(rows) for name, column in self._columns.items()}
        groups = _alike([block[name] for name in (*_ANSWERED, *_LOCATED)])
        made = self._judgements(block, self._policy[rows], groups)
        block = {name: block[name].take(groups.first) for name in (*_ANSWERED, *_LOCATED)}
        order = self._in_order(block, made.worst)
        block = {name: each.take(order) for name, each in block.items()}
        answers = self._answers(block, made.in_order(order), made.words)
        self.rows.append(np.column_stack([answers, self._of_resources(block)]).astype(np.int32))
        self._note_failures(block)
        self._note_spans(block["workspace_id"])
        self._length += len(order)

    def _judgements(self, block: Mapping[str, Texts], policies: Places, groups: Coded) -> _Judgements:
        one = _alike([block[name] for name in _JUDGED])
        words = list(zip(*(_words(block[name].take(one.first)) for name in _JUDGED), strict=True))
        judgements: Codes = np.full((groups.count, self._policies), -1, dtype=np.int64)
        judgements[groups.codes, policies] = one.codes
        ranks = np.array([Severity(severity).rank for severity, _, _ in words], dtype=np.int64)
        worst = np.where(judgements >= 0, ranks[judgements], len(Severity)).min(axis=1)
        return _Judgements(judgements=judgements, words=words, worst=worst)

    def _in_order(self, block: Mapping[str, Texts], worst: Codes) -> Places:
        """Return the order: workspace, unknown first, the worst, check, resource; other columns break ties."""
        keys = [
            _ranked(self._workspaces, block["workspace_id"]),
            _ranked(self._statuses, block["status"]),
            Coded(codes=worst, count=len(Severity) + 1),
            _ranked(self._checks, block["check_id"]),
            _ranked(self._resources, block["resource_id"]),
        ]
        return ordered(keys, lambda: [_ranked(self._ties[name], block[name]) for name in _TIES])

    def _answers(self, block: Mapping[str, Texts], judgements: Codes, words: Sequence[_Words]) -> Codes:
        """Return the number of each group's answer."""
        parts = [Coded(codes=each, count=len(words) + 1) for each in judgements.T + 1]
        judged = combined(parts, len(judgements))
        numbers = [
            self.judgements.setdefault(
                tuple(words[code] if code >= 0 else None for code in row), len(self.judgements)
            )
            for row in judgements[judged.first].tolist()
        ]
        answered = _alike([block[name] for name in _ANSWERED], [judged])
        first = answered.first
        texts = [_words(block[name].take(first)) for name in _ANSWERED]
        of_answers = [
            self.answers.setdefault((*texts_of, numbers[judgement]), len(self.answers))
            for *texts_of, judgement in zip(*texts, judged.codes[first].tolist(), strict=True)
        ]
        return np.array(of_answers, dtype=np.int64)[answered.codes]

    def _of_resources(self, block: Mapping[str, Texts]) -> Codes:
        """Return the number of each group's resource."""
        located = _alike([block["resource_id"], block["workspace_id"]])
        first = located.first
        numbers = []
        for place, resource_id, workspace_id in zip(
            first.tolist(),
            _words(block["resource_id"].take(first)),
            _words(block["workspace_id"].take(first)),
            strict=True,
        ):
            number = self.resources.setdefault(_shortened(resource_id, workspace_id), len(self.resources))
            if number == len(self.first_rows):
                self.first_rows.append(self._length + place)
            numbers.append(number)
        return np.array(numbers, dtype=np.int64)[located.codes]

    def _note_failures(self, block: Mapping[str, Texts]) -> None:
        fails = block["status"].pool == Status.FAIL.value
        here = np.flatnonzero(fails[block["status"].codes])
        named = [_words(block[name].take(here)) for name in ("check_id", *_LOCATED)]
        self.failures += zip((here + self._length).tolist(), zip(*named, strict=True), strict=True)

    def _note_spans(self, owners: Texts) -> None:
        ranks = self._workspaces[owners.codes]
        starts = np.append(np.flatnonzero(np.diff(ranks, prepend=-1)), len(ranks))
        for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            workspace_id = owners.pool[owners.codes[start]].lower()
            self.spans[workspace_id] = (self._length + start, self._length + end)


@dataclass(frozen=True, kw_only=True)
class _Judgements:
    """The judgements of each policy on each group of findings."""

    judgements: Codes
    """Groups by policies: the position in `words`; -1 if the policy did not run the check."""
    words: Sequence[_Words]
    worst: Codes
    """For each group the rank of its worst severity."""

    def in_order(self, order: Places) -> Codes:
        """Return the judgements of the groups in that order."""
        return self.judgements[order]


def _alike(columns: Sequence[Texts], more: Sequence[Coded] = ()) -> Coded:
    """Return one code for all rows that agree in these texts, and in `more`."""
    parts = [*(Coded(codes=each.codes, count=len(each.pool)) for each in columns), *more]
    return combined(parts, len(parts[0].codes))


def _ranked(ranks: Codes, texts_of: Texts) -> Coded:
    return Coded(codes=ranks[texts_of.codes], count=len(texts_of.pool))


def _words(texts_of: Texts) -> list[str]:
    words: list[str] = texts_of.pool[texts_of.codes].tolist()
    return words


def _shortened(resource_id: str, workspace_id: str) -> str:
    return resource_id.removeprefix(workspace_id) if workspace_id else resource_id
