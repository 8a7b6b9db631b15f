"""Columns whose different texts stand in a pool once: they are taken and sorted by places in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.vocabulary import Coded, Codes, Texts, Values

Places = npt.NDArray[np.integer[Any]]

_ROOM = 2**62


def _as_they_are(values: pd.Series) -> Iterable[str]:
    return map(str, values.to_numpy(dtype=object).tolist())


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """A column: per row the place of its text in `pool`, whose last is "", at place -1, for `<NA>`."""

    places: Places
    pool: Values

    @classmethod
    def of(cls, column: pd.Series, texts: Callable[[pd.Series], Iterable[str]] = _as_they_are) -> Pooled:
        """The column with `texts` of its different values; a categorical one shares its codes."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            places, values = column.cat.codes.to_numpy(), column.cat.categories
        else:
            places, values = pd.factorize(column)
        return cls(places=places, pool=np.array([*texts(pd.Series(values)), ""], dtype=object))

    def changed(self, change: Callable[[str], str]) -> Pooled:
        """Every different text changed once."""
        return Pooled(places=self.places, pool=np.array([*map(change, self.pool)], dtype=object))

    def take(self, rows: Places) -> Texts:
        """The texts of these rows."""
        return Texts(codes=self.places[rows].astype(np.int64) % len(self.pool), pool=self.pool)

    def ranks(self, key: Callable[[str], Any] = str) -> Codes:
        """Per text of the pool the rank of its key among the different ones."""
        keys = [key(text) for text in self.pool]
        rank = {each: number for number, each in enumerate(sorted(dict.fromkeys(keys)))}
        return np.array([rank[each] for each in keys], dtype=np.int64)

    def ranked(self, key: Callable[[str], Any] = str) -> Coded:
        """Per row the rank of its text's key."""
        ranks = self.ranks(key)
        return Coded(codes=ranks[self.places], count=int(ranks.max()) + 1)


def ordered(keys: Iterable[Coded], more: Callable[[], Iterable[Coded]]) -> Places:
    """The rows by all of the keys, one after the other, and only where that leaves ties by `more`."""
    packed = _packed(keys)
    order = np.lexsort(packed[::-1])
    is_tied = np.logical_and.reduce([each[order][1:] == each[order][:-1] for each in packed])
    if is_tied.any():
        order = np.lexsort([*packed, *_packed(more())][::-1])
    return order


def _packed(keys: Iterable[Coded]) -> Sequence[Codes]:
    """Numbers that sort as the keys do: as many keys in each as it has room for."""
    packed: list[Codes] = []
    room = 0
    for key in keys:
        if key.count <= room:
            packed[-1] = packed[-1] * key.count + key.codes
        else:
            packed.append(key.codes)
            room = _ROOM
        room //= key.count
    return packed
