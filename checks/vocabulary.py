"""A column whose different values are stored once: the engine, the policies and the reports count with its codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.frames import np, pd

if TYPE_CHECKING:
    import numpy.typing as npt

Codes: TypeAlias = "npt.NDArray[np.integer[Any]]"
Mask: TypeAlias = "npt.NDArray[np.bool_]"
Values: TypeAlias = "npt.NDArray[Any]"
_ROOM = 2**62
"""Keys of several columns are packed into one integer below this."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """For each row the place of its value in `pool`: the column b, a, b has the codes 0, 1, 0 and the pool b, a.

    A value may be in the pool twice, and the pool may hold values that no row has.
    """

    codes: Codes
    pool: Values

    @classmethod
    def of(cls, column: pd.Series, absent: str | None = "") -> Vocabulary:
        """Return the column with its values in order of appearance; last in the pool is `absent`, for `<NA>`."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes, values = column.cat.codes.to_numpy(), column.cat.categories.to_numpy(dtype=object)
        else:
            codes, values = _factorized(column.to_numpy(dtype=object))
        codes = codes.astype(np.int32)
        codes[codes < 0] = len(values)
        return cls(codes=codes, pool=np.array([*values, absent], dtype=object))

    @classmethod
    def unique(cls, column: pd.Series) -> Vocabulary:
        """Return a column in which no or few values repeat, "" for `<NA>`. No value is compared with another."""
        return cls(
            codes=np.arange(len(column), dtype=np.int32), pool=column.fillna("").to_numpy(dtype=object)
        )

    @classmethod
    def repeated(cls, value: str, length: int) -> Vocabulary:
        """Return a column with the same value in every row."""
        return cls(codes=np.zeros(length, dtype=np.int8), pool=np.array([value], dtype=object))

    @classmethod
    def concatenated(cls, parts: Sequence[Vocabulary]) -> Vocabulary:
        """Return the rows of all parts, one part after the other. Parts with the same pool share it."""
        pools = {id(part.pool): part.pool for part in parts}
        sizes = np.cumsum([0, *(len(pool) for pool in pools.values())])
        start = dict(zip(pools, sizes.tolist(), strict=False))
        codes = np.empty(sum(len(part.codes) for part in parts), dtype=np.int32)
        end = 0
        for part in parts:
            begin, end = end, end + len(part.codes)
            np.add(part.codes, start[id(part.pool)], out=codes[begin:end], dtype=np.int32, casting="unsafe")
        return cls(codes=codes, pool=np.concatenate(list(pools.values())))

    @property
    def expanded(self) -> Values:
        """The value of every row."""
        return self.pool[self.codes]

    def take(self, rows: npt.NDArray[Any]) -> Vocabulary:
        """Return these rows; the pool is shared."""
        return Vocabulary(codes=self.codes[rows], pool=self.pool)

    def packed(self) -> Vocabulary:
        """Return the same in the smallest integers that hold the codes, to be kept in memory."""
        return Vocabulary(codes=self.codes.astype(np.min_scalar_type(len(self.pool))), pool=self.pool)

    def changed(self, change: Callable[[str], Any]) -> Vocabulary:
        """Return the column with `change` of every value, called once for each value in the pool."""
        return Vocabulary(codes=self.codes, pool=np.array([*map(change, self.pool)], dtype=object))

    def combined(self, rows: Codes, others: Sequence[Vocabulary], combine: Callable[..., str]) -> Vocabulary:
        """Return the column with `combine` of its value and those of `others` in these rows.

        `others` have a row for each of `rows`. `combine` is called once for rows that agree in all of them.
        """
        columns = [self.take(rows), *others]
        groups = grouped(columns)
        words = zip(*(each.take(groups.pool).expanded for each in columns), strict=True)
        codes = self.codes.astype(np.int32)
        codes[rows] = len(self.pool) + groups.codes
        made = np.array([combine(*each) for each in words], dtype=object)
        return Vocabulary(codes=codes, pool=np.concatenate([self.pool, made]))

    def ranked(self, key: Callable[[str], Any] = str) -> Vocabulary:
        """Return the column with each value replaced by the rank of its key among the different keys."""
        keys = [*map(key, self.pool)]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        is_new = [keys[one] != keys[other] for one, other in pairwise(order)]
        ranks = np.empty(len(keys), dtype=np.int64)
        ranks[order] = np.cumsum([0, *is_new])[: len(keys)]
        return Vocabulary(codes=self.codes, pool=ranks)

    def compacted(self) -> Vocabulary:
        """Return the column with only the values in the pool that occur, in order of appearance."""
        first = _first_rows(self.codes, len(self.pool))
        used = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(self.codes))]
        places = np.empty(len(self.pool), dtype=np.int32)
        places[used] = np.arange(len(used))
        return Vocabulary(codes=places[self.codes], pool=self.pool[used])

    def categorical(self, words: Sequence[str] | None = None) -> pd.Categorical:
        """Return the column as pandas keeps findings.

        The categories are `words`, or else the values of the pool. See `compacted` for a pool in order of appearance.
        """
        different = self.pool if words is None else np.array(words, dtype=object)
        categories, codes = pd.Index(different, dtype="string"), self.codes
        if words is not None:
            codes = categories.get_indexer(pd.Index(self.pool, dtype="string"))[codes]
        elif not categories.is_unique:
            places, different = _factorized(self.pool)
            categories, codes = pd.Index(different, dtype="string"), places[codes]
        dtype = pd.CategoricalDtype(categories)
        return pd.Categorical.from_codes(codes, dtype=dtype)


