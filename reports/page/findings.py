"""Turn findings into rows of the page: the script shows them when a reader opens a workspace.

The findings of all policies about one check and resource become one row. Vocabulary are stored once and rows hold
their numbers. Workspaces are numbered in blocks; of each finding only two numbers are kept, that of its
answer and that of its resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.model import Check, Severity, Status
from checks.severity import Verdict
from checks.vocabulary import Codes, Vocabulary, grouped, ordered
from reports.audit import Audit
from reports.page.fixes import Fixes
from reports.page.strings import Strings
from reports.statuses import STATUS_ORDER, VERDICT_ORDER
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
    rows: Vocabulary
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


def _rows(numbering: _Numbering, resources: Sequence[int], fixes: Sequence[tuple[int, int]]) -> Vocabulary:
    numbered = np.concatenate([np.empty((0, 2), dtype=np.int32), *numbering.rows])
    counts = (len(numbering.answers), len(resources))
    alike = grouped(
        [
            Vocabulary(codes=codes, pool=np.arange(count))
            for codes, count in zip(numbered.T, counts, strict=True)
        ]
    )
    rows = [f"[{answer},{resources[resource]}]" for answer, resource in numbered[alike.pool].tolist()]
    codes = alike.codes.copy()
    fixed = [(place, fix) for place, fix in fixes if fix >= 0]
    places = [place for place, _ in fixed]
    with_fixes = [f"{rows[code][:-1]},{fix}]" for code, (_, fix) in zip(codes[places], fixed, strict=True)]
    codes[places] = len(rows) + np.arange(len(places))
    return Vocabulary(codes=codes, pool=np.array([*rows, *with_fixes], dtype=object))


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
    """Numbers answers, judgements and resources in order of first use. Vocabulary are not numbered yet."""

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
        self._columns = {name: Vocabulary.of(audit.findings[name]) for name in names}
        policies = {verdict.policy: number for number, verdict in enumerate(audit.verdicts)}
        policy = Vocabulary.of(audit.findings["policy"])
        self._policies = len(policies)
        self._policy = np.array([policies.get(word, -1) for word in policy.pool])[policy.codes]
        urgency = {status.value: place for place, status in enumerate(STATUS_ORDER)}
        self._workspaces = self._columns["workspace_id"].ranked(str.lower)
        self._statuses = self._columns["status"].ranked(lambda status: urgency.get(status, -1))
        self._checks = self._columns["check_id"].ranked()
        self._resources = self._columns["resource_id"].ranked(str.lower)
        self._ties = {name: self._columns[name].ranked() for name in _TIES}

    def blocks(self) -> Iterator[Codes]:
        """Yield the rows of the findings in blocks of whole workspaces."""
        owners = self._workspaces.expanded
        order = np.argsort(owners, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(owners[order])) + 1, len(order))
        start = 0
        while start < len(order):
            place = int(np.searchsorted(ends, start + _ROWS_AT_ONCE))
            end = int(ends[min(place, len(ends) - 1)])
            yield order[start:end]
            start = end

    def add(self, rows: Codes) -> None:
        """Number these findings."""
        block = {name: column.take(rows) for name, column in self._columns.items()}
        groups = grouped([block[name] for name in (*_ANSWERED, *_LOCATED)])
        made = self._judgements(block, self._policy[rows], groups)
        block = {name: block[name].take(groups.pool) for name in (*_ANSWERED, *_LOCATED)}
        order = self._in_order(block, made.worst)
        block = {name: each.take(order) for name, each in block.items()}
        answers = self._answers(block, made.in_order(order), made.words)
        self.rows.append(np.column_stack([answers, self._of_resources(block)]).astype(np.int32))
        self._note_failures(block)
        self._note_spans(block["workspace_id"])
        self._length += len(order)

    def _judgements(
        self, block: Mapping[str, Vocabulary], policies: Codes, groups: Vocabulary
    ) -> _Judgements:
        one = grouped([block[name] for name in _JUDGED])
        words = list(zip(*(_words(block[name].take(one.pool)) for name in _JUDGED), strict=True))
        judgements: Codes = np.full((len(groups.pool), self._policies), -1, dtype=np.int64)
        judgements[groups.codes, policies] = one.codes
        ranks = np.array([Severity(severity).rank for severity, _, _ in words], dtype=np.int64)
        worst = np.where(judgements >= 0, ranks[judgements], len(Severity)).min(axis=1)
        return _Judgements(judgements=judgements, words=words, worst=worst)

    def _in_order(self, block: Mapping[str, Vocabulary], worst: Codes) -> Codes:
        """Return the order: workspace, unknown first, the worst, check, resource; other columns break ties."""
        keys = [
            _ranked(self._workspaces, block["workspace_id"]),
            _ranked(self._statuses, block["status"]),
            Vocabulary(codes=worst, pool=np.arange(len(Severity) + 1)),
            _ranked(self._checks, block["check_id"]),
            _ranked(self._resources, block["resource_id"]),
        ]
        return ordered(keys, lambda: [_ranked(self._ties[name], block[name]) for name in _TIES])

    def _answers(self, block: Mapping[str, Vocabulary], judgements: Codes, words: Sequence[_Words]) -> Codes:
        """Return the number of each group's answer."""
        places = np.arange(len(words) + 1)
        judged = grouped([Vocabulary(codes=each, pool=places) for each in judgements.T + 1])
        numbers = [
            self.judgements.setdefault(
                tuple(words[code] if code >= 0 else None for code in row), len(self.judgements)
            )
            for row in judgements[judged.pool].tolist()
        ]
        answered = grouped([*(block[name] for name in _ANSWERED), judged])
        first = answered.pool
        texts = [_words(block[name].take(first)) for name in _ANSWERED]
        of_answers = [
            self.answers.setdefault((*texts_of, numbers[judgement]), len(self.answers))
            for *texts_of, judgement in zip(*texts, judged.codes[first].tolist(), strict=True)
        ]
        return np.array(of_answers, dtype=np.int64)[answered.codes]

    def _of_resources(self, block: Mapping[str, Vocabulary]) -> Codes:
        """Return the number of each group's resource."""
        located = grouped([block["resource_id"], block["workspace_id"]])
        first = located.pool
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

    def _note_failures(self, block: Mapping[str, Vocabulary]) -> None:
        fails = block["status"].pool == Status.FAIL.value
        here = np.flatnonzero(fails[block["status"].codes])
        named = [_words(block[name].take(here)) for name in ("check_id", *_LOCATED)]
        self.failures += zip((here + self._length).tolist(), zip(*named, strict=True), strict=True)

    def _note_spans(self, owners: Vocabulary) -> None:
        ranks = self._workspaces.pool[owners.codes]
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

    def in_order(self, order: Codes) -> Codes:
        """Return the judgements of the groups in that order."""
        return self.judgements[order]


def _ranked(ranks: Vocabulary, texts_of: Vocabulary) -> Vocabulary:
    return Vocabulary(codes=texts_of.codes, pool=ranks.pool)


def _words(texts_of: Vocabulary) -> list[str]:
    words: list[str] = texts_of.expanded.tolist()
    return words


def _shortened(resource_id: str, workspace_id: str) -> str:
    return resource_id.removeprefix(workspace_id) if workspace_id else resource_id
