"""Write tables as CSV text in the published form of `reports.tables.columns`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from checks.contract.tables import BOOLEAN, STRING
from checks.vocabulary import Codes, Vocabulary, grouped, ordered
from reports.tables.columns import DECIMAL, ReportFile
from reports.tables.policies import score_texts
from reports.writing.encoding import escaped
from reports.writing.lines import harmless, is_formula

_ROWS_AT_ONCE = 1 << 14

_FEW = 8
"""Two columns are joined once per combination if at least this many rows share one on average."""


def as_csv(frame: pd.DataFrame, file: ReportFile) -> Iterator[bytes]:
    """Return the columns of `file` as UTF-8 CSV, sorted by `file.sorted_by` and then by every column.

    A file without `sorted_by` keeps the order of the frame. Control characters become
    escapes, so every row is one line.
    """
    columns = {column.name: _texts(frame[column.name], column.dtype) for column in file.columns}
    order = _order(columns, file) if file.sorted_by else np.arange(len(frame))
    fields = [column.changed(_quoted) for column in columns.values()]
    yield escaped(",".join(columns) + "\n")
    for start in range(0, len(order), _ROWS_AT_ONCE):
        yield escaped(joined(fields, order[start : start + _ROWS_AT_ONCE]))


def row_order(frame: pd.DataFrame, file: ReportFile) -> Codes:
    """Return the places of the rows in the order of the file's lines. Texts are compared as they are in the frame."""
    return _order({name: Vocabulary.of(frame[name]) for name in file.names}, file)


def _order(columns: Mapping[str, Vocabulary], file: ReportFile) -> Codes:
    """Return the rows by the file's columns regardless of case, then by every column to break ties."""
    return ordered(
        [columns[name].ranked(str.lower) for name in file.sorted_by],
        lambda: [column.ranked() for column in columns.values()],
    )


def joined(columns: Sequence[Vocabulary], rows: Codes, between: str = ",", end: str = "\n") -> str:
    """Return these rows as one text. Neighbouring columns whose values repeat together are joined once."""
    parts: list[Vocabulary] = []
    for column in columns:
        field = column.take(rows)
        both = _together(parts[-1], field, between) if parts else None
        parts[-1:] = [both] if both else [*parts[-1:], field]
    cells = np.full((len(rows), 2 * len(parts)), between, dtype=object)
    cells[:, -1] = end
    for place, part in enumerate(parts):
        cells[:, 2 * place] = part.expanded
    return "".join(cells.ravel().tolist())


def _together(left: Vocabulary, right: Vocabulary, between: str) -> Vocabulary | None:
    """Return both columns as one; None if most of their combinations occur only once."""
    both = grouped([left, right])
    if len(both.pool) * _FEW > len(left.codes):
        return None
    pool = left.take(both.pool).expanded + between + right.take(both.pool).expanded
    return Vocabulary(codes=both.codes, pool=pool)


def _quoted(text: str) -> str:
    """Return the text as a field (RFC 4180). Each distinct text is quoted once, not once per row."""
    needs_quotes = "," in text or '"' in text or "\n" in text
    return '"{}"'.format(text.replace('"', '""')) if needs_quotes else text


def neutralised(text: str) -> str:
    """Return the text as one harmless line, with `'` before a text that a spreadsheet would run."""
    line = harmless(text)
    return f"'{line}" if is_formula(line.lstrip("'")) else line


def as_was(texts: pd.Series[str]) -> pd.Series[str]:
    """Return the texts without the `'` that `neutralised` put before them. Escapes stay."""
    marked = texts[texts.str.startswith("'").fillna(value=False).astype(bool)]
    is_formula_after = [is_formula(text.lstrip("'")) for text in marked]
    return texts.mask(texts.index.isin(marked.index[is_formula_after]), texts.str[1:])


def _texts(column: pd.Series, dtype: str) -> Vocabulary:
    """Return the column as the file shows it, "" for `<NA>`."""
    different = Vocabulary.of(column)
    if dtype == DECIMAL:
        scores = score_texts(pd.Series(different.pool[:-1], dtype="Float64"))
        return Vocabulary(codes=different.codes, pool=np.array([*scores, ""], dtype=object))
    if dtype == BOOLEAN:
        return different.changed(lambda value: str(value).lower())
    return different.changed(lambda value: neutralised(str(value)) if dtype == STRING else str(value))
