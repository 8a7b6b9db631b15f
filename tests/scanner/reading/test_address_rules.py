"""Address rules that a stable api-version leaves out are read by one more list, at a version that has them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from checks.contract.tables import Tables
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator
from scanner.emulator.tenants.builders import Place, Site, guid, subscription, workspace
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import no_managed_network, private, public, selected
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.reading.collection import Collection
from tests.support.scanning import NETWORK, scan_of

ADDRESSES = Collection(kinds=NETWORK.kinds, members=NETWORK.members | {"networkAcls"})
PLACE = Place(subscription=guid("addresses"), group="rg", location="westeurope")
SITES = [Site(place=PLACE, name=name) for name in ("closed", "lingering", "narrow", "open")]
INBOUND = (private(), private("20.1.2.3"), selected("20.1.2.0/24"), public())
HIDDEN = Tenant(
    name="hidden addresses",
    tenant_id=TENANT_ID,
    subscriptions=(subscription(PLACE.subscription, "one"),),
    resources=tuple(
        Resource(body=workspace(site, inbound, no_managed_network()))
        for site, inbound in zip(SITES, INBOUND, strict=True)
    ),
    stable_shows_addresses=False,
)
RULES = {"closed": "", "lingering": "20.1.2.3", "narrow": "20.1.2.0/24", "open": ""}


def rules(found: Tables) -> dict[str, str | None]:
    frame = found.workspaces
    values = frame["ip_rules"].astype(object).where(frame["ip_rules"].notna(), None)
    return dict(zip(frame["workspace"], values, strict=True))


def lists(emulator: Emulator) -> list[str]:
    queries = [parse_qs(each.query) for each in emulator.requests if each.path.endswith("/workspaces")]
    return [query["api-version"][0] for query in queries]


def test_the_newest_offered_version_that_has_them_is_listed_once() -> None:
    tenant = HIDDEN.offering("2026-05-15-preview", "2025-12-01", "2024-10-01-preview")
    with scan_of(tenant, collection=ADDRESSES, page_size=3) as (found, _, emulator):
        asked = lists(emulator)
        single = [each.path for each in emulator.requests if each.path.lower().endswith("/open")]
    assert rules(found) == RULES
    assert found.workspaces["network_acls_default_action"].tolist() == ["Allow", "Deny", "Deny", "Allow"]
    assert asked == ["2025-12-01"] * 2 + ["2026-07-15-preview"] + ["2026-05-15-preview"] * 2
    assert single == [], "no workspace is read alone for what its list leaves out"
    assert set(found.workspaces["api_version"]) == {"2025-12-01"}
    assert found.gaps.empty


def test_without_such_a_version_the_rules_stay_unknown_and_there_is_no_gap() -> None:
    with scan_of(HIDDEN.offering("2025-12-01"), collection=ADDRESSES) as (found, _, _):
        assert rules(found) == dict.fromkeys(RULES)
        assert found.gaps.empty


def test_a_page_that_breaks_off_is_a_gap() -> None:
    tenant = HIDDEN.offering("2026-07-15-preview", "2025-12-01")
    failing = Fault(kind=FaultKind.STATUS, status=502, route="workspaces", page=2)
    with scan_of(tenant, failing, collection=ADDRESSES, page_size=2) as (found, _, _):
        assert rules(found) == {name: RULES[name] for name in ("closed", "lingering")}
        assert sorted(found.gaps["asked"]) == ["networkAcls", "workspaces"]


@pytest.mark.parametrize(
    ("tenant", "collection"),
    [
        (HIDDEN, NETWORK),
        (replace(HIDDEN, stable_shows_addresses=True), ADDRESSES),
        (replace(HIDDEN, resources=()), ADDRESSES),
    ],
)
def test_nobody_lists_twice_without_a_reason(tenant: Tenant, collection: Collection) -> None:
    offering = tenant.offering("2026-07-15-preview", "2025-12-01")
    with scan_of(offering, collection=collection, page_size=9) as (_, _, emulator):
        assert lists(emulator) == ["2025-12-01"]
