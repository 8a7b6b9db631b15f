"""The schema of the CSV files as a Frictionless Data Package and as a documentation page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from checks.contract.tables import BOOLEAN, INTEGER, STRING
from reports.tables.columns import ALL_FINDINGS, DECIMAL, FINDINGS, REPORT_FILES, SCHEMA_VERSION, ReportFile

_FRICTIONLESS = {STRING: "string", BOOLEAN: "boolean", INTEGER: "integer", DECIMAL: "number"}

NOT_LISTED = "notListed"
"""The member of a resource that counts its missing findings by status."""


def data_package(not_listed: Mapping[str, Mapping[str, int]]) -> str:
    """Return the schema as a Frictionless Data Package: JSON text, ending in a line feed.

    `not_listed` counts by status, for the name of a file, the findings that the file lacks.
    """
    package: Mapping[str, object] = {
        "name": "azml-audit-report",
        "title": "Findings of azml-audit and the facts behind them",
        "version": SCHEMA_VERSION,
        "resources": [
            *(_resource(file, not_listed.get(file.name)) for file in REPORT_FILES),
            _all_findings(),
        ],
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _resource(file: ReportFile, not_listed: Mapping[str, int] | None) -> Mapping[str, object]:
    missing = _missing(not_listed) if not_listed else ""
    return {
        "name": file.name.replace("_", "-"),
        "path": file.path,
        "description": f"Each row is {file.row}; {_order(file)}.{missing}",
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "dialect": {"lineTerminator": "\n"},
        **({} if not_listed is None else {NOT_LISTED: dict(not_listed)}),
        "schema": {**_fields(file), "missingValues": [""]},
    }


def _missing(not_listed: Mapping[str, int]) -> str:
    counts = ", ".join(f"{count:,} {status}" for status, count in not_listed.items())
    return f" Not listed: {counts}. These findings were judged: scores.csv counts them, and {ALL_FINDINGS} has them."


def _all_findings() -> Mapping[str, object]:
    return {
        "name": "all-findings",
        "path": ALL_FINDINGS,
        "description": f"Each row is {FINDINGS.row}. No finding is left out.",
        "profile": "data-resource",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        NOT_LISTED: {},
        "schema": _fields(FINDINGS),
    }


def _fields(file: ReportFile) -> Mapping[str, object]:
    return {
        "fields": [
            {"name": column.name, "type": _FRICTIONLESS[column.dtype], "description": column.meaning}
            for column in file.columns
        ]
    }


def markdown() -> str:
    """Return the schema as Markdown, one section for each file."""
    package = (
        f"CSV schema version {SCHEMA_VERSION}. Every report also has `{ALL_FINDINGS}`, whatever its formats: all "
        "findings in the columns of `findings.csv`, without statistics. Texts are as Azure spells them, without the "
        "`'` before a text that a spreadsheet would run.\n"
    )
    return "\n".join([package, *sections(REPORT_FILES)])


def sections(files: Iterable[ReportFile]) -> list[str]:
    """Return a Markdown section for each file: what a row is, and its columns."""
    return [_section(file) for file in files]


def _order(file: ReportFile) -> str:
    return f"sorted by {', '.join(file.sorted_by)}" if file.sorted_by else "the most important first"


def _section(file: ReportFile) -> str:
    lines = [f"## {file.path}\n", f"Each row is {file.row}; {_order(file)}.\n"]
    lines += [f"{file.note}\n"] if file.note else []
    lines += ["| column | type | meaning |", "| --- | --- | --- |"]
    lines += [
        f"| `{column.name}` | {_FRICTIONLESS[column.dtype]} | {column.meaning} |" for column in file.columns
    ]
    return "\n".join(lines) + "\n"
