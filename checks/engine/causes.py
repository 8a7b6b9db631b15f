"""Finds the findings that follow from another one, so that one cause is counted once.

A Project repeats its hub's findings, and a check may name the checks that explain it (`Check.follows`): with public
access on (NET001), access that is not limited to selected addresses (NET002) is no second violation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from checks.frames import np, pd
from checks.model import Check
from checks.severity import SEVERITIES, Severity, Verdict
from checks.vocabulary import Mask, Values, Vocabulary, grouped

if TYPE_CHECKING:
    import numpy.typing as npt

Rows: TypeAlias = "npt.NDArray[np.int64]"
_WORDS = tuple(severity.value for severity in Severity)
_LONGEST_CHAIN = 100


def with_causes(judged: pd.DataFrame, checks: Mapping[str, Check]) -> pd.DataFrame:
    """Return the judged findings with their causes: consequences name them, and causes carry what follows from them.

    A consequence has that verdict, `caused_by` is the check id and the resource id of its cause, and its reason ends in
    "Follows from NET001 of NAME.". Only a violation explains a violation; an undetermined finding may follow from
    either. The first finding of a chain carries the rest of it, so that a consequence never has to be looked at: its
    `severity` is the worst of the violations, and `followed_by` lists all: "1 high NET002 violated".

    A waived finding is neither a cause nor a consequence. `checks` are the checks of the policy by id.
    """
    problems = _Problems.of(judged)
    cause = _without_circles(problems.causes(checks, len(judged)))
    rows = np.flatnonzero(cause >= 0)
    if not len(rows):
        return judged
    root = _first_causes(cause)[rows]
    return judged.assign(
        reason=_explained(judged, rows, cause[rows]),
        verdict=judged["verdict"].mask(pd.Series(cause >= 0, index=judged.index), Verdict.CONSEQUENCE.value),
        caused_by=_named(judged, rows, cause[rows]),
        followed_by=_followers(judged, rows, root),
        severity=_worst(judged, rows, root),
    )


def _without_circles(cause: Rows) -> Rows:
    """Return the causes without those of checks that explain each other, which nothing would be counted for."""
    return np.where(cause[_first_causes(cause)] < 0, cause, -1)


def _first_causes(cause: Rows) -> Rows:
    """Return for each row the first one of its chain of causes, or any one of a circle."""
    first = np.arange(len(cause))
    for _ in range(_LONGEST_CHAIN):
        above = np.where(cause[first] < 0, first, cause[first])
        if np.array_equal(above, first):
            break
        first = above
    return first


def _named(judged: pd.DataFrame, rows: Rows, causes: Rows) -> pd.Categorical:
    different, places = np.unique(causes, return_inverse=True)
    ids, resources = _names(judged, different)
    codes = np.zeros(len(judged), dtype=np.int64)
    codes[rows] = places + 1
    return (
        Vocabulary(codes=codes, pool=np.array(["", *(ids + " " + resources)], dtype=object))
        .compacted()
        .categorical()
    )


def _explained(judged: pd.DataFrame, rows: Rows, causes: Rows) -> pd.Categorical:
    different, places = np.unique(causes, return_inverse=True)
    sentences = [
        f"Follows from {id} of {_name(resource)}."
        for id, resource in zip(*_names(judged, different), strict=True)
    ]
    sentence = Vocabulary(codes=places, pool=np.array(sentences, dtype=object))
    reasons = Vocabulary.of(judged["reason"])
    return (
        reasons.combined(rows, [sentence], lambda text, more: f"{text} {more}".strip())
        .compacted()
        .categorical()
    )


def _names(judged: pd.DataFrame, rows: Rows) -> tuple[pd.Series, pd.Series]:
    ids, resources = (
        judged[name].iloc[rows].astype(object).fillna("") for name in ("check_id", "resource_id")
    )
    return ids, resources


def _followers(judged: pd.DataFrame, rows: Rows, root: Rows) -> pd.Categorical:
    """Return for each cause what follows from it: how many findings of which severity, check and verdict."""
    columns = [Vocabulary.of(judged[name].iloc[rows]) for name in ("severity", "check_id", "verdict")]
    different, places = np.unique(root, return_inverse=True)
    alike = grouped([Vocabulary(codes=places, pool=different), *columns])
    counts = np.bincount(alike.codes, minlength=len(alike.pool))
    words = zip(counts, *(column.take(alike.pool).expanded for column in columns), strict=True)
    lines: list[list[tuple[str, str]]] = [[] for _ in different]
    for place, (count, severity, check_id, verdict) in zip(places[alike.pool], words, strict=True):
        lines[place].append((check_id, f"{count} {severity} {check_id} {verdict}"))
    codes = np.zeros(len(judged), dtype=np.int64)
    codes[different] = np.arange(1, len(different) + 1)
    texts = ["", *(", ".join(text for _, text in sorted(each)) for each in lines)]
    return Vocabulary(codes=codes, pool=np.array(texts, dtype=object)).compacted().categorical()


def _worst(judged: pd.DataFrame, rows: Rows, root: Rows) -> pd.Categorical:
    """Return the severities; that of a cause is the worst of its own and those of the violations that follow."""
    ranks = Vocabulary.of(judged["severity"]).changed(
        lambda word: _WORDS.index(word) if word else len(_WORDS)
    )
    rank = ranks.expanded.astype(np.int64)
    violated = judged["verdict"].eq(Verdict.VIOLATED.value).to_numpy()[rows]
    np.minimum.at(rank, root[violated], rank[rows[violated]])
    return Vocabulary(codes=rank, pool=np.array([*_WORDS, ""], dtype=object)).categorical(SEVERITIES)


@dataclass(frozen=True, kw_only=True)
class _Problems:
    """The violated and undetermined findings: their rows by check, and the lower-cased ids of every row."""

    by_check: Mapping[str, Rows]
    is_violated: Mask
    resource: Values
    workspace: Values
    judged_by: Values
    reason: Vocabulary

    @classmethod
    def of(cls, judged: pd.DataFrame) -> _Problems:
        is_violated = judged["verdict"].eq(Verdict.VIOLATED.value).to_numpy()
        is_problem = is_violated | judged["verdict"].eq(Verdict.UNDETERMINED.value).to_numpy()
        rows = np.flatnonzero(is_problem)
        ids = judged["check_id"].astype(object).to_numpy()[rows]
        return cls(
            by_check={str(id): rows[ids == id] for id in pd.unique(ids)},
            is_violated=is_violated,
            resource=_lowered(judged["resource_id"]),
            workspace=_lowered(judged["workspace_id"]),
            judged_by=_lowered(judged["judged_by"]),
            reason=Vocabulary.of(judged["reason"]),
        )

    def causes(self, checks: Mapping[str, Check], length: int) -> Rows:
        """Return for each of the rows the row of its nearest cause, -1 for none."""
        cause: Rows = np.full(length, -1, dtype=np.int64)
        for check_id in sorted(self.by_check.keys() & checks.keys()):
            rows = self.by_check[check_id]
            for candidates in self._candidates(checks[check_id], rows, checks):
                explains = (candidates != rows) & (self.is_violated[candidates] | ~self.is_violated[rows])
                cause[rows] = np.where((cause[rows] < 0) & explains, candidates, cause[rows])
        return cause

    def _candidates(self, check: Check, rows: Rows, checks: Mapping[str, Check]) -> Iterator[Rows]:
        """Yield, the nearest first, the rows that may be causes of the check's problems; -1 for none."""
        if check.is_decided_by_hub:
            yield self._at(check.id, self.judged_by[rows], [self.workspace])
        for other in check.follows:
            if other not in checks:
                continue
            if check.over == "workspaces" != checks[other].over:
                yield self._parts_in_reasons(other, rows)
                continue
            names = [self.workspace, self.resource] if checks[other].over == check.over else [self.workspace]
            yield self._at(other, _joined(names, rows), names)

    def _parts_in_reasons(self, check_id: str, rows: Rows) -> Rows:
        """Return for each undetermined finding the problem of a part of its workspace that its reason names."""
        parts: dict[str, list[int]] = defaultdict(list)
        for part in self.by_check.get(check_id, ()):
            parts[self.workspace[part]].append(part)
        reasons = self.reason.take(rows).changed(str.lower).expanded
        found = [
            next((part for part in parts[workspace] if f"{_name(self.resource[part])}: " in reason), -1)
            for workspace, reason in zip(self.workspace[rows], reasons, strict=True)
        ]
        return np.where(self.is_violated[rows], -1, np.array(found, dtype=np.int64))

    def _at(self, check_id: str, keys: Values, names: Sequence[Values]) -> Rows:
        """Return for each key the problem of that check whose own names are the key, -1 for none."""
        rows = self.by_check.get(check_id, np.empty(0, dtype=np.int64))
        own = pd.Index(_joined(names, rows))
        first = ~own.duplicated()
        places = own[first].get_indexer(pd.Index(keys))
        found: Rows = np.where(places < 0, -1, np.append(rows[first], [-1])[places])
        return found


def _name(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]


def _joined(names: Sequence[Values], rows: Rows) -> Values:
    first, *others = (each[rows] for each in names)
    return sum((" " + each for each in others), first)


def _lowered(column: pd.Series) -> Values:
    return Vocabulary.of(column).changed(str.lower).expanded
