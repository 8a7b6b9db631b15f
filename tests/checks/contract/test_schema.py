from __future__ import annotations

import pandas as pd
import pytest

from checks.contract.tables import SCHEMAS, Tables, frame
from tests.support.tables.checks import connection, rule, workspace, workspace_id

TABLES = sorted(SCHEMAS)


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_has_every_column_with_its_dtype(table: str) -> None:
    empty = frame(table, [])
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == SCHEMAS[table].dtypes
    assert empty.index.name == "id"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_source_and_identity_columns_exist(table: str) -> None:
    schema = SCHEMAS[table]
    assert all(column.source.strip() for column in schema.columns)
    assert len(schema.dtypes) == len(schema.columns)
    assert set(schema.identity) <= set(schema.dtypes)
    assert schema.id_column in schema.identity


def test_rows_are_indexed_by_the_lower_cased_id_and_keep_the_spelling() -> None:
    one = frame("workspaces", [workspace("MixedCase")])
    assert list(one.index) == [workspace_id("MixedCase").lower()]
    assert list(one["workspace_id"]) == [workspace_id("MixedCase")]


def test_what_a_row_leaves_out_or_calls_none_is_not_reported() -> None:
    one = frame("workspaces", [workspace(isolation_mode=None)])
    assert one["isolation_mode"].isna().all()
    assert one["spark_ready"].isna().all()


def test_a_column_the_table_has_not_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="workspaces has no column colour"):
        frame("workspaces", [workspace(colour="blue")])


def test_an_id_that_occurs_twice_in_any_case_is_refused() -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        frame("workspaces", [workspace("a"), workspace("A")])


def test_a_table_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="no table cellars"):
        Tables.of(cellars=[])


def test_a_check_sees_identity_columns_and_what_it_reads_only() -> None:
    tables = Tables.of(
        workspaces=[workspace()],
        outbound_rules=[rule()],
        private_endpoint_connections=[connection("Approved")],
    )
    seen = tables.restricted_to(["workspaces.isolation_mode", "outbound_rules.type"])
    assert set(seen.workspaces.columns) == {*SCHEMAS["workspaces"].identity, "isolation_mode"}
    assert set(seen.outbound_rules.columns) == {*SCHEMAS["outbound_rules"].identity, "type"}
    assert set(seen.private_endpoint_connections.columns) == set(
        SCHEMAS["private_endpoint_connections"].identity
    )


def test_exchanging_a_frame_leaves_the_tables_it_came_from_alone() -> None:
    tables = Tables.of(workspaces=[workspace()])
    other = tables.replaced(workspaces=frame("workspaces", []))
    assert len(tables.workspaces) == 1
    assert other.workspaces.empty
    pd.testing.assert_frame_equal(other.gaps, tables.gaps)
