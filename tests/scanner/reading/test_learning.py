"""Lists leave members out. Three single reads decide what that means; the findings are those of a full read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator
from scanner.payloads.payload import Payload
from scanner.reading.collection import EVERYTHING, Collection
from scanner.reading.learning import Learning
from scanner.scope.wanted import Wanted
from tests.support.scanning import scan_of
from tests.support.worlds.omissions import REGIONS, SETTINGS, Made, drawn, tenant_of

SAMPLED = Collection(
    kinds=frozenset({"outboundRules", "associatedResource"}),
    members=EVERYTHING.members - {"networkAcls", "allowPublicAccessWhenBehindVnet"},
)
FULL = replace(SAMPLED, asks_everybody=True)
ALL_SET = frozenset(SETTINGS)
COMPARED = ("workspaces", "outbound_rules", "associated_resources", "private_endpoint_connections")


def singles(payloads: Sequence[Payload]) -> set[str]:
    return {each.scope.rpartition("/")[2] for each in payloads if each.kind == "workspace"}


def asked_singly(emulator: Emulator) -> set[str]:
    paths = {each.path.lower() for each in emulator.requests if "/workspaces/" in each.path.lower()}
    return {path.rpartition("/")[2] for path in paths if path.count("/") == 8}


def many(
    count: int, *, region: str = REGIONS[0], first: int = 0, is_set: frozenset[str] = ALL_SET - {"encryption"}
) -> list[Made]:
    return [
        Made(number=number, subscription=number % 2, region=region, is_set=is_set, hides=frozenset())
        for number in range(first, first + count)
    ]


def hiding(made: Sequence[Made], chosen: Sequence[Made], member: str) -> list[Made]:
    """The same workspaces, of which the chosen have a member that their list hides."""
    numbers = {each.number for each in chosen}
    return [
        replace(each, is_set=each.is_set | {member}, hides=frozenset({member}))
        if each.number in numbers
        else each
        for each in made
    ]


def in_order(made: Sequence[Made]) -> list[Made]:
    return sorted(made, key=lambda each: each.order)


def read(made: Sequence[Made], collection: Collection = SAMPLED, *faults: Fault) -> tuple[Tables, set[str]]:
    with scan_of(tenant_of(made), *faults, collection=collection, page_size=4) as (tables, _, emulator):
        return tables, asked_singly(emulator)


def assert_same(left: Tables, right: Tables) -> None:
    for name in COMPARED:
        assert left[name].equals(right[name]), name


def names(made: Sequence[Made]) -> set[str]:
    return {each.site.name for each in made}


def test_three_single_reads_prove_that_the_list_lacks_only_what_is_not_set() -> None:
    made = many(12) + many(9, region=REGIONS[1], first=20)
    tables, asked = read(made)
    full, everybody = read(made, FULL)
    assert asked == names(in_order(made[:12])[:3] + in_order(made[12:])[:3])
    assert everybody == names(made)
    assert_same(tables, full)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_up_to_three_are_all_read(count: int) -> None:
    assert read(many(count))[1] == names(many(count))


@pytest.mark.parametrize("member", sorted(SETTINGS))
def test_one_that_brings_a_member_makes_everybody_of_its_region_be_read(member: str) -> None:
    here, there = many(12), many(9, region=REGIONS[1], first=20)
    here = [replace(each, is_set=ALL_SET - {"encryption", member}) for each in here]
    drawn_second, not_drawn = in_order(here)[1], in_order(here)[7]
    made = hiding(here, [drawn_second, not_drawn], member) + there
    tables, asked = read(made)
    assert asked == names(here + in_order(there)[:3])
    assert_same(tables, read(made, FULL)[0])


def test_a_region_whose_list_hides_nothing_is_not_asked_for_the_sake_of_another() -> None:
    made = hiding(many(12), many(12), "hbiWorkspace") + many(9, region=REGIONS[1], first=20)
    assert len(read(made)[1]) == 12 + 3


def test_workspaces_whose_items_lack_nothing_are_not_read() -> None:
    assert read(many(6, is_set=ALL_SET))[1] == set()


def test_a_workspace_out_of_scope_is_neither_drawn_nor_read() -> None:
    made = many(12)
    inside = [each for each in made if each.subscription == 0]
    wanted = Wanted(resource_groups=("rg-0",))
    with scan_of(tenant_of(made), collection=SAMPLED, wanted=wanted) as (_, _, emulator):
        assert asked_singly(emulator) == names(in_order(inside)[:3])


def test_rules_without_a_managed_network_in_the_list_are_a_contradiction() -> None:
    """One workspace whose network is hidden is found, although three others prove that its list tells it."""
    made = many(12, is_set=ALL_SET - {"managedNetwork"})
    rare = in_order(made)[9]
    made = hiding(made, [rare], "managedNetwork")
    tables, asked = read(made)
    assert rare.site.name in asked
    assert_same(tables, read(made, FULL)[0])


def test_a_workspace_that_no_draw_hits_is_the_limit() -> None:
    """Nothing but asking everybody finds it. The documentation names this limit."""
    made = many(12)
    rare = in_order(made)[9]
    made = hiding(made, [rare], "encryption")
    tables, asked = read(made)
    full, _ = read(made, FULL)
    assert len(asked) == 3
    differs = tables.workspaces["encryption_status"].ne(full.workspaces["encryption_status"])
    assert tables.workspaces["workspace"][differs].tolist() == [rare.site.name]


@pytest.mark.parametrize("status", [403, 404, 429])
def test_a_refused_single_read_makes_way_for_the_next(status: int) -> None:
    made = many(12)
    first, *rest = in_order(made)
    fault = Fault(kind=FaultKind.STATUS, status=status, route="workspace", resource=first.site.name)
    tables, asked = read(made, SAMPLED, fault)
    assert names(rest[:3]) <= asked
    assert len(asked) <= 5
    assert_same(tables, read(made, FULL, fault)[0])
    assert tables.gaps["scope"].tolist() == [first.site.id]


@pytest.mark.parametrize("status", [403, 404])
def test_if_all_are_refused_all_are_gaps(status: int) -> None:
    tables, asked = read(many(12), SAMPLED, Fault(kind=FaultKind.STATUS, status=status, route="workspace"))
    assert len(asked) == len(tables.gaps) == 12


def test_a_single_read_at_another_version_proves_nothing() -> None:
    made = many(12)
    refused = partial(Fault, kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound")
    fault = refused(route="workspace", resource="mlw-", times=3)
    with scan_of(
        tenant_of(made).offering("2025-12-01", "2025-09-01"), fault, collection=SAMPLED, page_size=50
    ) as (_, payloads, _):
        versions = [each.api_version for each in payloads if each.kind == "workspace" and each.status == 200]
    assert versions == ["2025-09-01"] * 12


made_workspaces = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(REGIONS),
        st.frozensets(st.sampled_from(sorted(SETTINGS))),
        st.frozensets(st.sampled_from(sorted(SETTINGS)), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
).map(
    lambda rows: [
        Made(number=number, subscription=sub, region=region, is_set=is_set, hides=hides, is_project=project)
        for number, (sub, region, is_set, hides, project) in enumerate(rows)
    ]
)


def undrawn(made: Sequence[Made], refused: frozenset[int]) -> Iterator[Made]:
    """The workspaces with a hidden member that no single read of their region shows. No law covers these."""
    for each in made:
        alike = [one for one in made if (one.region, one.is_project) == (each.region, each.is_project)]
        for member in each.hides & each.is_set:
            if all(member not in one.is_set for one in drawn(alike, member, refused)):
                yield each
                break


@settings(max_examples=30, phases=set(Phase) - {Phase.shrink, Phase.explain})
@given(made_workspaces, st.frozensets(st.integers(0, 13), max_size=4), st.sampled_from([403, 404]))
def test_whatever_lists_hide_the_tables_are_those_of_a_full_read(
    made: list[Made], refused: frozenset[int], status: int
) -> None:
    faults = [
        Fault(kind=FaultKind.STATUS, status=status, route="workspace", resource=each.site.name)
        for each in made
        if each.number in refused
    ]
    tables, asked = read(made, SAMPLED, *faults)
    full, _ = read(made, FULL, *faults)
    beyond = {each.site.id for each in undrawn(made, refused) if each.site.name not in asked}
    for name in ("workspaces", "outbound_rules", "associated_resources"):
        left, right = (found.effective[name] for found in (tables, full))
        left, right = (frame[~frame["workspace_id"].isin(beyond)] for frame in (left, right))
        assert left.equals(right), name


def test_the_order_of_the_answers_decides_nothing() -> None:
    made = hiding(many(12), many(3), "hbiWorkspace") + many(5, region=REGIONS[1], first=20)
    with scan_of(tenant_of(made), collection=SAMPLED, page_size=4) as (_, payloads, _):
        forward, backward = Learning(SAMPLED.members), Learning(SAMPLED.members)
    for learning, order in ((forward, payloads), (backward, list(reversed(payloads)))):
        assert list(learning.passing(order)) == order
    assert forward.samples() == backward.samples()
    assert forward.due() == backward.due() == []
