"""The columns of findings: categoricals, because a million findings say few different things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from checks.policy.verdicts import Verdict
from checks.severity import Severity
from checks.vocabulary import Texts, Values, factorized

STATUSES = ("error", "fail", "not-applicable", "pass", "unknown")
SEVERITIES = tuple(sorted(severity.value for severity in Severity))
VERDICTS = tuple(sorted(verdict.value for verdict in Verdict))
"""Words that are all categories of their column whether they occur or not; always sorted."""


def categorical(
    parts: Sequence[Texts], order: npt.NDArray[Any], words: Sequence[str] | None = None
) -> pd.Categorical:
    """The texts of all parts, one after the other and then put in `order`.

    The categories are `words`, or where there are none the texts that occur, as they first appear.
    """
    pools = {id(part.pool): part.pool for part in parts}
    sizes = np.cumsum([0, *(len(pool) for pool in pools.values())])
    start = dict(zip(pools, sizes, strict=False))
    codes = np.concatenate([part.codes.astype(np.int64) + start[id(part.pool)] for part in parts])[order]
    first = np.full(sizes[-1], len(codes))
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    used = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(codes))]
    texts = np.concatenate(list(pools.values()))[used]
    places = np.empty(len(first), dtype=np.int32)
    if words is None:
        places[used], different = factorized(texts)
    else:
        different = np.array(words, dtype=object)
        places[used] = pd.Index(different, dtype=object).get_indexer(pd.Index(texts))
    return pd.Categorical.from_codes(places[codes], dtype=_dtype(different))


def constant(word: str, length: int, words: Sequence[str] | None = None) -> pd.Categorical:
    """The same word in every row."""
    return categorical([Texts.same(word, 1)], np.zeros(length, dtype=np.int64), words)


def mapped(
    column: pd.Series, word: Callable[[str], str], words: Sequence[str] | None = None
) -> pd.Categorical:
    """`word` of every value, asked once per different value."""
    texts = coded_texts(column).changed(word)
    return categorical([texts], np.arange(len(column)), words)


def coded_texts(column: pd.Series) -> Texts:
    """The texts of a column, categorical or not; "" for `<NA>`."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return Texts.of(column)
    pool: Values = np.append(column.cat.categories.to_numpy(dtype=object), [""])
    codes = column.cat.codes.to_numpy().astype(np.int64)
    return Texts(codes=np.where(codes < 0, len(pool) - 1, codes), pool=pool)


def together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all frames, numbered anew; what is categorical in every one of them stays so."""
    if len(frames) == 1:
        return frames[0].reset_index(drop=True)
    columns = {
        name: _united([frame[name] for frame in frames])
        for name in dict.fromkeys(chain.from_iterable(frame.columns for frame in frames))
    }
    return pd.DataFrame(columns)


def _united(columns: Sequence[pd.Series]) -> Any:
    if all(isinstance(column.dtype, pd.CategoricalDtype) for column in columns):
        return union_categoricals([column.array for column in columns])
    return pd.concat(columns, ignore_index=True)


def _dtype(different: Values) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(pd.Index(different, dtype="string"))
