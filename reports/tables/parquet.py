"""Write tables as Parquet. `findings.parquet` of a report has every finding; evidence bundles have every table."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from checks.contract.tables import BOOLEAN, INTEGER, STRING
from checks.vocabulary import Codes, Vocabulary
from reports.tables.columns import DECIMAL, ReportFile

_ARROW = {STRING: pa.string(), BOOLEAN: pa.bool_(), INTEGER: pa.int64(), DECIMAL: pa.float64()}
_ROWS_AT_ONCE = 1 << 15


def as_parquet(frame: pd.DataFrame, file: ReportFile, order: Codes | None = None) -> Iterator[bytes]:
    """Return the columns of `file` as Parquet; texts as they are, nothing neutralised. `order` are the places of rows.

    Without statistics: a reader trusts those of a file and skips rows by them, so altered ones hide rows. The rows are
    written in groups, so that only one group is in memory as texts.
    """
    columns = [Vocabulary.of(frame[column.name]) for column in file.columns]
    pools = [_pool(each, column.dtype) for each, column in zip(columns, file.columns, strict=True)]
    places = np.arange(len(frame)) if order is None else order
    schema = pa.schema([(column.name, _ARROW[column.dtype]) for column in file.columns])
    written = BytesIO()
    with pq.ParquetWriter(written, schema, compression="zstd", write_statistics=False) as writer:
        for start in range(0, max(len(frame), 1), _ROWS_AT_ONCE):
            rows = places[start : start + _ROWS_AT_ONCE]
            groups = [_taken(pool, each.codes[rows]) for pool, each in zip(pools, columns, strict=True)]
            writer.write_table(pa.Table.from_arrays(groups, schema=schema))
    yield written.getvalue()


def _pool(column: Vocabulary, dtype: str) -> pa.Array:
    """Return the different values as Arrow has them, the last one null. A lone surrogate becomes its escape."""
    values = [*column.pool[:-1], None]
    try:
        return pa.array(values, type=_ARROW[dtype])
    except UnicodeEncodeError:
        return pa.array([_escaped(value) for value in values], type=_ARROW[dtype])


def _taken(pool: pa.Array, codes: Codes) -> pa.Array:
    return pool.take(pa.array(codes.astype(np.int64)))


def _escaped(value: str | None) -> str | None:
    return None if value is None else value.encode(errors="backslashreplace").decode()
