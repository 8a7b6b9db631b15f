"""Write the CSV files of a report and the `datapackage.json` that describes them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.audit import Audit
from reports.selection import APPLICABLE, OPEN
from reports.tables.columns import ALL_FINDINGS, FINDINGS, REPORT_FILES, VIOLATIONS, ReportFile
from reports.tables.csv_text import as_csv, row_order
from reports.tables.data_package import data_package
from reports.tables.parquet import as_parquet
from reports.tables.policies import policy_table, score_table, waiver_table
from reports.tables.violations import violation_table
from reports.tables.workspaces import with_workspaces, workspace_table
from reports.writing.encoding import Files


def files(audit: Audit) -> Files:
    """Return every CSV file and `datapackage.json`, by name in the report's folder."""
    tables = {file.path: _chunks(audit, file) for file in REPORT_FILES}
    missing = {FINDINGS.name: audit.not_listed(APPLICABLE), VIOLATIONS.name: _not_listed_violations(audit)}
    return {**tables, "datapackage.json": [data_package(missing).encode()]}


def _chunks(audit: Audit, file: ReportFile) -> Iterator[bytes]:
    # A generator, so that the table is built only when the file is written.
    if file is FINDINGS:
        yield from as_csv(with_workspaces(audit.listed(APPLICABLE), audit.tables), file)
    else:
        yield from as_csv(published_table(audit, file.name), file)


def _not_listed_violations(audit: Audit) -> dict[str, int]:
    return {status: count for status, count in audit.not_listed(OPEN).items() if status in OPEN}


def all_findings(audit: Audit) -> Files:
    """Return `findings.parquet`, which every report has: all findings, whatever the formats list."""
    return {ALL_FINDINGS: _parquet(audit)}


def _parquet(audit: Audit) -> Iterator[bytes]:
    table = published_table(audit, FINDINGS.name)
    yield from as_parquet(table, FINDINGS, row_order(table, FINDINGS))


def published_table(audit: Audit, name: str) -> pd.DataFrame:
    """Return the table behind the file of `REPORT_FILES` with that name. It may have more columns than the file.

    The table `findings` has all findings, whatever the file lists.
    """
    match name:
        case "workspaces":
            return workspace_table(audit.tables)
        case "findings":
            return with_workspaces(audit.findings, audit.tables)
        case "violations":
            return violation_table(audit)
        case "scores":
            return score_table(audit)
        case "policies":
            return policy_table(audit)
        case "waivers":
            return waiver_table(audit)
    return audit.tables[name]
