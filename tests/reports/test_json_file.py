"""`report.json`, held against its published schema by jsonschema, and against the frames it is made of."""

from __future__ import annotations

import copy
import json
from io import StringIO
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from checks.contract.tables import SCHEMAS
from checks.engine.finding_ids import finding_ids
from reports.formats.json_schema import report_schema
from scanner.commands.schema import show_report_schema
from tests.support.audits.formats import count, document, rich_audit

SCHEMA = report_schema()
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def broken(*path: Any, value: Any) -> list[str]:
    """What the schema says of the plain report's document with one value exchanged."""
    changed = copy.deepcopy(document("report.json", "json", "plain"))
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return [error.message for error in VALIDATOR.iter_errors(changed)]


@pytest.mark.parametrize("audit", ["rich", "plain"])
def test_a_report_matches_the_schema(audit: str) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in VALIDATOR.iter_errors(document("report.json", "json", audit))] == []


def test_the_schema_refuses_what_is_not_such_a_report() -> None:
    assert broken("schema_version", value="3.0")
    assert broken("audit", "is_azure", value="true")
    assert broken("audit", "started_at", value="yesterday")
    assert broken("policies", 0, "verdict", value="waived")
    assert broken("findings", value=[{"check_id": "NET001"}])
    assert broken("tables", value={})
    assert broken("gaps", value=[{"gap_id": None}])


def test_the_schema_names_every_column_there_is() -> None:
    for name, schema in SCHEMAS.items():
        assert set(SCHEMA["$defs"][name]["properties"]) == set(schema.dtypes)


def test_the_command_prints_the_schema_as_json() -> None:
    out = StringIO()
    assert show_report_schema(Console(file=out, width=40)) == 0
    assert json.loads(out.getvalue()) == SCHEMA


def test_every_finding_of_every_policy_is_there_with_its_id() -> None:
    told, audit = document("report.json", "json")["findings"], rich_audit()
    assert [row["finding_id"] for row in told] == finding_ids(audit.findings).tolist()
    assert [row["policy"] for row in told] == audit.findings["policy"].tolist()
    waived = [row for row in told if row["verdict"] == "waived"]
    assert len(waived) == count(verdict="waived") > 0
    assert all(row["waiver"].startswith("Borne by <b>us</b>") for row in waived)
    assert {row["waiver"] for row in told if row["verdict"] != "waived"} == {None}


def test_tables_gaps_and_population_are_whole() -> None:
    told, tables = document("report.json", "json"), rich_audit().tables
    assert len(told["gaps"]) == told["population"]["gaps"] == len(tables.gaps) > 0
    assert {name: len(rows) for name, rows in told["tables"].items()} == {
        name: len(tables[name]) for name in SCHEMAS if name != "gaps"
    }
    known = {row["workspace_id"]: row["outbound_rules_known"] for row in told["tables"]["workspaces"]}
    assert set(known.values()) == {True, False}
    assert None in {row["public_network_access"] for row in told["tables"]["workspaces"]}


def test_expired_and_orphan_waivers_are_listed() -> None:
    (policy, _) = document("report.json", "json")["policies"]
    assert sum(policy["waived"].values()) == count(verdict="waived")
    assert len(policy["expired_waivers"]) == 1
    assert policy["crashed"] is True
