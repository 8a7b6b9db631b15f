"""Write a drift as `drift.json` and as a CSV file for each kind of change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from checks.contract.tables import BOOLEAN
from checks.drift.findings import FINDING_CHANGES
from checks.drift.model import Drift, Snapshot, texts
from reports.drift.columns import DRIFT_FILES, DRIFT_SCHEMA_VERSION
from reports.tables.columns import ReportFile
from reports.tables.csv_text import as_csv
from reports.writing.encoding import Files, chunks, escaped

JSON_NAME = "drift.json"
FORMAT = "azml-audit-drift"

_TEXTS = ("tool_version", "source", "started_at", "finished_at")
_COUNTS = ("subscriptions", "subscriptions_read", "workspaces", "outbound_rules", "findings", "gaps")
"""The attributes of a `Snapshot` that are counted."""

Schema = dict[str, Any]


def frames(drift: Drift) -> Mapping[str, pd.DataFrame]:
    """Return each frame by the name of its file, the most important first."""
    return {
        "drift_findings": drift.findings,
        "drift_rules": drift.rules,
        "drift_reach": drift.reach,
        "drift_workspaces": drift.workspaces,
        "drift_waivers": drift.waivers,
    }


def csv(drift: Drift) -> Files:
    """Return the CSV files by name. The most important rows come first."""
    of_file = frames(drift)
    return {file.path: as_csv(of_file[file.name], file) for file in DRIFT_FILES}


def as_json(drift: Drift) -> Files:
    """Return the JSON file, as `schema` describes it."""
    return {JSON_NAME: chunks(_pieces(drift), escaped)}


def _pieces(drift: Drift) -> Iterator[str]:
    yield from json.JSONEncoder(indent=2, ensure_ascii=False, allow_nan=False).iterencode(document(drift))
    yield "\n"


def beside(drift: Drift, formats: Iterable[str]) -> Files:
    """Return the drift files for a report in these formats. The page of the report shows the drift itself."""
    names = set(formats)
    return {**(csv(drift) if "csv" in names else {}), **(as_json(drift) if "json" in names else {})}


def document(drift: Drift) -> dict[str, Any]:
    """Return the drift as a JSON document."""
    return {
        "format": FORMAT,
        "schema_version": DRIFT_SCHEMA_VERSION,
        "old": side(drift.old),
        "new": side(drift.new),
        "notes": list(drift.notes),
        "summary": {
            "regressions": drift.regressions,
            "openings": drift.openings,
            "newly_unknown": drift.newly_unknown,
            "findings": dict(drift.finding_counts),
        },
        **{name.removeprefix("drift_"): list(_rows(frame)) for name, frame in frames(drift).items()},
    }


def side(snapshot: Snapshot) -> dict[str, Any]:
    """Return the origin, time, version and counts of one audit; None for a value its files do not have."""
    is_azure = snapshot.of_audit("is_azure").lower()
    return {
        "name": snapshot.name,
        **{name: snapshot.of_audit(name) or None for name in _TEXTS},
        "is_azure": is_azure == "true" if is_azure else None,
        "policies": sorted(snapshot.of_policies("policy")),
        **{name: len(getattr(snapshot, name)) for name in _COUNTS},
    }


def _rows(frame: pd.DataFrame) -> Iterable[dict[str, Any]]:
    names = [str(name) for name in frame.columns]
    columns = [
        [bool(value) for value in frame[name]]
        if name == "is_regression"
        else [value or None for value in texts(frame[name])]
        for name in names
    ]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def schema() -> Schema:
    """Return the JSON Schema of `drift.json` (draft 2020-12)."""
    count: Schema = {"type": "integer", "minimum": 0}
    text: Schema = {"type": "string"}
    summary: dict[str, Schema] = {
        "regressions": {**count, "description": "violations that the older audit does not have"},
        "openings": {
            **count,
            "description": "rules, denials, hubs and modes that allow more than in the older audit, without a waiver",
        },
        "newly_unknown": {**count, "description": "findings that were known before and are unknown now"},
        "findings": _object(dict.fromkeys(FINDING_CHANGES, count)),
    }
    properties: dict[str, Schema] = {
        "format": {"const": FORMAT},
        "schema_version": {"const": DRIFT_SCHEMA_VERSION},
        "old": {"$ref": "#/$defs/side"},
        "new": {"$ref": "#/$defs/side"},
        "notes": {
            "type": "array",
            "items": text,
            "description": "why the two audits cannot be compared completely",
        },
        "summary": _object(summary),
        **{
            file.name.removeprefix("drift_"): {
                "type": "array",
                "items": {"$ref": f"#/$defs/{file.name}"},
                "description": f"each is {file.row}",
            }
            for file in DRIFT_FILES
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"azml-audit drift, version {DRIFT_SCHEMA_VERSION}",
        **_object(properties),
        "$defs": {"side": _side_schema(), **{file.name: _row_schema(file) for file in DRIFT_FILES}},
    }


def _side_schema() -> Schema:
    properties: dict[str, Schema] = {
        "name": {"type": "string", "description": "the path or description of the audit"},
        **{name: {"type": ["string", "null"]} for name in _TEXTS},
        "is_azure": {"type": ["boolean", "null"]},
        "policies": {"type": "array", "items": {"type": "string"}},
        **{name: {"type": "integer", "minimum": 0} for name in _COUNTS},
    }
    return _object(properties)


def _row_schema(file: ReportFile) -> Schema:
    return _object(
        {
            column.name: {
                "type": "boolean" if column.dtype == BOOLEAN else ["string", "null"],
                "description": column.meaning,
            }
            for column in file.columns
        }
    )


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
