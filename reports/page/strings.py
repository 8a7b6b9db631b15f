"""Texts said once: each gets a number, in the order of first use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.tables.pools import Pooled, ordered


class Strings:
    """The texts so far; the same sequence of questions always gives the same numbers."""

    def __init__(self) -> None:
        """No texts yet."""
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The number of the text; -1 for None, which is "not reported"."""
        return -1 if text is None else self._numbers.setdefault(text, len(self._numbers))

    @property
    def listed(self) -> list[str]:
        """The texts by number."""
        return list(self._numbers)


Numbers = npt.NDArray[np.int32]


def numbered_rows(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> Numbers:
    """The rows in order, each value as the number of its text; booleans are "yes" and "no"."""
    pool: list[str | None] = []
    places = np.empty((len(frame), len(columns)), dtype=np.int64)
    for place, name in enumerate(columns):
        column = Pooled.of(frame[name], _told)
        places[:, place] = len(pool) + column.places % len(column.pool)
        pool += [*column.pool[:-1], None]
    found = np.full(len(pool), -1, dtype=np.int32)
    used = pd.unique(places.ravel())
    found[used] = [strings.number(pool[each]) for each in used.tolist()]
    return found[places]


@dataclass(frozen=True, kw_only=True)
class Owned:
    """The numbered rows of whatever belongs to workspaces."""

    rows: Numbers
    spans: Mapping[str, tuple[int, int]]
    """By lower-cased workspace id, where its rows begin and end."""

    def of(self, workspace_id: str) -> list[list[int]]:
        """The rows of a workspace."""
        start, end = self.spans.get(workspace_id, (0, 0))
        rows: list[list[int]] = self.rows[start:end].tolist()
        return rows


def rows_by_workspace(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> Owned:
    """Numbered rows by their `workspace_id`, sorted by all of `columns`, and numbered in that order."""
    order = ordered([Pooled.of(frame[name]).ranked() for name in columns], list)
    rows = numbered_rows(frame.iloc[order], columns, strings)
    owners = Pooled.of(frame["workspace_id"]).changed(str.lower)
    ranks = owners.ranked().codes[order]
    grouped = np.argsort(ranks, kind="stable")
    starts = np.append(np.flatnonzero(np.diff(ranks[grouped], prepend=-1)), len(ranks)).tolist()
    ids = owners.pool[owners.places[order[grouped[starts[:-1]]]]]
    spans = dict(zip(ids, pairwise(starts), strict=True))
    return Owned(rows=rows[grouped], spans=spans)


def _told(values: pd.Series) -> Iterable[str]:
    words = {True: "yes", False: "no"} if values.dtype == "boolean" else {}
    return (words.get(value) or str(value) for value in values.to_numpy(dtype=object).tolist())
