"""Texts said once: each gets a number, in the order of first use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


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


def numbered_rows(frame: pd.DataFrame, columns: Sequence[str], strings: Strings) -> list[list[int]]:
    """The rows in order, each value as the number of its text; booleans are "yes" and "no"."""
    listed = [_plain(frame[name]) for name in columns]
    return [[strings.number(text) for text in row] for row in zip(*listed, strict=True)]


def rows_by_workspace(
    frame: pd.DataFrame, columns: Sequence[str], strings: Strings
) -> dict[str, list[list[int]]]:
    """Numbered rows by lower-cased workspace id, sorted by all of `columns`."""
    texts_of = frame[list(columns)].astype("string").fillna("")
    ordered = frame.loc[texts_of.sort_values(list(columns)).index]
    result: dict[str, list[list[int]]] = {}
    owners = ordered["workspace_id"].str.lower().fillna("")
    for owner, row in zip(owners, numbered_rows(ordered, columns, strings), strict=True):
        result.setdefault(owner, []).append(row)
    return result


def _plain(column: pd.Series) -> list[str | None]:
    places, values = pd.factorize(column)
    words = {True: "yes", False: "no"} if column.dtype == "boolean" else {}
    texts = [words.get(value) or str(value) for value in values]
    plain: list[str | None] = np.array([*texts, None], dtype=object)[places].tolist()
    return plain