def _factorized(values: Values) -> tuple[Codes, Values]:
    """Return for each value the place among the different values, -1 for None, NaN and NA; and the different values.

    None at the end makes pandas use the hashes that Python keeps in its strings. It would hash the bytes of every
    string again: of 90,000 long ids that takes four times as long (15 and 4 ms).
    """
    codes, different = pd.factorize(np.concatenate([values, [None]]))
    return codes[:-1], different


def grouped(columns: Sequence[Vocabulary]) -> Vocabulary:
    """Return the rows that agree in every column as groups: a code for each row, and each group's first row.

    Groups are numbered in order of appearance; `pool` holds the place of the first row of each.
    """
    key: Codes = np.zeros(len(columns[0].codes), dtype=np.int64)
    room = 1
    for column in columns:
        size = max(len(column.pool), 1)
        if room > _ROOM // size:
            key, different = pd.factorize(key)
            room = len(different)
        key = key * size + column.codes
        room *= size
    codes, different = pd.factorize(key)
    return Vocabulary(codes=codes.astype(np.int32), pool=_first_rows(codes, len(different)))


def _first_rows(codes: Codes, count: int) -> npt.NDArray[np.int64]:
    """Return for each code the first row that has it; the number of rows if none has."""
    first = np.full(count, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first


def ordered(
    keys: Iterable[Vocabulary], ties: Callable[[], Iterable[Vocabulary]] | None = None
) -> npt.NDArray[np.int64]:
    """Return the rows sorted by all keys, the first key first. Keys are columns of ranks, see `Vocabulary.ranked`.

    `ties` returns further keys. It is called only if two rows agree in all keys.
    """
    packed = _packed(keys)
    order = np.lexsort(packed[::-1])
    if ties and np.logical_and.reduce([each[order][1:] == each[order][:-1] for each in packed]).any():
        order = np.lexsort([*packed, *_packed(ties())][::-1])
    return order


def _packed(keys: Iterable[Vocabulary]) -> list[Codes]:
    """Return integers that sort like the keys, with as many keys in each as fit."""
    packed: list[Codes] = []
    room = 0
    for key in keys:
        count = int(key.pool.max(initial=0)) + 1
        if count <= room:
            packed[-1] = packed[-1] * count + key.expanded
        else:
            packed.append(key.expanded)
            room = _ROOM
        room //= count
    return packed


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all frames, numbered anew. Columns that are categorical in all of them stay so."""
    if len(frames) == 1:
        return frames[0].reset_index(drop=True)
    names = dict.fromkeys(chain.from_iterable(frame.columns for frame in frames))
    return pd.DataFrame({name: _united([frame[name] for frame in frames]) for name in names})


def _united(columns: Sequence[pd.Series]) -> Any:
    if all(isinstance(column.dtype, pd.CategoricalDtype) for column in columns):
        return pd.api.types.union_categoricals([column.array for column in columns])
    return pd.concat(columns, ignore_index=True)
