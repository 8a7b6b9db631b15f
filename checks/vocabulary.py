"""Columns as codes: every different value once, and per row the place of its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Values = npt.NDArray[np.object_]

_ROOM = 2**62


@dataclass(frozen=True, kw_only=True)
class Coded:
    """Per row a code from 0 to `count` - 1; rows with one code say the same."""

    codes: Codes
    count: int

    @property
    def first(self) -> Codes:
        """Per code the first row that has it, where every code has one."""
        found = np.zeros(self.count, dtype=np.int64)
        found[self.codes[::-1]] = np.arange(len(self.codes) - 1, -1, -1)
        return found


def coded(column: pd.Series) -> Coded:
    """The values of a column; `<NA>` has a code of its own."""
    codes, values = factorized(column)
    return Coded(codes=codes + 1, count=len(values) + 1)


def factorized(values: pd.Series | Values) -> tuple[Codes, Values]:
    """Per row the place of its value, -1 for `<NA>`, and every different value in order of appearance."""
    plain = values.to_numpy(dtype=object) if isinstance(values, pd.Series) else values
    codes, different = pd.factorize(plain)
    return codes.astype(np.int64, copy=False), np.asarray(different, dtype=object)


def combined(parts: Sequence[Coded], length: int) -> Coded:
    """The codes of rows that agree in every part, in order of appearance; each code has a row."""
    key, room = np.zeros(length, dtype=np.int64), 1
    for part in parts:
        if room > _ROOM // max(part.count, 1):
            key, room = _renumbered(key)
        key = key * part.count + part.codes
        room *= max(part.count, 1)
    codes, count = _renumbered(key)
    return Coded(codes=codes, count=count)


def _renumbered(key: Codes) -> tuple[Codes, int]:
    codes, different = pd.factorize(key)
    return codes.astype(np.int64, copy=False), len(different)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A column of texts: per row the place of its text in `pool`, where texts may repeat."""

    codes: Codes
    pool: Values

    @classmethod
    def of(cls, column: pd.Series) -> Texts:
        """The texts of a column, "" for `<NA>`."""
        codes, values = factorized(column)
        return cls(codes=codes % (len(values) + 1), pool=np.append(values, [""]))

    @classmethod
    def each(cls, column: pd.Series) -> Texts:
        """Likewise of a column in which no or few texts repeat."""
        return cls(codes=np.arange(len(column)), pool=column.fillna("").to_numpy(dtype=object))

    @classmethod
    def same(cls, text: str, length: int) -> Texts:
        """One text for all rows."""
        return cls(codes=np.zeros(length, dtype=np.int64), pool=np.array([text], dtype=object))

    @property
    def are_there(self) -> npt.NDArray[np.bool_]:
        """Per row whether its text is not empty."""
        return np.array([bool(text) for text in self.pool], dtype=bool)[self.codes]

    def take(self, rows: npt.NDArray[Any]) -> Texts:
        """The texts of these rows."""
        return Texts(codes=self.codes[rows], pool=self.pool)

    def packed(self) -> Texts:
        """The same in as few bytes a row as there are different texts: to be kept, not to be counted with."""
        return Texts(codes=self.codes.astype(np.min_scalar_type(len(self.pool))), pool=self.pool)

    def changed(self, change: Callable[[str], str]) -> Texts:
        """Every different text changed once."""
        return Texts(codes=self.codes, pool=np.array([change(text) for text in self.pool], dtype=object))

    def joined(self, rows: npt.NDArray[Any], others: Sequence[Texts], join: Callable[..., str]) -> Texts:
        """With `join` of the text and the other columns' in some rows, made once where they agree."""
        columns = [self.take(rows), *(other.take(rows) for other in others)]
        pairs = combined([Coded(codes=each.codes, count=len(each.pool)) for each in columns], len(rows))
        first = pairs.first
        words = [each.pool[each.codes[first]] for each in columns]
        made = np.array([join(*each) for each in zip(*words, strict=True)], dtype=object)
        codes = self.codes.copy()
        codes[rows] = len(self.pool) + pairs.codes
        return Texts(codes=codes, pool=np.concatenate([self.pool, made]))


OPENING, CLOSING = "\ue000", "\ue001"
"""What encloses a stand-in; both are for private use and no case changes them."""

_STAND_IN = re.compile(f"{OPENING}([a-z_]+)(?: [0-9]+)?{CLOSING}")


def stand_in(name: str, number: int | None = None) -> str:
    """What stands for a row's name until it is filled in; numbered where rows have to be told apart."""
    return OPENING + (name if number is None else f"{name} {number}") + CLOSING


def filled(texts: Texts, rows: pd.DataFrame) -> Texts:
    """The texts with every stand-in replaced by its row's value in the column of that name."""
    marked = np.array([OPENING in text for text in texts.pool], dtype=bool)
    if not marked.any():
        return texts
    here = np.flatnonzero(marked[texts.codes])
    named = sorted({name for text in texts.pool[marked] for name in _STAND_IN.findall(text)})
    names = [Texts.of(rows[name].iloc[here]) for name in named]
    spread = [Texts(codes=_spread(each.codes, here, len(rows)), pool=each.pool) for each in names]

    def fill(text: str, *words: str) -> str:
        by_name = dict(zip(named, words, strict=True))
        return _STAND_IN.sub(lambda match: by_name[match[1]], text)

    return texts.joined(here, spread, fill)


def _spread(codes: Codes, rows: npt.NDArray[Any], length: int) -> Codes:
    found = np.zeros(length, dtype=np.int64)
    found[rows] = codes
    return found
