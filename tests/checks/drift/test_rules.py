"""What became of outbound rules, and what became reachable, on tables of two or three rows."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.drift.comparison import drift
from checks.drift.model import Drift
from checks.drift.openings import includes, rule_of
from checks.drift.reach import reach_changes
from checks.drift.rules import compared, rule_changes
from tests.support.drift_snapshots import (
    APPROVED,
    INTERNET,
    Row,
    changes,
    endpoint,
    host,
    id_of,
    rule,
    snapshot,
    tag,
    workspace,
)

STORE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/store"


def between(old: list[Row], new: list[Row], modes: tuple[str, str] = (APPROVED, APPROVED)) -> Drift:
    sides = (
        snapshot(name, workspaces=[workspace(mode=mode, rules=len(rules))], outbound_rules=rules)
        for name, mode, rules in zip(("OLD", "NEW"), modes, (old, new), strict=True)
    )
    return drift(*sides)


def reached(found: Drift) -> list[tuple[str, ...]]:
    return reach_rows(found.reach)


def reach_rows(reach: pd.DataFrame) -> list[tuple[str, ...]]:
    names = ("change", "destination", "before", "after")
    return [tuple(row[name] for name in names) for row in reach.to_dict("records")]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (host("a.example.com"), host("*.example.com"), "widened"),
        (host("*.example.com"), host("*"), "widened"),
        (host("a.example.com"), host("b.example.com"), "target changed"),
        (host("*.a.example.com"), host("a.example.com"), "target changed"),
        (tag("Storage.WestEurope"), tag("Storage"), "widened"),
        (tag("Storage"), tag("Sql"), "target changed"),
        (tag("Sql"), tag("Internet"), "widened"),
        (tag("Sql", port_ranges="443"), tag("Sql", port_ranges="80-90, 443"), "widened"),
        (tag("Sql", port_ranges="443"), tag("Sql", port_ranges="80"), "target changed"),
        (tag("Sql", port_ranges="443"), tag("Sql", port_ranges="*"), "widened"),
        (tag("Sql"), tag("Sql", protocol="*"), "widened"),
        (tag("Sql"), tag("Sql", protocol="UDP"), "target changed"),
        (tag("X", address_prefixes="203.0.113.0/25"), tag("X", address_prefixes="203.0.113.0/24"), "widened"),
        (
            tag("X", address_prefixes="203.0.113.0/24"),
            tag("X", address_prefixes="203.0.113.0/25, 203.0.113.128/25, 198.51.100.7"),
            "widened",
        ),
        (tag("X", address_prefixes="203.0.113.0/24"), tag("X", address_prefixes="0.0.0.0/0"), "widened"),
        (tag("X", address_prefixes="203.0.113.0/24"), tag("Internet"), "widened"),
        (tag("Sql", action="Deny"), tag("Sql"), "widened"),
        (tag("Internet", action="Deny"), tag("Sql", action="Deny"), "widened"),
        (host("a.example.com"), tag("Internet", port_ranges="*"), "widened"),
        (host("a.example.com"), endpoint(STORE), "target changed"),
        (endpoint(STORE), endpoint(STORE, "dfs"), "target changed"),
        (endpoint(STORE), endpoint(STORE + "2"), "target changed"),
        (tag("Sql"), tag("Sql", port_ranges="nonsense"), "changed"),
    ],
)
def test_a_changed_rule_is_named_for_what_it_opens_and_the_other_way_round(
    old: Row, new: Row, change: str
) -> None:
    back = {"widened": "narrowed"}.get(change, change)
    left, right = (snapshot(workspaces=[workspace(rules=1)], outbound_rules=[row]) for row in (old, new))
    assert changes(rule_changes(left, right)) == [change]
    assert changes(rule_changes(right, left)) == [back]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (host("A.example.com."), host("a.example.com")),
        (host("xn--mnchen-3ya.example.com"), host("München.example.com")),
        (host("*.xn--bcher-kva.example"), host("*.BÜCHER.example")),
        (
            tag("X", address_prefixes="198.51.100.0/24"),
            tag("X", address_prefixes="198.51.100.128/25, 198.51.100.0/25"),
        ),
        (tag("Sql", port_ranges="443, 80"), tag("sql", port_ranges="80,443", protocol="tcp")),
        (
            tag("X", address_prefixes="203.0.113.7, 198.51.100.0/24"),
            tag("X", address_prefixes="198.51.100.0/24, 203.0.113.7/32"),
        ),
        (endpoint(STORE), endpoint(STORE.upper() + "/")),
    ],
)
def test_the_same_written_otherwise_is_no_change(old: Row, new: Row) -> None:
    found = between([old], [new])
    assert found.rules.empty
    assert found.reach.empty


def test_a_rule_that_failed_or_recovered_has_that_class() -> None:
    well, ill = host("a.example.com"), host("a.example.com", status="Failed", error_information="Rejected.")
    failed = between([well], [ill])
    assert changes(failed.rules) == ["failed"]
    assert (
        failed.rules.loc[0, "details"]
        == "status: Active → Failed; error_information: not reported → Rejected."
    )
    assert reached(failed) == [("closed", "a.example.com", "", "")]
    assert changes(between([ill], [well]).rules) == ["recovered"]


def test_a_rule_that_widened_and_failed_has_both_rows() -> None:
    found = between([host("a.example.com")], [host("*.example.com", status="Failed")])
    assert changes(found.rules) == ["widened", "failed"]


def test_a_wildcard_under_another_name_opens_what_was_closed_and_names_what_was_open() -> None:
    found = between([host("a.example.com", "one")], [host("*.example.com", "two")])
    assert changes(found.rules) == ["added", "removed"]
    assert reached(found) == [("opened", "*.example.com", "a.example.com", "")]


def test_a_rule_that_another_includes_opens_nothing() -> None:
    found = between(
        [host("*.example.com", "wide")], [host("*.example.com", "wide"), host("a.example.com", "narrow")]
    )
    assert changes(found.rules) == ["added"]
    assert found.reach.empty


def test_a_denial_that_is_gone_is_no_longer_denied() -> None:
    deny = tag("Internet", "no", action="Deny")
    assert [row[0] for row in reached(between([deny], []))] == ["no longer denied"]
    assert [row[0] for row in reached(between([], [deny]))] == ["newly denied"]


def test_public_rules_open_nothing_where_all_that_is_public_is_open() -> None:
    old, new = [host("a.example.com")], [host("b.example.com"), endpoint(STORE, name="pe")]
    found = between(old, new, (INTERNET, INTERNET))
    assert reached(found) == [("opened", f"blob of {STORE}", "", "")]


@pytest.mark.parametrize(
    ("old", "new", "change", "effect"),
    [
        (APPROVED, INTERNET, "opened", "widened"),
        (INTERNET, APPROVED, "closed", "narrowed"),
        (INTERNET, "Disabled", "opened", "widened"),
        ("Disabled", APPROVED, "closed", "narrowed"),
    ],
)
def test_another_isolation_mode_widens_or_narrows_everything(
    old: str, new: str, change: str, effect: str
) -> None:
    found = between([], [], (old, new))
    assert [row[0] for row in reached(found)] == [change]
    assert [tuple(row) for row in found.workspaces[["column", "old", "new", "effect"]].to_numpy()] == [
        ("effective_isolation_mode", old, new, effect)
    ]


def test_a_changed_mode_counts_without_the_rules() -> None:
    sides = [snapshot(workspaces=[workspace(mode=mode, rules=None)]) for mode in (APPROVED, INTERNET)]
    assert [row[0] for row in reached(drift(*sides))] == ["opened"]


def test_rules_that_were_not_read_are_neither_removed_nor_added() -> None:
    read = snapshot(
        "OLD", workspaces=[workspace(rules=2)], outbound_rules=[host("a.example.com"), tag("Sql", "two")]
    )
    partly = snapshot("NEW", workspaces=[workspace(rules=None)], outbound_rules=[host("*")])
    found = drift(read, partly)
    assert changes(found.rules) == ["not read now", "widened"]
    assert found.newly_unknown == 1
    assert reached(found) == [("opened", "*", "a.example.com", "")]
    assert changes(drift(partly, read).rules) == ["narrowed", "read again"]


def test_the_rules_of_a_workspace_of_one_side_have_no_rows() -> None:
    found = drift(
        snapshot(), snapshot(workspaces=[workspace(rules=1)], outbound_rules=[host("a.example.com")])
    )
    assert found.rules.empty
    assert found.workspaces.loc[0, "why"] == "with 1 outbound rule"


def test_a_projects_reach_is_its_hubs() -> None:
    sides = [
        snapshot(
            workspaces=[
                workspace("hub", mode, kind="Hub"),
                workspace("project", mode, kind="Project", hub_resource_id=id_of("hub")),
            ]
        )
        for mode in (APPROVED, INTERNET)
    ]
    assert list(drift(*sides).reach["workspace"]) == ["hub", "project"]


def test_a_project_that_moves_to_a_wider_hub_shows_in_workspaces_and_reach() -> None:
    hubs = [workspace("narrow", rules=0, kind="Hub"), workspace("wide", rules=1, kind="Hub")]
    rules = [
        {
            **host("*.example.com"),
            "rule_id": f"{id_of('wide')}/outboundRules/r",
            "workspace_id": id_of("wide"),
        }
    ]
    old, new = (
        snapshot(
            workspaces=[*hubs, workspace("project", kind="Project", hub_resource_id=id_of(hub), rules=None)],
            outbound_rules=rules,
        )
        for hub in ("narrow", "wide")
    )
    found = drift(old, new)
    assert list(found.workspaces["column"]) == ["hub_resource_id"]
    assert [tuple(row) for row in found.reach[["workspace", "change", "destination"]].to_numpy()] == [
        ("project", "opened", "*.example.com")
    ]


HOSTS = st.sampled_from(
    ["*", "*.example.com", "*.a.example.com", "a.example.com", "b.example.com", "*example.com"]
)
PREFIXES = st.sampled_from(
    ["", "0.0.0.0/0", "203.0.113.0/24", "203.0.113.0/25", "203.0.113.128/25, 203.0.113.0/25"]
)
RULES = st.one_of(
    st.builds(host, HOSTS),
    st.builds(
        tag,
        st.sampled_from(["Internet", "Storage", "Storage.WestEurope", "Sql"]),
        protocol=st.sampled_from(["TCP", "UDP", "*"]),
        port_ranges=st.sampled_from(["443", "80, 443", "1-1024", "*"]),
        address_prefixes=PREFIXES,
        action=st.sampled_from(["Allow", "Deny"]),
    ),
    st.builds(endpoint, st.just(STORE), st.sampled_from(["blob", "dfs"])),
)
BACK = {"widened": "narrowed", "narrowed": "widened"}


@given(RULES, RULES)
def test_widened_and_narrowed_swap_with_the_sides(old: Row, new: Row) -> None:
    left, right = (rule_of(_texts(row)) for row in (old, new))
    there, back = compared(left, right), compared(right, left)
    assert back == BACK.get(there, there)
    assert compared(left, left) == ""


@given(RULES, RULES, RULES)
def test_including_is_reflexive_and_transitive(one: Row, two: Row, three: Row) -> None:
    first, second, third = (rule_of(_texts(row)) for row in (one, two, three))
    assert includes(first, first) is True
    if includes(first, second) and includes(second, third):
        assert includes(first, third) is True


def _texts(row: Row) -> dict[str, str]:
    names = (
        "type status action fqdn service_tag protocol port_ranges address_prefixes service_resource_id "
        "subresource_target"
    )
    return {name: str(row.get(name) or "") for name in names.split()}


SWAPPED = {
    "opened": "closed",
    "closed": "opened",
    "no longer denied": "newly denied",
    "newly denied": "no longer denied",
}


@settings(max_examples=25, deadline=None)
@given(st.lists(RULES, max_size=3), st.lists(RULES, max_size=3))
def test_what_opens_one_way_closes_the_other(old: list[Row], new: list[Row]) -> None:
    left, right = (
        snapshot(
            workspaces=[workspace(rules=len(rows))],
            outbound_rules=[{**row, **_name(at)} for at, row in enumerate(rows)],
        )
        for rows in (old, new)
    )
    back = [(SWAPPED[change], *rest) for change, *rest in reach_rows(reach_changes(right, left))]
    turned = sorted((change, destination, after, before) for change, destination, before, after in back)
    assert sorted(reach_rows(reach_changes(left, right))) == turned
    assert reach_changes(left, left).empty


def _name(at: int) -> Row:
    named = rule(f"rule-{at}")
    return {"rule": named["rule"], "rule_id": named["rule_id"], "workspace_id": id_of()}
