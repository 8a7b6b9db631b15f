"""The CSV files of a report, as `reports.columns` publishes them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from checks.schema import BOOLEAN, SCHEMAS, STRING
from reports import described, policy_frames, scored
from reports.audit import Audit
from reports.columns import DECIMAL, FILES, ReportFile, data_package

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula."""


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
    columns = {column.name: _texts(frame[column.name], column.dtype) for column in file.columns}
    texts = pd.DataFrame(columns).reset_index(drop=True)
    ordered = texts.loc[_order(texts, file)] if file.sorted_by else texts
    text: str = ordered.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8", errors="backslashreplace")


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


def _texts(column: pd.Series, dtype: str) -> pd.Series[str]:
    if dtype == BOOLEAN:
        return column.astype("string").str.lower()
    if dtype == DECIMAL:
        return scored.score_texts(column)
    texts = column.astype("string")
    return neutralised(texts) if dtype == STRING else texts


def _order(texts: pd.DataFrame, file: ReportFile) -> pd.Index:
    """By the file's columns regardless of case, then by every column, so that no tie is left."""
    keys = {f"{name}, any case": texts[name].str.lower() for name in file.sorted_by}
    return texts.assign(**keys).fillna("").sort_values([*keys, *texts.columns]).index
