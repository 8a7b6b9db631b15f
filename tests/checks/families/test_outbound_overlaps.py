from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.network.hosts import covers_host
from checks.network.ip_ranges import union
from checks.network.ports import covers_ports, normal_ports, parsed_ports
from checks.network.service_tags import covers_tag
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


def test_obr010_of_two_equal_rules_the_one_in_force_is_kept() -> None:
    waits = {**host_rule("pypi.org", "a"), "status": "Inactive"}
    assert answers(waits, host_rule("pypi.org", "b")) == ["fail", "pass"]


def test_obr010_a_host_that_the_scenario_pages_name_passes_beside_their_wildcard() -> None:
    host = "production.cloudflare.docker.com"
    assert answers(host_rule(host, "a"), host_rule("*.docker.com", "b")) == ["pass", "pass"]
    assert answers(host_rule("hub.docker.com", "a"), host_rule("*.docker.com", "b")) == ["fail", "pass"]
    assert answers(host_rule(host, "a"), host_rule("*.com", "b")) == ["fail", "pass"]
    assert answers(host_rule(host, "a"), host_rule(host.upper(), "b")) == ["pass", "fail"]


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


HOSTS = st.sampled_from(
    [
        "pypi.org",
        "PyPI.org.",
        "*.pypi.org",
        "a.pypi.org",
        "*.a.pypi.org",
        "*pypi.org",
        "*i.org",
        "xpypi.org",
        "*",
        "*.",
    ]
)
TAGS = st.sampled_from(
    [
        "Storage",
        "storage",
        "Storage.WestUS",
        "Sql",
        "Internet",
        "AzureCloud",
        "AzureCloud.WestUS",
        "VirtualNetwork",
    ]
    + ["AzureFrontDoor", "AzureFrontDoor.Frontend", "AzureFrontDoor.Frontend.WestUS", "LogicApps", "Odd"]
)
PREFIXES = st.sampled_from(
    [
        "",
        "",
        "20.1.2.0/24",
        "20.1.2.3",
        "20.1.2.0/25, 20.1.2.128/25",
        "20.1.0.0/16, 21.0.0.0/8",
        "21.1.1.1, 20.1.2.3",
    ]
    + ["0.0.0.0/0", "2001:db8::/32", "2001:db8:1::/48", "::/0, 0.0.0.0/0", "a prefix"]
)
PORTS = st.sampled_from(
    ["443", "80, 443", "443-444", "400-500", "*", "80", "1-1024", "440-443, 80", "0-65535", "a port"]
)
DRAWN = st.one_of(
    st.builds(host_rule, HOSTS),
    st.builds(
        tag_rule,
        TAGS,
        protocol=st.sampled_from(["TCP", "tcp", "UDP", "*"]),
        port_ranges=PORTS,
        address_prefixes=PREFIXES,
    ),
    st.builds(
        endpoint_rule,
        st.sampled_from([STORAGE, STORAGE + "/", STORAGE + "2"]),
        st.sampled_from(["blob", "Blob", "file"]),
        spark_enabled=st.sampled_from([True, False, None]),
    ),
)


@given(
    drawn=st.lists(st.tuples(DRAWN, st.sampled_from(["UserDefined", "Required"])), min_size=1, max_size=12)
)
def test_obr010_finds_what_a_comparison_of_each_rule_with_each_other_finds(
    drawn: list[tuple[Row, str]],
) -> None:
    rules = [
        {
            **row,
            "rule": f"r{n:02}",
            "rule_id": f"{workspace_id()}/outboundRules/r{n:02}",
            "category": category,
        }
        for n, (row, category) in enumerate(drawn)
    ]
    found = asked("OBR010", [isolated()], rules=rules)
    assert list(found["observed"].astype(object).mask(found["status"].eq("not-applicable"), "")) == list(
        expected(rules)
    )


def expected(rules: Sequence[Row]) -> Iterator[str]:
    """What OBR010 observes of each rule, "" for Azure's own."""
    for rule in rules:
        equal = [each for each in rules if covers(each, rule) and covers(rule, each)]
        keep = min(equal, key=lambda each: each["category"] == "UserDefined")
        wider = [str(each["rule"]) for each in rules if covers(each, rule) and each not in equal]
        more = f" and {len(wider) - 10} more" if len(wider) > 10 else ""
        sentences = [f"It repeats {keep['rule']}, so keep that one."] * (keep is not rule)
        sentences += [f"It falls under {', '.join(wider[:10])}{more}."] * bool(wider)
        is_customers = rule["category"] == "UserDefined"
        yield (" ".join(sentences) or "no other rule") if is_customers else ""


def covers(wide: Row, narrow: Row) -> bool:
    """Whether the first rule allows all that the second one allows."""
    if wide["type"] != narrow["type"]:
        return False
    if wide["type"] == "FQDN":
        return covers_host(str(wide["fqdn"]), str(narrow["fqdn"]))
    if wide["type"] == "PrivateEndpoint":
        return bool(
            targets(wide) == targets(narrow) and (wide["spark_enabled"] or not narrow["spark_enabled"])
        )
    return covers_destination(wide, narrow) and covers_traffic(wide, narrow)


def targets(rule: Row) -> tuple[str, str]:
    return str(rule["service_resource_id"]).rstrip("/").lower(), str(rule["subresource_target"]).lower()


def covers_traffic(wide: Row, narrow: Row) -> bool:
    protocols, (outer, inner) = (
        (str(wide["protocol"]).lower(), str(narrow["protocol"]).lower()),
        (str(each["port_ranges"]) for each in (wide, narrow)),
    )
    opened, asks = parsed_ports(outer), parsed_ports(inner)
    ports = covers_ports(opened, asks) if opened and asks else normal_ports(outer) == normal_ports(inner)
    return protocols[0] in ("*", protocols[1]) and ports


def covers_destination(wide: Row, narrow: Row) -> bool:
    outer, inner = (str(each["address_prefixes"]) for each in (wide, narrow))
    if not outer or not inner:
        tags = str(wide["service_tag"]), str(narrow["service_tag"])
        return outer == inner and covers_tag(*tags) is True
    opened, asks = (union(each.split(",")) for each in (outer, inner))
    if opened is None or asks is None:
        return outer == inner
    return all(
        any(one.version == other.version and one.subnet_of(other) for other in opened)  # type: ignore[arg-type]
        for one in asks
    )
