"""Numbers the texts of the page's JSON, so that the JSON holds each text once and rows are lists of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def owned_columns(
    frame: pd.DataFrame, columns: Sequence[str], strings: Strings, places: Mapping[str, int]
) -> dict[str, list[int]]:
    """Return the rows by workspace, each group sorted by all of `columns`; `count` has the rows of each workspace.

    `places` has the order of the workspaces by lower-cased id; rows of others are left out.
    """
    owners = Vocabulary.of(frame["workspace_id"]).changed(lambda id: places.get(id.lower(), -1))
    known = np.flatnonzero(owners.expanded.astype(np.int64) >= 0)
    rows, place = frame.iloc[known], owners.take(known).expanded.astype(np.int64)
    keys = [Vocabulary.of(rows[name]).ranked() for name in columns]
    order = ordered([Vocabulary(codes=np.arange(len(place)), pool=place), *keys])
    numbers = numbered_rows(rows.iloc[order], columns, strings)
    counts = np.bincount(place, minlength=len(places)).tolist()
    return {"count": counts, **{name: numbers[:, at].tolist() for at, name in enumerate(columns)}}


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, (bool, np.bool_)) else str(value)
