"""Tables in which, one after the other, every field that Azure fills is an attack."""

from __future__ import annotations

from functools import cache

import pandas as pd

from checks.contract.tables import SCHEMAS, STRING, Tables
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import Row, tenant

KEYS = frozenset({"workspace_id", "hub_resource_id"})
"""What ties tables together: attacked in `workspaces` rows of their own, and kept elsewhere."""


def fields() -> list[tuple[str, str]]:
    """Every column that holds text, as table and column."""
    return [
        (name, column.name)
        for name, schema in SCHEMAS.items()
        for column in schema.columns
        if column.dtype == STRING and not (column.name in KEYS and name != "workspaces")
    ]


def mark(table: str, column: str) -> str:
    """What names the field in its attack, and occurs nowhere else."""
    return f"{table}~{column}~"


@cache
def _usual() -> Tables:
    return with_inventory(tenant(2, rules=3))


def hostile_tables(attack: str) -> Tables:
    """For every field a row whose only oddity is that field: `attack` and the field's mark."""
    return Tables.of(**{name: _rows(name, attack) for name in SCHEMAS})


def _rows(table: str, attack: str) -> list[Row]:
    schema, frame = SCHEMAS[table], _usual()[table]
    usual: list[Row] = [
        {str(name): value for name, value in row.items() if not pd.isna(value)}
        for row in frame.astype(object).to_dict("records")
    ]
    workspace: Row = {"workspace_id": _usual().workspaces["workspace_id"].iloc[0]}
    base: Row = usual[0] if usual else workspace if "workspace_id" in schema.dtypes else {}
    attacked: list[Row] = [
        {
            **base,
            schema.id_column: f"{base.get(schema.id_column, '/x')}-{number}",
            column: f"{attack} {mark(table, column)}",
        }
        for number, (_, column) in enumerate(each for each in fields() if each[0] == table)
    ]
    return [*usual, *attacked]
