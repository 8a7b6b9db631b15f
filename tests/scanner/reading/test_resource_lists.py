"""Lists of storage accounts, vaults, registries and components, over real HTTP, against a full read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import registry
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.routes import ASSOCIATED_LIST, target_of
from scanner.emulator.server import emulated
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.payload import Payload
from scanner.reading.collection import Collection, collection_for
from scanner.reading.resource_lists import PROOFS
from tests.support.scanning import rows, scanned
from tests.support.worlds.listed_dependencies import MEMBERS, REGIONS, Made, tenant_of

ALL = registry()
CHOSEN = [ChosenCheck(check=each, severity=each.severity, params=each.params()) for each in ALL.values()]
LISTS = replace(collection_for(ALL.values()), asks_everybody=False)
SINGLY = replace(LISTS, asks_everybody=True)
TYPES = 4

spoiled = st.sampled_from(
    [
        Fault(kind=FaultKind.STATUS, status=403, route=ASSOCIATED_LIST),
        Fault(kind=FaultKind.STATUS, status=404, route=ASSOCIATED_LIST),
        Fault(kind=FaultKind.STATUS, status=403, route=ASSOCIATED_LIST, page=2),
        *(
            Fault(kind=kind, route=ASSOCIATED_LIST)
            for kind in (
                *(FaultKind.HTML, FaultKind.NULL_VALUE, FaultKind.DUPLICATES, FaultKind.OTHER_CASE),
                *(FaultKind.NEXT_LINK_LOOP, FaultKind.FOREIGN_NEXT_LINK, FaultKind.OTHER_LIST_NEXT_LINK),
                *(FaultKind.MISSING_MEMBERS, FaultKind.WRONG_TYPES, FaultKind.UNKNOWN_ENUMS),
                *(FaultKind.STRANGE_NAMES, FaultKind.TOO_DEEP, FaultKind.TRUNCATE),
            )
        ),
    ]
)


@st.composite
def made(draw: st.DrawFn) -> list[Made]:
    """Workspaces in two subscriptions and regions. The lists of a region lack the same members of all resources."""
    lacks = {each: frozenset(draw(st.sets(st.sampled_from(MEMBERS), max_size=2))) for each in REGIONS}
    found = []
    for number in range(draw(st.integers(1, 12))):
        region = draw(st.sampled_from(REGIONS))
        found.append(
            Made(
                number=number,
                subscription=draw(st.integers(0, 1)),
                region=region,
                is_open=number % 3 == 1,
                is_hidden=draw(st.booleans()),
                is_gone=draw(st.integers(0, 5)) == 0,
                lists_lack=lacks[region],
            )
        )
    return found


def asked(
    tenant: Tenant, collection: Collection, *faults: Fault, page_size: int = 50
) -> tuple[Tables, list[Payload], Counter[str]]:
    """The tables, the payloads, and the requests by route."""
    with emulated(tenant, faults=faults, page_size=page_size) as emulator:
        tables, payloads = scanned(emulator, collection=collection)
        return tables, payloads, Counter(target_of(each.path).route for each in emulator.requests)


def found_in(tables: Tables) -> list[dict[str, object]]:
    """The findings and the rows of dependencies, as text."""
    frames = (findings(tables, CHOSEN), tables.associated_resources)
    return [{name: repr(value) for name, value in row.items()} for frame in frames for row in rows(frame)]


@settings(max_examples=8, deadline=None)
@given(
    made=made(),
    faults=st.lists(spoiled, max_size=1),
    page_size=st.integers(1, 6),
    strangers=st.sampled_from([0, 2, 60]),
    empty_pages=st.booleans(),
)
def test_findings_are_those_of_a_full_read(
    made: list[Made], faults: list[Fault], page_size: int, strangers: int, empty_pages: bool
) -> None:
    tenant = tenant_of(made, strangers=strangers, empty_pages=empty_pages)
    whole, _, _ = asked(tenant, SINGLY)
    tables, _, _ = asked(tenant, LISTS, *faults, page_size=page_size)
    assert found_in(tables) == found_in(whole)


MANY = [Made(number=number, is_open=number == 7) for number in range(20)]


def test_lists_replace_single_reads() -> None:
    _, payloads, by_route = asked(tenant_of(MANY), LISTS)
    assert by_route[ASSOCIATED_LIST] == TYPES
    assert TYPES <= by_route["associated"] <= TYPES * PROOFS
    assert sum(bool(each.of_list) for each in payloads) == TYPES * len(MANY) - by_route["associated"]


def test_everybody_is_asked_singly_where_that_is_wanted() -> None:
    _, payloads, by_route = asked(tenant_of(MANY), SINGLY)
    assert (by_route[ASSOCIATED_LIST], by_route["associated"]) == (0, TYPES * len(MANY))
    assert not any(each.of_list for each in payloads)


@pytest.mark.parametrize("count", [2, 3])
def test_a_list_is_worth_it_from_three_resources(count: int) -> None:
    _, _, by_route = asked(tenant_of(MANY[:count]), LISTS)
    assert bool(by_route[ASSOCIATED_LIST]) == (count >= 3)


def test_a_list_of_other_teams_is_left_after_its_first_page() -> None:
    _, _, by_route = asked(tenant_of(MANY[:4], strangers=300), LISTS, page_size=50)
    assert by_route[ASSOCIATED_LIST] == TYPES
    assert by_route["associated"] == TYPES * 4


def test_a_list_that_lacks_a_member_is_not_trusted_in_its_region_only() -> None:
    lacking = [replace(each, region=REGIONS[1], number=50 + each.number) for each in MANY]
    lacking = [replace(each, lists_lack=frozenset({"properties.publicNetworkAccess"})) for each in lacking]
    _, payloads, _ = asked(tenant_of([*MANY, *lacking]), LISTS)
    listed = {
        each.scope.rpartition("/")[2]
        for each in payloads
        if each.of_list and "storageaccounts" in each.scope.lower()
    }
    assert len(listed) >= len(MANY) - PROOFS
    assert not listed & {each.site.storage for each in lacking}


def test_only_named_items_are_kept() -> None:
    _, payloads, _ = asked(tenant_of(MANY, strangers=30), LISTS)
    kept = b"".join(each.body for each in payloads)
    assert b"mlw-900" not in kept
    assert Made(number=900).site.storage.encode() not in kept
    assert all("the others are not kept" in each.of_list for each in payloads if each.of_list)
