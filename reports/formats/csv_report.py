"""Write the CSV files of a report and the `datapackage.json` that describes them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.audit import Audit
from reports.tables.columns import REPORT_FILES, ReportFile
from reports.tables.csv_text import as_csv
from reports.tables.data_package import data_package
from reports.tables.policies import policy_table, score_table, waiver_table
from reports.tables.violations import violation_table
from reports.tables.workspaces import with_workspaces, workspace_table
from reports.writing.encoding import Files


def files(audit: Audit) -> Files:
    """Return every CSV file and `datapackage.json`, by name in the report's folder."""
    listed = {file.path: _chunks(audit, file) for file in REPORT_FILES}
    return {**listed, "datapackage.json": [data_package().encode()]}


def _chunks(audit: Audit, file: ReportFile) -> Iterator[bytes]:
    # A generator, so that the table is built only when the file is written.
    yield from as_csv(published_table(audit, file.name), file)


def published_table(audit: Audit, name: str) -> pd.DataFrame:
    """Return the table behind the file of `REPORT_FILES` with that name. It may have more columns than the file."""
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
