"""Read an audit back from its report: from a folder, an evidence bundle, or an audit in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from checks.contract.tables import BOOLEAN, STRING
from checks.drift.model import Snapshot
from checks.frames import pd
from checks.policy.score import COUNTS
from checks.vocabulary import Vocabulary
from reports.audit import Audit
from reports.formats import csv_report
from reports.tables import columns
from reports.tables.columns import ReportFile
from reports.tables.csv_text import as_was, row_order
from reports.writing.lines import harmless
from reports.writing.places import hint
from reports.writing.swapping import current
from scanner.errors import SnapshotError
from scanner.evidence.opening import content, is_bundle
from scanner.evidence.replaying import sealed

_NEEDED = (columns.FINDINGS, columns.WORKSPACES, columns.OUTBOUND_RULES, columns.SUBSCRIPTIONS, columns.GAPS)
_ADDED_FILES = (columns.POLICIES, columns.WAIVERS, columns.LEFT_OUT)
_ADDED = {
    "findings": ("followed_by",),
    "policies": ("root_digest",),
    "subscriptions": ("quota_id", "left_out_by", "workspaces_left_out"),
    "workspaces": ("left_out_by", "tenant_id"),
}
"""The columns that came with a minor version of the schema, by file: an older report of this version lacks them."""
_FOLDERS = ("", "tables/")
"""The folders with CSV files: the top of a report, and the tables of a bundle."""

Opener = Callable[[str], bytes | None]
"""Returns the content of a file by its name, or None if there is no such file."""


def snapshot(path: Path) -> Snapshot:
    """Read the report folder or evidence bundle (folder or zip file) at `path`.

    The files of a bundle are compared with its manifest, but not derived again from the payloads; that is
    the task of `azml-audit verify`. Raises SnapshotError if the path is neither, or if a file does not match
    its schema, and EvidenceError for an altered bundle or another zip file.
    """
    place = current(path)
    if not place.exists():
        raise SnapshotError(f"{path}: no such file or folder. {_WANTED}")
    if place.is_dir() and not is_bundle(place):
        return _snapshot(str(path), lambda name: _file_content(place / name))
    bundle = sealed(place).bundle
    names = set(bundle.names())
    return _snapshot(str(path), lambda name: content(bundle, name) if name in names else None)


def snapshot_of(audit: Audit, name: str) -> Snapshot:
    """Return the audit as the files of its report describe it, to compare it with one that was read."""
    files = {**csv_report.files(audit), **csv_report.all_findings(audit)}
    return _snapshot(name, lambda path: b"".join(files[path]) if path in files else None)


_WANTED = "Name a report folder with CSV files (`--format csv`), or an evidence bundle."


def _snapshot(name: str, opener: Opener) -> Snapshot:
    others = {file.name: _frame(name, file, opener) for file in _NEEDED if file is not columns.FINDINGS}
    needed = {columns.FINDINGS.name: _findings(name, opener), **others}
    missing = [file.path for file in _NEEDED if needed[file.name] is None]
    if missing:
        raise SnapshotError(
            f"{name} is neither a report nor an evidence bundle: it has no {missing[0]}. {_WANTED}"
        )
    frames = {key: frame for key, frame in needed.items() if frame is not None}
    _check_complete(name, frames[columns.FINDINGS.name], opener)
    optional = {file.name: _frame(name, file, opener) for file in _ADDED_FILES}
    return Snapshot(
        name=name,
        policies=optional["policies"],
        waivers=optional["waivers"],
        left_out=optional["left_out"],
        **frames,
    )


def _findings(name: str, opener: Opener) -> pd.DataFrame | None:
    """Read all findings: from `findings.parquet`, or from the CSV file of a report that is older than that file."""
    parquet = opener(columns.ALL_FINDINGS)
    if parquet is None:
        return _frame(name, columns.FINDINGS, opener)
    return _from_parquet(f"{name}/{columns.ALL_FINDINGS}", parquet)


def _check_complete(name: str, findings: pd.DataFrame, opener: Opener) -> None:
    """Raise SnapshotError if `scores.csv` counts more findings than were read: the others would look unjudged."""
    scores = opener(columns.SCORES.path)
    if scores is None or opener(columns.ALL_FINDINGS) is not None:
        return
    missing = _counted(f"{name}/{columns.SCORES.path}", scores) - len(findings)
    if missing > 0:
        raise SnapshotError(
            f"{name} has no {columns.ALL_FINDINGS}, and its findings.csv leaves out {missing:,} judged findings. "
            f"Name a folder with {columns.ALL_FINDINGS}, or write the report again with `--include not-applicable` and "
            "without `--statuses`."
        )


def _counted(place: str, scores: bytes) -> int:
    """Return the number of findings of all policies. An older report has fewer counts."""
    read = _csv(place, scores)
    counts = (
        read.loc[read["scope"].eq("policy"), read.columns.isin(COUNTS)]
        if "scope" in read
        else read.iloc[:0, :0]
    )
    return int(counts.apply(pd.to_numeric, errors="coerce").fillna(0).to_numpy().sum())


def _from_parquet(place: str, content: bytes) -> pd.DataFrame:
    """Return the findings with the same texts that the CSV file of an older report would give."""
    names = [column.name for column in columns.FINDINGS.columns]
    try:
        had = set(pq.read_schema(io.BytesIO(content)).names).intersection(names)
        read = pq.read_table(io.BytesIO(content), columns=[*had], read_dictionary=[*had])
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SnapshotError(f"{place} is not a Parquet file of a report: {error}.") from error
    added = _ADDED["findings"]
    missing = [name for name in names if name not in (*read.column_names, *added)]
    if missing:
        raise SnapshotError(f"{place} has no column {missing[0]}: azml-audit did not write it.")
    frame = read.to_pandas().reindex(columns=names)
    found = pd.DataFrame({name: _harmless(frame[name]) for name in names})
    return found.iloc[row_order(found, columns.FINDINGS)].reset_index(drop=True)


def _harmless(column: pd.Series) -> pd.Series[str]:
    """Return the column as strings, each different text made harmless once; "" and a missing value are one."""
    texts = Vocabulary.of(column).changed(harmless)
    return pd.Series(texts.expanded, index=column.index, dtype="string").replace("", pd.NA)


def _file_content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise SnapshotError(f"Could not read {path}: {error.strerror}. {hint(error)}") from error


def _frame(name: str, file: ReportFile, opener: Opener) -> pd.DataFrame | None:
    """Read the published columns of a file with their dtypes; None if there is no such file."""
    for folder in _FOLDERS:
        content = opener(f"{folder}{file.path}")
        if content is not None:
            return _parsed(f"{name}/{folder}{file.path}", content, file)
    return None


def _parsed(place: str, content: bytes, file: ReportFile) -> pd.DataFrame:
    names = [column.name for column in file.columns]
    read = _csv(place, content)
    for name in _ADDED.get(file.name, ()):
        if name not in read.columns:
            read[name] = None
    missing = [column for column in names if column not in read.columns]
    if missing:
        raise SnapshotError(
            f"{place} has no column {missing[0]}: azml-audit did not write it, or wrote another CSV schema "
            f"than 2.x or {columns.SCHEMA_VERSION.partition('.')[0]}.x."
        )
    return pd.DataFrame({each.name: _column(place, read[each.name], each.dtype) for each in file.columns})


def _csv(place: str, content: bytes) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.BytesIO(content), dtype=object, keep_default_na=False, na_values=[""], encoding="utf-8"
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise SnapshotError(f"{place} is not a CSV file of a report: {error}.") from error


def _column(place: str, column: pd.Series, dtype: str) -> pd.Series:
    """Return the column with its dtype. Each distinct text is converted once, at its first row."""
    distinct = column.drop_duplicates().dropna()
    typed = _typed(place, distinct.astype("string"), dtype)
    return typed.set_axis(distinct, axis="index").reindex(column).set_axis(column.index)


def _typed(place: str, column: pd.Series[str], dtype: str) -> pd.Series:
    if dtype == STRING:
        return as_was(column)
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
