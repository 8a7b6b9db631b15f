"""Numbers the texts of the page's JSON, so that the JSON holds each text once and rows are lists of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.vocabulary import Vocabulary, ordered


class Strings:
    """The texts of the page so far, numbered in the order of first use."""

    def __init__(self) -> None:
        """Start without texts."""
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """Return the number of the text; -1 for None, which the page shows as "not reported"."""
        return -1 if text is None else self._numbers.setdefault(text, len(self._numbers))

    @property
    def listed(self) -> list[str]:
        """The texts by number."""
        return list(self._numbers)


Numbers = npt.NDArray[np.int32]


def numbered_rows(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> Numbers:
    """Return the rows in order, each value as the number of its text; booleans are "yes" and "no"."""
    pool: list[str | None] = []
    places = np.empty((len(frame), len(columns)), dtype=np.int64)
    for place, name in enumerate(columns):
        column = Vocabulary.of(frame[name])
        places[:, place] = len(pool) + column.codes
        pool += [*map(_word, column.pool[:-1]), None]
    found = np.full(len(pool), -1, dtype=np.int32)
    used = pd.unique(places.ravel())
    found[used] = [strings.number(pool[each]) for each in used.tolist()]
    return found[places]


@dataclass(frozen=True, kw_only=True)
class Owned:
    """The numbered rows of one table, by the workspace that they belong to."""

    rows: Numbers
    spans: Mapping[str, tuple[int, int]]
    """By lower-cased workspace id: the first of its rows, and the end."""

    def of(self, workspace_id: str) -> list[list[int]]:
        """Return the rows of a workspace."""
        start, end = self.spans.get(workspace_id, (0, 0))
        rows: list[list[int]] = self.rows[start:end].tolist()
        return rows


def rows_by_workspace(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> Owned:
    """Return the rows sorted by all of `columns`, their texts numbered in that order."""
    order = ordered([Vocabulary.of(frame[name]).ranked() for name in columns])
    rows = numbered_rows(frame.iloc[order], columns, strings)
    owners = Vocabulary.of(frame["workspace_id"]).changed(str.lower)
    ranks = owners.ranked().expanded[order]
    grouped = np.argsort(ranks, kind="stable")
    starts = np.append(np.flatnonzero(np.diff(ranks[grouped], prepend=-1)), len(ranks)).tolist()
    ids = owners.pool[owners.codes[order[grouped[starts[:-1]]]]]
    spans = dict(zip(ids, pairwise(starts), strict=True))
    return Owned(rows=rows[grouped], spans=spans)


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, (bool, np.bool_)) else str(value)
