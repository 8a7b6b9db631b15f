"""The files of a bundle that follow from its payloads and policies: tables and findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from checks.contract.tables import SCHEMAS
from checks.frames import pd
from reports.audit import Audit
from reports.formats.csv_report import published_table
from reports.tables.columns import FILES, FINDINGS, ReportColumn, ReportFile
from reports.tables.csv_text import as_csv
from reports.tables.parquet import as_parquet
from scanner.evidence.pointers import evidence_of
from scanner.tables.provenance import Provenance

FOLDER = "tables/"
FINDINGS_FILE = replace(
    FINDINGS,
    columns=(
        *FINDINGS.columns,
        ReportColumn(
            name="evidence",
            meaning="references to payloads, joined by a space: an id, # and a JSON pointer into its body",
        ),
    ),
)
ROWS_FILE = ReportFile(
    name="provenance",
    row="a row of a table, or a list that was asked for, with the payloads that it comes from",
    sorted_by=("table", "id"),
    columns=(
        ReportColumn(name="table", meaning="the table; `list KIND` for a list"),
        ReportColumn(name="id", meaning="the row's lower-cased id; of a list, what it is of"),
        ReportColumn(name="evidence", meaning="references to payloads, as in findings"),
    ),
)


def derived(audit: Audit, provenance: Provenance) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield every derived file with its content in chunks, always in the same order."""
    published = {file.name: file for file in FILES if file.name != FINDINGS.name}
    for name in sorted({*SCHEMAS, *published}):
        whole = _as_the_schema(name) if name in SCHEMAS else published[name]
        table = audit.tables[name] if name in SCHEMAS else published_table(audit, name)
        shown = published_table(audit, name) if name in published else table
        yield f"{FOLDER}{name}.csv", as_csv(shown, published.get(name, whole))
        yield f"{FOLDER}{name}.parquet", as_parquet(table, whole)
    evidence = audit.evidence
    if evidence is None:
        evidence = evidence_of(audit.findings, audit.tables, provenance, audit.checks)
    findings = published_table(audit, FINDINGS.name).assign(evidence=evidence)
    yield "findings.csv", as_csv(findings, FINDINGS_FILE)
    yield "findings.parquet", as_parquet(findings, FINDINGS_FILE)
    yield "provenance.csv", as_csv(_rows(provenance), ROWS_FILE)


def _as_the_schema(name: str) -> ReportFile:
    """The whole of a table, every column of its schema."""
    schema = SCHEMAS[name]
    return ReportFile(
        name=name,
        row=schema.row,
        sorted_by=(schema.id_column,),
        columns=tuple(
            ReportColumn(name=column.name, dtype=column.dtype, meaning=column.source)
            for column in schema.columns
        ),
    )


def _rows(provenance: Provenance) -> pd.DataFrame:
    rows = [
        (table, key, " ".join(references))
        for table, table_rows in provenance.rows.items()
        for key, references in table_rows.items()
    ]
    rows += [
        (f"list {kind}", scope, " ".join(references))
        for (kind, scope), references in provenance.lists.items()
    ]
    return pd.DataFrame(rows, columns=["table", "id", "evidence"], dtype=object)
