"""A text of a finding names at most ten things and counts the others, however many a workspace has."""

from __future__ import annotations

import os

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.contract.names import named
from checks.contract.tables import SCHEMAS, Tables, frame
from checks.engine.asking import findings
from checks.registry import registry
from tests.support.tables.checks import connection, endpoint_rule, host_rule, isolated, workspace_id
from tests.support.tables.drawn import chosen, tables
from tests.support.worlds.networks import STORAGE, child

EXAMPLES = max(int(os.environ.get("AZML_AUDIT_EXAMPLES", "8")) // 4, 2)
CHECKS = list(registry().values())
TEXTS = ("observed", "expected", "reason")
COPIES = 25


@given(names=st.lists(st.text("abc", min_size=1), unique=True, max_size=30))
def test_names_and_the_count_of_the_others_add_up(names: list[str]) -> None:
    listed, _, more = named(names).partition(" and ")
    assert len([name for name in listed.split(", ") if name]) + int(more.split(" ")[0] or 0) == len(names)
    assert named(names[:10], len(names)) == named(names)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables=tables())
def test_a_text_names_at_most_ten_children(tables: Tables) -> None:
    few, many = (findings(each, map(chosen, CHECKS)) for each in (tables, with_copies(tables)))
    for name in TEXTS:
        copies = many[name].astype(str).str.findall(r"-copy\d+").map(lambda each: len(set(each)))
        assert copies.max() <= 10, many[name].iloc[int(copies.argmax())]
    more = longest_lists(many) - longest_lists(few)
    assert more.max() <= 10, more.idxmax()


def with_copies(tables: Tables) -> Tables:
    """The tables with every child of a workspace 25 times more, under other names."""
    names = [name for name in SCHEMAS if name not in ("subscriptions", "workspaces")]
    return tables.replaced(**{name: copied(name, tables[name]) for name in names})


def copied(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    schema = SCHEMAS[table]
    names = {schema.id_column, schema.resource_column, *schema.identity[2:3]}
    copies = [rows.assign(**{name: rows[name] + f"-copy{n}" for name in names}) for n in range(COPIES)]
    listed = pd.concat([rows, *copies]).astype(object).replace({pd.NA: None})
    return frame(table, (dict(zip(listed.columns, row, strict=True)) for row in listed.to_numpy()))


def longest_lists(found: pd.DataFrame) -> pd.Series:
    """How many commas the text with the most of them has, for each check."""
    counts = pd.concat([found[name].astype(str).str.count(", ") for name in TEXTS], axis=1).max(axis=1)
    return counts.groupby(found["check_id"].astype(str)).max()


@pytest.mark.parametrize("check_id", ["MVN004", "OBR010", "OBR012", "PEP001", "SEC004"])
def test_these_checks_count_what_they_do_not_name(check_id: str) -> None:
    setting = {**child("ws", "setting", "s"), "workspace_id": workspace_id()}
    one_of_each = Tables.of(
        workspaces=[isolated(spark_ready=False, diagnostic_settings_known=True)],
        outbound_rules=[
            host_rule("pypi.org", "a"),
            host_rule("*.pypi.org", "b"),
            host_rule("x.pypi.org", "c"),
            endpoint_rule(STORAGE, "blob", "d", spark_enabled=True),
        ],
        private_endpoint_connections=[connection("Pending")],
        diagnostic_settings=[{**setting, "enabled_logs": "audit", "sinks": "an archive"}],
    )
    found = findings(with_copies(one_of_each), [chosen(registry()[check_id])])
    texts = found["observed"].astype(str) + found["reason"].astype(str)
    assert texts.str.contains(r" and \d+ more").any(), list(texts)
