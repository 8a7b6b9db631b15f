"""The published JSON Schema of `report.json`, built from the schemas of the tables and the CSV files.

The second number of `JSON_SCHEMA_VERSION` grows when a member is added, the first when one is renamed,
removed or changes its meaning. A reader should ignore members that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from checks.contract.tables import BOOLEAN, INTEGER, SCHEMAS, STRING
from checks.model import Status
from checks.policy.model import UnknownCounts
from checks.severity import Verdict
from reports.statuses import SEVERITY_ORDER
from reports.tables.columns import DECIMAL, FINDINGS, SCORES, WAIVERS
from reports.tables.finding_rows import FindingRow

FORMAT = "azml-audit-report"
JSON_SCHEMA_VERSION = "2.3"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

NULLABLE = frozenset({
    "resource_id", "workspace_id", "workspace", "subscription_id", "subscription", "resource_group",
    "location", "waiver",
})  # fmt: skip
"""The fields of a finding that are null if they were not reported, or if there is no waiver."""

FIX_TEXTS = ("summary", "caution", "az", "bicep", "terraform")

Schema = dict[str, Any]

_TYPES = {STRING: "string", BOOLEAN: "boolean", INTEGER: "integer", DECIMAL: "number"}
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_MOMENT: Schema = {"type": "string", "format": "date-time", "pattern": "Z$"}
_UUID5 = "^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def report_schema() -> Schema:
    """Return the schema of the document (draft 2020-12)."""
    document = _object(
        "One audit with its tables, findings and verdicts.",
        format={"const": FORMAT},
        schema_version={"const": JSON_SCHEMA_VERSION},
        audit={"$ref": "#/$defs/Audit"},
        population={"$ref": "#/$defs/Population"},
        gaps=_list(
            "The gaps: everything that could not be read. Empty only if the audit is complete.", "gaps"
        ),
        policies=_list("The judgement of each policy, in the order in which they were named.", "Policy"),
        waivers=_list("Every waiver of every policy, also if it matches nothing.", "Waiver"),
        scores=_list("Counts and scores of each policy, subscription and workspace.", "Score"),
        checks=_list("The checks of all policies, by id.", "Check"),
        not_listed=_object(
            "The findings that `--statuses` leaves out of this file, by status. findings.parquet has them.",
            **{each.value: _COUNT for each in Status},
        ),
        findings=_list("The finding of one check for one resource, under one policy.", "Finding"),
        tables=_object(
            "The tables as they were read, a row for each resource. null means not reported.",
            **{name: _list(f"Each is {SCHEMAS[name].row}.", name) for name in SCHEMAS if name != "gaps"},
        ),
    )
    return {
        "$schema": DIALECT,
        "title": f"azml-audit report, version {JSON_SCHEMA_VERSION}",
        **document,
        "$defs": dict(sorted(_definitions().items())),
    }


def _definitions() -> dict[str, Schema]:
    return {
        **{name: _object(f"Each is {schema.row}.", **_of_table(name)) for name, schema in SCHEMAS.items()},
        "Audit": _audit(),
        "Population": _population(),
        "Policy": policy_schema(),
        "Check": check_schema(),
        "Finding": _finding(),
        "Waiver": _object(f"Each is {WAIVERS.row}.", **_of_columns(WAIVERS.columns)),
        "Score": _object(f"Each is {SCORES.row}.", **_of_columns(SCORES.columns)),
    }


def _object(about: str, /, **properties: Schema) -> Schema:
    """Return an object with all of these members. A later version may add more."""
    return {"type": "object", "description": about, "properties": properties, "required": list(properties)}


def _list(description: str, definition: str) -> Schema:
    return {"type": "array", "description": description, "items": {"$ref": f"#/$defs/{definition}"}}


def _of_table(table: str) -> dict[str, Schema]:
    schema = SCHEMAS[table]
    properties = _of_columns(schema.columns, meaning="source")
    properties[schema.id_column]["type"] = "string"
    return properties


def _of_columns(columns: Iterable[Any], *, meaning: str = "meaning") -> dict[str, Schema]:
    return {
        column.name: {"type": [_TYPES[column.dtype], "null"], "description": getattr(column, meaning)}
        for column in columns
    }


def _audit() -> Schema:
    return _object(
        "The source and the time of the audit.",
        tool_version=_TEXT,
        source=_TEXT | {"description": "where the facts come from, in words"},
        is_azure={"type": "boolean", "description": "false for the emulator and for any other server"},
        is_complete={"type": "boolean", "description": "whether there is no gap"},
        started_at=_MOMENT,
        finished_at=_MOMENT,
        root_digest={
            "type": ["string", "null"],
            "description": "the root digest of the evidence bundle of the audit, null if there is none",
        },
    )


def _population() -> Schema:
    subscriptions = ("subscriptions", "subscriptions_read", "subscriptions_unread", "subscriptions_left_out")
    workspaces = ("workspaces", "workspaces_left_out", "outbound_rules", "private_endpoint_connections")
    return _object(
        "The counts of what was in scope and read, and of what a rule of the scope leaves out.",
        **{name: dict(_COUNT) for name in (*subscriptions, *workspaces, "gaps")},
    )


def policy_schema() -> Schema:
    """Return the schema of a policy. Its members are attributes of `PolicyVerdict`."""
    words = {"type": "array", "items": _TEXT}
    by_severity = _object("By severity.", **dict.fromkeys(SEVERITY_ORDER, _COUNT))
    return _object(
        "The judgement of one policy.",
        policy=_TEXT,
        description=_TEXT,
        digest={
            "type": ["string", "null"],
            "description": "SHA-256 of its checks, overrides, fail_on and unknown",
        },
        verdict={"enum": [each.value for each in Verdict if each is not Verdict.WAIVED]},
        score={"type": ["number", "null"], "minimum": 0, "maximum": 100},
        fail_on={"enum": list(SEVERITY_ORDER)},
        unknown={"enum": [each.value for each in UnknownCounts]},
        crashed={"type": "boolean", "description": "whether any of its checks crashed"},
        checks=words,
        statuses=_object("Findings by status.", **{each.value: _COUNT for each in Status}),
        violated=by_severity | {"description": "Violated findings by severity, without waived ones."},
        waived=by_severity | {"description": "Waived findings by severity."},
        undecided=_COUNT
        | {"description": "Unknown and crashed findings, without waived ones and consequences."},
        consequences=_COUNT | {"description": "Findings that follow from another one."},
        inheriting=_COUNT | {"description": "Projects that inherit a finding of their hub."},
        headlines=words,
        expired_waivers=words,
        orphan_waivers=words,
        unread_groups=words,
    )


def check_schema() -> Schema:
    """Return the schema of a check. Its members except `check_id` are attributes of `Check`."""
    fix = _object(
        "The fix; {{name}} is replaced by a whole literal of the dialect.", **dict.fromkeys(FIX_TEXTS, _TEXT)
    )
    return _object(
        "A check: its question, rationale and fix.",
        check_id={"type": "string", "pattern": "^[A-Z]{2,8}[0-9]{3}$"},
        title=_TEXT,
        family=_TEXT,
        severity={"enum": list(SEVERITY_ORDER), "description": "the default; a policy may change it"},
        over={"enum": list(SCHEMAS), "description": "the table with a finding for each row"},
        reads={"type": "array", "items": _TEXT},
        rationale=_TEXT,
        remediation=fix,
        controls={
            "type": "object",
            "description": "framework to controls",
            "additionalProperties": {"type": "array", "items": _TEXT},
        },
        references={"type": "array", "items": _TEXT},
    )


def _finding() -> Schema:
    meanings = {column.name: column.meaning for column in FINDINGS.columns}
    properties: dict[str, Schema] = {
        name: {
            "type": ["string", "null"] if name in NULLABLE else "string",
            "description": meanings.get(name, ""),
        }
        for name in FindingRow._fields
    }
    properties["finding_id"] = {
        "type": "string",
        "pattern": _UUID5,
        "description": "UUIDv5 of check and lower-cased resource id: the same in every run and policy",
    }
    properties["severity"] = {"enum": list(SEVERITY_ORDER), "description": meanings["severity"]}
    properties["status"] = {"enum": [each.value for each in Status], "description": meanings["status"]}
    properties["verdict"] = {"enum": [each.value for each in Verdict], "description": meanings["verdict"]}
    return _object("The finding of one check for one resource, under one policy.", **properties)
