"""The CSV files of a report, as `reports.tables.columns` publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from checks.contract.tables import BOOLEAN, STRING
from checks.vocabulary import Coded, Texts, combined
from reports.audit import Audit
from reports.tables import policies, policy_frames, workspaces
from reports.tables.columns import DECIMAL, FILES, ReportFile
from reports.tables.data_package import data_package
from reports.tables.pools import Places, Pooled, ordered
from reports.writing.encoding import Files, escaped

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula."""

_ROWS_AT_ONCE = 1 << 14

_FEW = 8
"""How many rows must share a combination of two columns, on average, for it to be worth making once."""


def files(audit: Audit) -> Files:
    """Every CSV file and `datapackage.json`, by name in the report's folder."""
    listed = {file.path: _written(audit, file) for file in FILES}
    return {**listed, "datapackage.json": [data_package().encode()]}


def _written(audit: Audit, file: ReportFile) -> Iterator[bytes]:
    yield from as_csv(frame(audit, file.name), file)


def frame(audit: Audit, name: str) -> pd.DataFrame:
    """What the file of `FILES` with that name is written from; more columns than are published."""
    match name:
        case "workspaces":
            return workspaces.workspaces(audit.tables)
        case "findings":
            return workspaces.with_workspaces(audit.findings, audit.tables)
        case "scores":
            return policies.all_scores(audit)
        case "policies":
            return policy_frames.policies(audit)
        case "waivers":
            return policy_frames.waivers(audit)
    return audit.tables[name]


def as_csv(frame: pd.DataFrame, file: ReportFile) -> Iterator[bytes]:
    """The columns of `file` as UTF-8 CSV, in an order that does not depend on that of the frame's rows.

    A file that is sorted by nothing keeps the frame's order. A lone surrogate, which UTF-8 cannot hold, is
    written as its escape.
    """
    columns = {
        column.name: Pooled.of(frame[column.name], partial(_texts, dtype=column.dtype))
        for column in file.columns
    }
    order = _order(columns, file) if file.sorted_by else np.arange(len(frame))
    fields = [column.changed(_quoted) for column in columns.values()]
    yield escaped(",".join(columns) + "\n")
    for start in range(0, len(order), _ROWS_AT_ONCE):
        yield escaped(_lines(fields, order[start : start + _ROWS_AT_ONCE]))


def _order(columns: Mapping[str, Pooled], file: ReportFile) -> Places:
    """By the file's columns regardless of case, then by every column, so that no tie is left."""
    return ordered(
        [columns[name].ranked(str.lower) for name in file.sorted_by],
        lambda: [column.ranked() for column in columns.values()],
    )


def _lines(columns: Sequence[Pooled], rows: Places) -> str:
    """These rows as lines, joined of as few texts as their repetitions allow."""
    parts: list[Texts] = []
    for column in columns:
        field = column.take(rows)
        both = _together(parts[-1], field) if parts else None
        parts[-1:] = [both] if both else [*parts[-1:], field]
    signs = np.full((len(rows), 2 * len(parts)), ",", dtype=object)
    signs[:, -1] = "\n"
    for place, part in enumerate(parts):
        signs[:, 2 * place] = part.pool[part.codes]
    return "".join(signs.ravel().tolist())


def _together(left: Texts, right: Texts) -> Texts | None:
    """Both columns as one; None where most of their combinations occur but once."""
    parts = [Coded(codes=each.codes, count=len(each.pool)) for each in (left, right)]
    both = combined(parts, len(left.codes))
    if both.count * _FEW > len(left.codes):
        return None
    first = both.first
    return Texts(codes=both.codes, pool=left.pool[left.codes[first]] + "," + right.pool[right.codes[first]])


def _quoted(text: str) -> str:
    """The text as a field (RFC 4180); once per different text, which spares `csv` most of its work."""
    needs_quotes = "," in text or '"' in text or "\n" in text
    return '"{}"'.format(text.replace('"', '""')) if needs_quotes else text


def neutralised(text: str) -> str:
    """The text on one kind of line end, with `'` before what a spreadsheet would take for a formula.

    Source: OWASP, "CSV Injection" (2025), with the full-width signs it names.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def as_was(texts: pd.Series[str]) -> pd.Series[str]:
    """The texts as they were before `neutralised` put its sign before them; line ends stay as they are."""
    signs = tuple(f"'{start}" for start in FORMULA_STARTS)
    return texts.mask(texts.str.startswith(signs).fillna(value=False).astype(bool), texts.str[1:])


def _texts(values: pd.Series, dtype: str) -> Iterable[str]:
    if dtype == STRING:
        return map(neutralised, map(str, values.to_numpy(dtype=object).tolist()))
    if dtype == DECIMAL:
        return policies.score_texts(values)
    texts = values.astype("string")
    return texts.str.lower() if dtype == BOOLEAN else texts
