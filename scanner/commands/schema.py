"""`azml-audit schema`: print the JSON Schemas of reports."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rich.console import Console

from reports.drift.files import schema as drift_schema
from reports.formats.json_schema import report_schema
from scanner.evidence.statement import statement_schema
from scanner.terminal import print_lines


def show_report_schema(out: Console) -> int:
    """Print the JSON Schema of report.json."""
    return _show(report_schema(), out)


def show_drift_schema(out: Console) -> int:
    """Print the JSON Schema of drift.json."""
    return _show(drift_schema(), out)


def show_statement_schema(out: Console) -> int:
    """Print the JSON Schema of a bundle's statement.json."""
    return _show(statement_schema(), out)


def _show(schema: Mapping[str, object], out: Console) -> int:
    print_lines(out, json.dumps(schema, indent=2))
    return 0
