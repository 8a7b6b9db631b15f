"""The CSV files of a report, as `reports.columns` publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.schema import BOOLEAN, SCHEMAS, STRING
from reports import described, policy_frames, scored
from reports.audit import Audit
from reports.columns import DECIMAL, FILES, ReportFile, data_package

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula."""

_ROWS_AT_ONCE = 50_000


def files(audit: Audit) -> Mapping[str, bytes]:
    """Every CSV file and `datapackage.json`, by name in the report's folder."""
    written = frames(audit)
    listed = {file.path: as_csv(written[file.name], file) for file in FILES}
    return {**listed, "datapackage.json": data_package().encode()}


def frames(audit: Audit) -> Mapping[str, pd.DataFrame]:
    """What each file of `FILES` is written from, by its name; more columns than are published."""
    workspaces = described.workspaces(audit.tables)
    tables = {file.name: audit.tables[file.name] for file in FILES if file.name in SCHEMAS}
    return tables | {
        "workspaces": workspaces,
        "findings": described.with_workspaces(audit.findings, workspaces),
        "scores": scored.all_scores(audit),
        "policies": policy_frames.policies(audit),
        "waivers": policy_frames.waivers(audit),
    }


def as_csv(frame: pd.DataFrame, file: ReportFile) -> bytes:
    """The columns of `file` as UTF-8 CSV, in an order that does not depend on that of the frame's rows.

    A file that is sorted by nothing keeps the frame's order. A lone surrogate, which UTF-8 cannot hold, is
    written as its escape.
    """
    columns = {column.name: _Texts.of(frame[column.name], column.dtype) for column in file.columns}
    order = _order(columns, file) if file.sorted_by else np.arange(len(frame))
    stream = BytesIO()
    stream.write(_lines([tuple(columns)]))
    for start in range(0, len(order), _ROWS_AT_ONCE):
        rows = order[start : start + _ROWS_AT_ONCE]
        stream.write(_lines(zip(*(column.take(rows) for column in columns.values()), strict=True)))
    return stream.getvalue()


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = "".join(f"{line}\n" for line in map(",".join, rows))
    return text.encode("utf-8", errors="backslashreplace")


def _quoted(text: str) -> str:
    """The text as a field (RFC 4180); once per different text, which spares `csv` most of its work."""
    needs_quotes = any(sign in text for sign in ',"\r\n')
    return '"{}"'.format(text.replace('"', '""')) if needs_quotes else text


def neutralised(texts: pd.Series[str]) -> pd.Series[str]:
    """The texts on one kind of line end, with `'` before any that a spreadsheet would take for a formula.

    Source: OWASP, "CSV Injection" (2025), with the full-width signs it names.
    """
    lines = texts.str.replace("\r\n", "\n", regex=False).str.replace("\r", "\n", regex=False)
    return lines.mask(lines.str.startswith(FORMULA_STARTS).fillna(value=False).astype(bool), "'" + lines)


def as_was(texts: pd.Series[str]) -> pd.Series[str]:
    """The texts as they were before `neutralised` put its sign before them; line ends stay as they are."""
    signs = tuple(f"'{start}" for start in FORMULA_STARTS)
    return texts.mask(texts.str.startswith(signs).fillna(value=False).astype(bool), texts.str[1:])


@dataclass(frozen=True, kw_only=True)
class _Texts:
    """One column: every different text, and as a field, once, the absent one ("") last, and each row's."""

    places: npt.NDArray[np.intp]
    different: npt.NDArray[np.object_]
    fields: npt.NDArray[np.object_]

    @classmethod
    def of(cls, column: pd.Series, dtype: str) -> _Texts:
        places, values = pd.factorize(column)
        texts = _written(pd.Series(values), dtype).astype(object).to_numpy()
        fields = [_quoted(text) for text in texts]
        return cls(
            places=places, different=np.array([*texts, ""], object), fields=np.array([*fields, ""], object)
        )

    def take(self, rows: npt.NDArray[np.intp]) -> list[str]:
        """The fields of these rows."""
        fields: list[str] = self.fields[self.places[rows]].tolist()
        return fields

    def ranks(self, *, any_case: bool = False) -> npt.NDArray[np.intp]:
        """Per row the rank of its text among the different ones."""
        keys = [text.lower() for text in self.different] if any_case else list(self.different)
        rank = {key: number for number, key in enumerate(sorted(set(keys)))}
        return np.array([rank[key] for key in keys], dtype=np.intp)[self.places]


def _written(values: pd.Series, dtype: str) -> pd.Series[str]:
    if dtype == BOOLEAN:
        return values.astype("string").str.lower()
    if dtype == DECIMAL:
        return scored.score_texts(values)
    texts = values.astype("string")
    return neutralised(texts) if dtype == STRING else texts


def _order(columns: Mapping[str, _Texts], file: ReportFile) -> npt.NDArray[np.intp]:
    """By the file's columns regardless of case, then by every column, so that no tie is left."""
    keys = [columns[name].ranks(any_case=True) for name in file.sorted_by]
    order = np.lexsort(keys[::-1])
    is_tied = np.logical_and.reduce([key[order][1:] == key[order][:-1] for key in keys])
    if is_tied.any():
        keys += [column.ranks() for column in columns.values()]
        order = np.lexsort(keys[::-1])
    return order
