"""The schema of the CSV files as a Frictionless Data Package and as a documentation page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from checks.contract.tables import BOOLEAN, INTEGER, STRING
from reports.tables.columns import DECIMAL, REPORT_FILES, SCHEMA_VERSION, ReportFile

_FRICTIONLESS = {STRING: "string", BOOLEAN: "boolean", INTEGER: "integer", DECIMAL: "number"}


def data_package() -> str:
    """Return the schema as a Frictionless Data Package: JSON text, ending in a line feed."""
    package: Mapping[str, object] = {
        "name": "azml-audit-report",
        "title": "Findings of azml-audit and the facts behind them",
        "version": SCHEMA_VERSION,
        "resources": [_resource(file) for file in REPORT_FILES],
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _resource(file: ReportFile) -> Mapping[str, object]:
    return {
        "name": file.name.replace("_", "-"),
        "path": file.path,
        "description": f"Each row is {file.row}; {_order(file)}.",
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "dialect": {"lineTerminator": "\n"},
        "schema": {
            "fields": [
                {"name": column.name, "type": _FRICTIONLESS[column.dtype], "description": column.meaning}
                for column in file.columns
            ],
            "missingValues": [""],
        },
    }


def markdown() -> str:
    """Return the schema as Markdown, one section for each file."""
    return "\n".join([f"CSV schema version {SCHEMA_VERSION}.\n", *sections(REPORT_FILES)])


def sections(files: Iterable[ReportFile]) -> list[str]:
    """Return a Markdown section for each file: what a row is, and its columns."""
    return [_section(file) for file in files]


def _order(file: ReportFile) -> str:
    return f"sorted by {', '.join(file.sorted_by)}" if file.sorted_by else "the most important first"


def _section(file: ReportFile) -> str:
    lines = [f"## {file.path}\n", f"Each row is {file.row}; {_order(file)}.\n"]
    lines += ["| column | type | meaning |", "| --- | --- | --- |"]
    lines += [
        f"| `{column.name}` | {_FRICTIONLESS[column.dtype]} | {column.meaning} |" for column in file.columns
    ]
    return "\n".join(lines) + "\n"
