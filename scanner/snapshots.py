"""Reads an audit back from its report: from a folder, a bundle, or the files of a report in the making."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from checks.contract.tables import BOOLEAN, STRING
from checks.drift.comparison import Snapshot
from reports.audit import Audit
from reports.formats import csv_files
from reports.tables import columns
from reports.tables.columns import ReportFile
from scanner.errors import SnapshotError
from scanner.evidence.opening import content, is_bundle
from scanner.evidence.replaying import sealed

_NEEDED = (columns.FINDINGS, columns.WORKSPACES, columns.OUTBOUND_RULES, columns.SUBSCRIPTIONS, columns.GAPS)
_SINCE_1_2 = (columns.POLICIES, columns.WAIVERS)
_FOLDERS = ("", "tables/")
"""Where the CSV files lie: a report has them at its top, a bundle its tables in a folder."""

Opener = Callable[[str], bytes | None]
"""The content of a file by its name, None where there is none."""


def snapshot(path: Path) -> Snapshot:
    """The audit whose report folder or evidence bundle, a folder or a zip file, is at `path`.

    The files of a bundle are compared with its manifest; that they follow from the payloads is for
    `azml-audit verify` to say. Raises SnapshotError where the path holds neither, or a file that is not as
    its schema says, and EvidenceError for an altered bundle and for a zip file that is none of ours.
    """
    if not path.exists():
        raise SnapshotError(f"{path}: there is no such file or folder. {_WANTED}")
    if path.is_dir() and not is_bundle(path):
        return _snapshot(str(path), lambda name: _file_content(path / name))
    bundle = sealed(path).bundle
    names = set(bundle.names())
    return _snapshot(str(path), lambda name: content(bundle, name) if name in names else None)


def snapshot_of(audit: Audit, name: str) -> Snapshot:
    """The audit itself, as its files will tell it, so that it can be compared with one read from files."""
    files = csv_files.files(audit)
    return _snapshot(name, lambda path: b"".join(files[path]) if path in files else None)


_WANTED = "Name the folder of a report, with its CSV files, or an evidence bundle."


def _snapshot(name: str, opener: Opener) -> Snapshot:
    needed = {file.name: _frame(name, file, opener) for file in _NEEDED}
    missing = [file.path for file in _NEEDED if needed[file.name] is None]
    if missing:
        raise SnapshotError(f"{name} is neither a report nor a bundle: it has no {missing[0]}. {_WANTED}")
    frames = {key: frame for key, frame in needed.items() if frame is not None}
    optional = {file.name: _frame(name, file, opener) for file in _SINCE_1_2}
    return Snapshot(name=name, policies=optional["policies"], waivers=optional["waivers"], **frames)


def _file_content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error}.") from error


def _frame(name: str, file: ReportFile, opener: Opener) -> pd.DataFrame | None:
    """The file's published columns with their dtypes; None where there is no such file."""
    for folder in _FOLDERS:
        content = opener(f"{folder}{file.path}")
        if content is not None:
            return _parsed(f"{name}/{folder}{file.path}", content, file)
    return None


def _parsed(place: str, content: bytes, file: ReportFile) -> pd.DataFrame:
    names = [column.name for column in file.columns]
    try:
        read = pd.read_csv(
            io.BytesIO(content), dtype=object, keep_default_na=False, na_values=[""], encoding="utf-8"
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise SnapshotError(f"{place} is no CSV file of ours: {error}.") from error
    missing = [column for column in names if column not in read.columns]
    if missing:
        raise SnapshotError(
            f"{place} has no column {missing[0]}: it was not written by azml-audit, or by one whose CSV "
            f"schema is not {columns.SCHEMA_VERSION.partition('.')[0]}.x."
        )
    return pd.DataFrame({each.name: _column(place, read[each.name], each.dtype) for each in file.columns})


def _column(place: str, column: pd.Series, dtype: str) -> pd.Series:
    """The column with its dtype; each different text is looked at once, at the first row that has it."""
    different = column.drop_duplicates().dropna()
    made = _typed(place, different.astype("string"), dtype)
    return made.set_axis(different, axis="index").reindex(column).set_axis(column.index)


def _typed(place: str, column: pd.Series[str], dtype: str) -> pd.Series:
    if dtype == STRING:
        return csv_files.as_was(column)
    wrong = ~(column.isin(["true", "false"]) if dtype == BOOLEAN else column.str.fullmatch(r"-?\d{1,18}"))
    wrong = wrong.fillna(value=False) & column.notna()
    if wrong.any():
        row = int(wrong.to_numpy(dtype=bool).argmax())
        wanted = "true or false" if dtype == BOOLEAN else "a whole number"
        where = f"{place}, row {column.index[row] + 1}"
        raise SnapshotError(f"{where}: {column.name} is {column.iloc[row]!r}, not {wanted}.")
    if dtype == BOOLEAN:
        return column.eq("true").astype("boolean")
    return pd.to_numeric(column).astype("Int64")
