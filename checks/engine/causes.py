"""Finds the findings that follow from another one, so that one cause is counted once.

A Project repeats its hub's findings, and a check may name the checks that explain it (`Check.follows`): with public
access on (NET001), access that is not limited to selected addresses (NET002) is no second violation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from checks.frames import np, pd
from checks.model import Check
from checks.severity import Verdict
from checks.vocabulary import Values, Vocabulary

if TYPE_CHECKING:
    import numpy.typing as npt

Rows: TypeAlias = "npt.NDArray[np.int64]"


def with_causes(judged: pd.DataFrame, checks: Mapping[str, Check]) -> pd.DataFrame:
    """Return the judged findings with the column `caused_by`, and the verdict consequence where it is not "".

    The reason of a consequence ends in "Follows from NET001 of NAME.".

    `caused_by` is the check id and the resource id of the cause, with a space between them. A cause is itself
    violated or undetermined, and not waived. `checks` are the checks of the policy by id.
    """
    problems = _Problems.of(judged)
    if not problems.by_check:
        return judged
    cause = np.full(len(judged), -1, dtype=np.int64)
    for check_id in sorted(problems.by_check.keys() & checks.keys()):
        rows = problems.by_check[check_id]
        for candidates in _candidates(checks[check_id], rows, problems, checks):
            found = np.where(candidates == rows, -1, candidates)
            cause[rows] = np.where(cause[rows] < 0, found, cause[rows])
    rows = np.flatnonzero(cause >= 0)
    causes, places = np.unique(cause[rows], return_inverse=True)
    ids, resources = (
        judged[name].iloc[causes].astype(object).fillna("") for name in ("check_id", "resource_id")
    )
    codes = np.zeros(len(judged), dtype=np.int64)
    codes[rows] = places + 1
    caused_by = Vocabulary(codes=codes, pool=np.array(["", *(ids + " " + resources)], dtype=object))
    sentences = [
        f"Follows from {id} of {resource.rpartition('/')[2]}."
        for id, resource in zip(ids, resources, strict=True)
    ]
    sentence = Vocabulary(codes=places, pool=np.array(sentences, dtype=object))
    explained = Vocabulary.of(judged["reason"]).combined(
        rows, [sentence], lambda text, more: f"{text} {more}".strip()
    )
    follows = pd.Series(cause >= 0, index=judged.index)
    return judged.assign(
        reason=explained.categorical(),
        verdict=judged["verdict"].mask(follows, Verdict.CONSEQUENCE.value),
        caused_by=caused_by.categorical(),
    )


@dataclass(frozen=True, kw_only=True)
class _Problems:
    """The violated and undetermined findings: their rows by check, and the lower-cased ids of every row."""

    by_check: Mapping[str, Rows]
    resource: Values
    workspace: Values
    judged_by: Values

    @classmethod
    def of(cls, judged: pd.DataFrame) -> _Problems:
        is_problem = judged["verdict"].isin([Verdict.VIOLATED.value, Verdict.UNDETERMINED.value]).to_numpy()
        rows = np.flatnonzero(is_problem)
        ids = judged["check_id"].astype(object).to_numpy()[rows]
        return cls(
            by_check={str(id): rows[ids == id] for id in pd.unique(ids)},
            resource=_lowered(judged["resource_id"]),
            workspace=_lowered(judged["workspace_id"]),
            judged_by=_lowered(judged["judged_by"]),
        )

    def at(self, check_id: str, keys: Values, names: Values) -> Rows:
        """Return for each key the problem of that check whose own name is the key, -1 for none."""
        rows = self.by_check.get(check_id, np.empty(0, dtype=np.int64))
        own = pd.Index(names[rows])
        first = ~own.duplicated()
        places = own[first].get_indexer(pd.Index(keys))
        found: Rows = np.where(places < 0, -1, np.append(rows[first], [-1])[places])
        return found


def _candidates(check: Check, rows: Rows, problems: _Problems, checks: Mapping[str, Check]) -> Iterator[Rows]:
    """Yield, the nearest first, the rows that may be causes of the check's problems; -1 for none."""
    if check.is_decided_by_hub:
        found = problems.at(check.id, problems.judged_by[rows], problems.workspace)
        yield np.where(problems.judged_by[rows] == problems.workspace[rows], -1, found)
    for other in check.follows:
        if other in checks:
            names = problems.resource if checks[other].over == check.over else problems.workspace
            yield problems.at(other, names[rows], names)


def _lowered(column: pd.Series) -> Values:
    return Vocabulary.of(column).changed(str.lower).expanded
