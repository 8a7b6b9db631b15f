from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from checks.vocabulary import Vocabulary, grouped, ordered

TEXT = st.none() | st.sampled_from(["", "a", "A", "b", "ä", "\ud800"])
ROWS = st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=12)


def frame(rows: list[tuple[str | None, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["x", "y", "z"], dtype="string")


def listed(column: Vocabulary) -> list[object]:
    return list(column.expanded)


@given(rows=ROWS)
def test_a_column_comes_back_from_its_vocabulary(rows: list[tuple[str | None, ...]]) -> None:
    column = frame(rows)["x"]
    expected = column.fillna("").tolist()
    for each in (column, column.astype("category")):
        assert listed(Vocabulary.of(each)) == expected
        assert listed(Vocabulary.of(each).packed()) == expected
        assert Vocabulary.of(each).categorical().tolist() == expected
    assert listed(Vocabulary.unique(column)) == expected
    assert listed(Vocabulary.of(column, absent="-")) == column.fillna("-").tolist()


@given(rows=ROWS)
def test_groups_are_those_of_pandas(rows: list[tuple[str | None, ...]]) -> None:
    columns = frame(rows)
    groups = grouped([Vocabulary.of(columns[name]) for name in columns])
    expected = columns.groupby(list(columns), dropna=False, sort=False).ngroup()
    assert groups.codes.tolist() == expected.tolist()
    assert groups.pool.tolist() == np.flatnonzero(~expected.duplicated()).tolist()


@given(rows=ROWS)
def test_rows_are_sorted_as_python_sorts_them(rows: list[tuple[str | None, ...]]) -> None:
    columns = [Vocabulary.of(column) for _, column in frame(rows).items()]
    words = [tuple(text or "" for text in row) for row in rows]
    order = ordered(
        [columns[0].ranked(str.lower)], lambda: [columns[1].ranked(), columns[2].ranked(str.lower)]
    )
    by_key = sorted(range(len(rows)), key=lambda n: (words[n][0].lower(), words[n][1], words[n][2].lower()))
    assert order.tolist() == by_key


@given(parts=st.lists(ROWS, min_size=1, max_size=3))
def test_parts_are_put_one_after_the_other(parts: list[list[tuple[str | None, ...]]]) -> None:
    shared = Vocabulary.of(frame([row for part in parts for row in part])["x"])
    columns = [Vocabulary.of(frame(part)["x"]).packed() for part in parts]
    both = Vocabulary.concatenated([*columns, shared, shared])
    assert listed(both) == [*(text for column in columns for text in listed(column)), *listed(shared) * 2]


@given(rows=ROWS.filter(bool), data=st.data())
def test_values_are_combined_in_the_chosen_rows_alone(
    rows: list[tuple[str | None, ...]], data: st.DataObject
) -> None:
    columns = [Vocabulary.of(column) for _, column in frame(rows).items()]
    here = np.array(sorted(data.draw(st.sets(st.sampled_from(range(len(rows)))))), dtype=np.int64)
    asked: list[tuple[str, ...]] = []

    def joined(*words: str) -> str:
        asked.append(words)
        return "|".join(words)

    made = columns[0].combined(here, [each.take(here) for each in columns[1:]], joined)
    texts = [tuple(text or "" for text in row) for row in rows]
    assert listed(made) == ["|".join(row) if n in here else row[0] for n, row in enumerate(texts)]
    assert len(asked) <= len(here)


def test_stated_categories_are_there_whether_they_occur_or_not() -> None:
    made = Vocabulary.repeated("b", 2).categorical(("a", "b"))
    assert list(made.categories) == ["a", "b"]
    assert made.tolist() == ["b", "b"]
    assert list(Vocabulary.repeated("b", 0).compacted().categorical().categories) == []
