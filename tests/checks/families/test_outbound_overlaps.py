from __future__ import annotations

import pytest

from tests.support.tables.checks import (
    Row,
    asked,
    endpoint_rule,
    host_rule,
    isolated,
    statuses,
    tag_rule,
    workspace_id,
)

STORAGE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sa"


def answers(*rules: Row) -> list[str]:
    return statuses(asked("OBR010", [isolated()], rules=rules))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (host_rule("pypi.org", "a"), host_rule("PyPI.org.", "b")),
        (tag_rule("Sql", "a"), tag_rule("sql", "b")),
        (tag_rule("Sql", "a", port_ranges="80, 81"), tag_rule("Sql", "b", port_ranges="80-81")),
        (endpoint_rule(STORAGE, "blob", "a"), endpoint_rule(STORAGE.upper(), "Blob", "b")),
    ],
)
def test_obr010_of_two_rules_for_one_destination_the_first_is_kept(first: Row, second: Row) -> None:
    found = asked("OBR010", [isolated()], rules=[first, second])
    assert statuses(found) == ["pass", "fail"]
    assert "repeats a, so keep that one" in found["reason"][1]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (tag_rule("Sql.WestUS", "a"), tag_rule("Sql", "b")),
        (tag_rule("Sql", "a"), tag_rule("Internet", "b")),
        (tag_rule("Sql", "a", port_ranges="443"), tag_rule("Sql", "b", port_ranges="400-500")),
        (tag_rule("Sql", "a"), tag_rule("Sql", "b", protocol="*", port_ranges="*")),
        (
            tag_rule("X", "a", address_prefixes="20.1.2.3/32"),
            tag_rule("Y", "b", address_prefixes="20.1.2.0/24"),
        ),
        (
            tag_rule("X", "a", address_prefixes="20.1.2.3/32, 20.1.2.9"),
            tag_rule("Y", "b", address_prefixes="20.1.2.0/25, 20.1.9.0/24"),
        ),
        (host_rule("*.x.pypi.org", "a"), host_rule("*.pypi.org", "b")),
        (host_rule("files.pypi.org", "a"), host_rule("*pypi.org", "b")),
        (host_rule("files.pypi.org", "a"), host_rule("*", "b")),
        (endpoint_rule(STORAGE + "/", "blob", "a"), endpoint_rule(STORAGE, "blob", "b", spark_enabled=True)),
    ],
)
def test_obr010_a_rule_within_a_wider_one_fails_and_the_wider_one_passes(narrow: Row, wide: Row) -> None:
    found = asked("OBR010", [isolated()], rules=[narrow, wide])
    assert statuses(found) == ["fail", "pass"]
    assert "falls under b" in found["reason"][0]


@pytest.mark.parametrize("status", ["Failed", "Deleting"])
def test_obr010_a_rule_that_failed_or_is_being_deleted_is_no_twin(status: str) -> None:
    dying = host_rule("pypi.org", "b", status=status)
    assert answers(host_rule("pypi.org", "a", status="Active"), dying) == ["pass", "not-applicable"]


def test_obr010_a_text_names_ten_rules_and_counts_the_others() -> None:
    wide = [host_rule("*" + "abcdefghijklmnop"[n:] + ".org", f"w{n:02}") for n in range(13)]
    found = asked("OBR010", [isolated()], rules=[host_rule("abcdefghijklmnop.org", "a"), *wide])
    assert "and 3 more" in found["reason"][0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (host_rule("pypi.org", "a"), host_rule("*.pypi.org", "b")),
        (tag_rule("Sql", "a"), tag_rule("Sql", "b", protocol="UDP")),
        (tag_rule("Sql", "a"), tag_rule("Sql", "b", port_ranges="1433")),
        (tag_rule("Sql", "a"), tag_rule("Sql", "b", address_prefixes="20.1.2.3/32")),
        (tag_rule("Sql.WestUS", "a"), tag_rule("Sql.EastUS", "b")),
        (
            tag_rule("X", "a", address_prefixes="20.1.2.0/24"),
            tag_rule("Y", "b", address_prefixes="20.1.3.0/24"),
        ),
        (endpoint_rule(STORAGE, "blob", "a"), endpoint_rule(STORAGE, "file", "b")),
    ],
)
def test_obr010_rules_for_different_destinations_pass(first: Row, second: Row) -> None:
    assert answers(first, second) == ["pass", "pass"]


def test_obr010_a_host_under_a_wildcard_fails_and_the_wildcard_passes() -> None:
    found = asked("OBR010", [isolated()], rules=[host_rule("a.b.org", "a"), host_rule("*.b.org", "wide")])
    assert statuses(found) == ["fail", "pass"]
    assert "falls under wide" in found["reason"][0]


def test_obr010_a_rule_that_repeats_azures_own_fails_and_azures_own_is_not_judged() -> None:
    assert answers(tag_rule("Sql", "a"), tag_rule("Sql", "b", category="Required")) == [
        "fail",
        "not-applicable",
    ]


def test_obr010_a_denying_rule_repeats_nothing() -> None:
    assert answers(tag_rule("Sql", "a"), tag_rule("Sql", "b", action="Deny")) == ["pass", "not-applicable"]


def test_obr010_the_same_rule_in_two_workspaces_is_no_repetition() -> None:
    there = {
        **host_rule("pypi.org", "b"),
        "rule_id": f"{workspace_id('there')}/outboundRules/b",
        "workspace_id": workspace_id("there"),
    }
    found = asked("OBR010", [isolated(), isolated("there")], rules=[host_rule("pypi.org", "a"), there])
    assert statuses(found) == ["pass", "pass"]


@pytest.mark.parametrize(
    "other",
    [
        host_rule(None, "b"),
        host_rule("x.org", "b", type=None),
        tag_rule("Sql", "b", action="Perhaps"),
        tag_rule("Sql", "b", protocol=None),
        endpoint_rule(STORAGE, None, "b"),
    ],
)
def test_obr010_while_another_rule_is_unclear_no_rule_passes(other: Row) -> None:
    assert answers(host_rule("pypi.org", "a"), other) == ["unknown", "unknown"]


def test_obr010_while_rules_were_not_all_read_no_rule_passes() -> None:
    row = isolated(outbound_rules_known=False)
    found = asked("OBR010", [row], rules=[host_rule("pypi.org")])
    assert set(statuses(found)) == {"unknown"}


def test_obr010_a_rule_without_category_is_unknown() -> None:
    assert answers(host_rule("pypi.org", "a", category=None)) == ["unknown"]


def test_obr010_a_rule_without_a_name_repeats_another_as_well() -> None:
    nameless = {**host_rule("pypi.org", "b"), "rule": None}
    found = asked("OBR010", [isolated()], rules=[host_rule("pypi.org", "a"), nameless])
    assert statuses(found) == ["fail", "pass"]
    assert found["reason"][0] == "The rule a adds nothing: It repeats (no name reported), so keep that one."
