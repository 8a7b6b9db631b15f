"""Compare a sealed file with the same file derived again, by row, column and value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from checks.frames import pd

_PARQUET = b"PAR1"
"""The mark at both ends of a Parquet file."""
_FOOTER_LENGTH = 4
_SHOWN = 10
_LONGEST = 120

_KEYS = ("table", "policy", "place", "check", "check_id", "scope", "id", "resource_id", "workspace_id")
"""Columns that identify a row, if the file has them. The first column of a file always counts."""


def csv_differences(name: str, sealed: bytes, derived: bytes) -> Iterator[str]:
    """Yield a text for every row that differs between two CSV files."""
    try:
        stored = _read(sealed)
    except (ValueError, pd.errors.ParserError) as error:
        yield f"{name} cannot be read as CSV: {error}."
        return
    found = list(_frame_differences(name, stored, _read(derived)))
    yield from found or [f"{name} is written in another way than azml-audit writes it."]


def parquet_differences(name: str, sealed: bytes, derived: bytes) -> Iterator[str]:
    """Yield a text for every row that differs between two Parquet files. Equal values written differently are equal.

    The sealed file is read only if its header has the columns and the row count of the derived file, and no
    statistics, by which readers skip rows.
    """
    expected = pq.read_table(BytesIO(derived))
    try:
        announced = pq.ParquetFile(BytesIO(sealed))
        if not announced.schema_arrow.equals(expected.schema, check_metadata=True):
            yield f"{name} has other columns, types or metadata than follow from the payloads."
            return
        if announced.metadata.num_rows != expected.num_rows:
            yield f"{name} has {announced.metadata.num_rows:,} rows; {expected.num_rows:,} follow."
            return
        if _has_statistics(announced.metadata):
            yield f"{name} has statistics, which can hide its rows. azml-audit writes none."
            return
        if _has_other_bytes(announced.metadata, len(sealed)):
            yield f"{name} has bytes beside its columns, such as filters that can hide its rows."
            return
        stored = announced.read()
    except (OSError, ValueError, pa.ArrowException) as error:
        yield f"{name} cannot be read as Parquet: {error}."
        return
    if not stored.equals(expected):
        found = list(_frame_differences(name, _texts(stored.to_pandas()), _texts(expected.to_pandas())))
        yield from found or [f"{name} has its rows in another order than azml-audit writes them."]


def _has_statistics(metadata: Any) -> bool:
    columns = (
        metadata.row_group(group).column(column)
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    return any(each.is_stats_set or each.has_column_index or each.has_offset_index for each in columns)


def _has_other_bytes(metadata: Any, size: int) -> bool:
    """Return whether the columns, the footer and the marks around them are not the whole file."""
    place = len(_PARQUET)
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            starts = (column.dictionary_page_offset, column.data_page_offset)
            if place != min(start for start in starts if start):
                return True
            place += column.total_compressed_size
    return bool(size != place + metadata.serialized_size + _FOOTER_LENGTH + len(_PARQUET))


def json_differences(place: str, sealed: Any, derived: Any) -> Iterator[str]:
    """Yield a text, with its JSON path, for every value that differs between two documents."""
    if isinstance(sealed, dict) and isinstance(derived, dict):
        for name in sorted(sealed.keys() | derived.keys()):
            yield from json_differences(f"{place}.{name}", sealed.get(name), derived.get(name))
    elif isinstance(sealed, list) and isinstance(derived, list) and len(sealed) == len(derived):
        for number, (one, other) in enumerate(zip(sealed, derived, strict=True)):
            yield from json_differences(f"{place}[{number}]", one, other)
    elif sealed != derived:
        yield f"{place} is {_shown(sealed)}; {_shown(derived)} follows from the payloads."


def _read(text: bytes) -> pd.DataFrame:
    return pd.read_csv(BytesIO(text), dtype=str, keep_default_na=False, na_filter=False)


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), "").astype(str)


def _frame_differences(name: str, sealed: pd.DataFrame, derived: pd.DataFrame) -> Iterator[str]:
    columns = list(derived.columns)
    if list(sealed.columns) != columns:
        present = ", ".join(map(str, sealed.columns))
        yield f"{name} has the columns {present}; {', '.join(columns)} follow."
        return
    key = [column for column in columns if column in (*_KEYS, columns[0])]
    found = list(_row_differences(key, _numbered(sealed, key), _numbered(derived, key)))
    yield from (f"{name}: {each}" for each in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f"{name}: and {len(found) - _SHOWN:,} more."


def _row_differences(key: Sequence[str], sealed: pd.DataFrame, derived: pd.DataFrame) -> Iterator[str]:
    for row in sealed.index.difference(derived.index):
        yield f"{_row(key, row)} was added: it does not follow."
    for row in derived.index.difference(sealed.index):
        yield f"{_row(key, row)} is missing: it follows."
    both = sealed.index.intersection(derived.index)
    sealed, derived = sealed.loc[both], derived.loc[both]
    for column in derived.columns:
        altered = sealed[column].ne(derived[column])
        values = zip(both[altered], sealed.loc[altered, column], derived.loc[altered, column], strict=True)
        for row, was, follows in values:
            yield f"{_row(key, row)}: {column} is {_shown(was)}; {_shown(follows)} follows."


def _numbered(frame: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Return the frame indexed by its key and a number that separates rows with the same key."""
    number = frame.groupby(list(key), sort=False).cumcount()
    return frame.set_index([frame[column] for column in key] + [number])


def _row(key: Sequence[str], values: Sequence[object]) -> str:
    named = [f"{column} {value}" for column, value in zip(key, values, strict=False) if value != ""]
    return "row " + ", ".join(named)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
