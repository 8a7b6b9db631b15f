"""A name from Azure or an export becomes one literal in every dialect, whatever it contains."""

from __future__ import annotations

import re
import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.model import Remediation
from reports.errors import ReportError
from reports.literals import (
    REPLACEMENT,
    az_literal,
    bicep_literal,
    is_plain,
    printable,
    require,
    terraform_literal,
)
from reports.page.fixes import Resources
from tests.support.audits.audits import CHECKS
from tests.support.audits.tenants import HOSTILE_NAMES, project_row, tenant, workspace_row

NASTY = st.text(alphabet="az'\"\\${}%;|&`!@-#\n\r\t\x00\x1b\u202e\u2028 é日", max_size=12)


@given(name=st.text() | NASTY)
def test_a_shell_reads_the_name_as_one_word(name: str) -> None:
    words = shlex.split(f"az --name {az_literal(name)} --query id")
    assert words == ["az", "--name", re.sub(r"^[-@]", REPLACEMENT, printable(name)), "--query", "id"]


@given(
    name=st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])).filter(
        lambda n: n[:1] not in "-@"
    )
)
def test_a_name_of_printable_characters_is_kept_as_it_is(name: str) -> None:
    assert shlex.split(az_literal(name)) == [name]


@given(name=st.text() | NASTY)
def test_nothing_a_terminal_obeys_is_left(name: str) -> None:
    assert not {unicodedata.category(char) for char in printable(name)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(name=st.text() | NASTY)
def test_bicep_reads_the_name_as_one_string(name: str) -> None:
    literal = bicep_literal(name)
    assert re.fullmatch(r"'(?:[^'\\$\n]|\\['\\]|\\\$\{|\$(?!\{))*'", literal)
    assert re.sub(r"\\(['\\$])", r"\1", literal[1:-1]) == printable(name)


@given(name=st.text() | NASTY)
def test_terraform_reads_the_name_as_one_string(name: str) -> None:
    literal = terraform_literal(name)
    assert re.fullmatch(r'"(?:[^"\\$%\n]|\\["\\]|\\u00(?:24|25)|\$\$\{|%%\{|[$%](?!\{))*"', literal)
    assert hcl_value(literal) == printable(name)


def hcl_value(literal: str) -> str:
    readings = {r"\"": '"', r"\\": "\\", r"\u0024": "$", r"\u0025": "%", "$${": "${", "%%{": "%{"}
    escape = re.compile(r'\\["\\]|\\u002[45]|\$\$\{|%%\{')
    return escape.sub(lambda found: readings[found[0]], literal[1:-1])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("${x}", '"$${x}"'), ("%{ if }", '"%%{ if }"'), ("$${x}", '"\\u0024$${x}"'), ('a"b\\', '"a\\"b\\\\"')],
)
def test_terraform_templates_are_escaped(name: str, expected: str) -> None:
    assert terraform_literal(name) == expected


def test_bicep_interpolation_is_escaped() -> None:
    assert bicep_literal("it's ${x}") == r"'it\'s \${x}'"


@pytest.mark.parametrize("name", ["--subscription=evil", "@/etc/passwd"])
def test_az_is_given_neither_an_option_nor_a_file(name: str) -> None:
    assert shlex.split(az_literal(name)) == [REPLACEMENT + name[1:]]


def test_an_unknown_placeholder_is_refused_by_name() -> None:
    with pytest.raises(ReportError, match=r"uses \{\{vault\}\}"):
        require(Remediation(summary="Fix it.", az="az {{vault}}"), {"workspace"})


def resource_values(tables: Tables, check_id: str, project_id: str, judged_by: str) -> dict[str, str]:
    check = next(check for check in CHECKS if check.id == check_id)
    names = ("workspace", "location", "resource_id")
    found = Resources(tables).values(
        check, names, resource_id=project_id, workspace_id=project_id, judged_by=judged_by
    )
    return dict(zip(names, found, strict=True))


def test_a_project_is_fixed_at_its_hub() -> None:
    hub = workspace_row(8)
    project = project_row(0, hub)
    tables = Tables.of(workspaces=[hub, project])
    found = resource_values(tables, "NET001", project["workspace_id"], hub["workspace_id"].lower())
    assert (found["workspace"], found["resource_id"]) == (hub["workspace"], hub["workspace_id"])


def test_a_rule_is_fixed_at_the_rule() -> None:
    tables = tenant(2)
    rule = tables.outbound_rules.iloc[0]
    check = next(check for check in CHECKS if check.id == "OBR001")
    name, workspace, resource_id = Resources(tables).values(
        check,
        ("rule", "workspace", "resource_id"),
        resource_id=rule["rule_id"],
        workspace_id=rule["workspace_id"],
        judged_by=rule["workspace_id"].lower(),
    )
    assert (name, resource_id) == (rule["rule"], rule["rule_id"])
    assert workspace in rule["workspace_id"]


def test_a_value_not_reported_is_a_name_in_angle_brackets_and_quoted() -> None:
    row = workspace_row(4)
    found = resource_values(
        Tables.of(workspaces=[row]), "NET001", row["workspace_id"], row["workspace_id"].lower()
    )
    assert found["location"] == "<location>"
    assert az_literal(found["location"]) == "'<location>'"


@pytest.mark.parametrize(("value", "expected"), [("mlw-fraud", True), ("/a/b.c_d", True), ("", False)])
def test_a_plain_value_is_the_same_in_every_dialect_but_for_its_quotes(value: str, expected: bool) -> None:
    assert is_plain(value) is expected


@pytest.mark.parametrize("value", [*HOSTILE_NAMES, "a b", "a'b", 'a"b', "a\\b", "${x}", "-x", "@x", "ü\n"])
def test_a_value_that_any_dialect_has_to_escape_is_not_plain(value: str) -> None:
    assert not is_plain(value)
