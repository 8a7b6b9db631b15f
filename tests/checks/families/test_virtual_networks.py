"""PEP004, PEP005, MVN008 and OBR015: what the subscriptions and virtual networks around a workspace decide."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.families.inbound.endpoint_networks import _one_for_all
from tests.support.tables.checks import (
    NETWORK_ID,
    SUBSCRIPTION_ROW,
    Row,
    connection,
    endpoint_rule,
    findings_of,
    isolated,
    statuses,
    workspace,
    workspace_id,
)
from tests.support.tables.dependencies import STORAGE, closed

CLIENTS = NETWORK_ID.replace("hub", "clients")
SITE: Row = workspace(managed_network_reported=False, associated_resources_known=True)
TWO = (connection("Approved", "one"), connection("Approved", "two"))


def shared(*networks: str | None, of: Row = SITE, connections: tuple[Row, ...] = TWO) -> list[str]:
    roles = zip(("storage", "vault", "registry"), networks, strict=False)
    found = findings_of(
        "PEP004",
        workspaces=[of],
        private_endpoint_connections=connections,
        associated_resources=[
            closed(role, approved_private_endpoints=1, networks_shared=each) for role, each in roles
        ],
    )
    return statuses(found)


@pytest.mark.parametrize(
    ("networks", "status"),
    [
        ((NETWORK_ID, NETWORK_ID.upper(), f"{CLIENTS}, {NETWORK_ID}"), "pass"),
        ((NETWORK_ID, CLIENTS, NETWORK_ID), "fail"),
        (("", "", ""), "fail"),
        ((NETWORK_ID, "", NETWORK_ID), "fail"),
        ((NETWORK_ID, "?", NETWORK_ID), "unknown"),
        ((NETWORK_ID, CLIENTS, "?"), "fail"),
        (("?", "?", "?"), "unknown"),
        ((None, NETWORK_ID, NETWORK_ID), "unknown"),
        ((f"?, {NETWORK_ID}", NETWORK_ID, NETWORK_ID), "pass"),
        ((), "not-applicable"),
    ],
)
def test_pep004_one_network_has_to_hold_every_dependency(
    networks: tuple[str | None, ...], status: str
) -> None:
    assert shared(*networks) == [status]


@pytest.mark.parametrize(
    ("connections", "status"),
    [
        (TWO[:1], "not-applicable"),
        ((TWO[0], connection("Pending", "two")), "not-applicable"),
        ((TWO[0], connection("Perhaps", "two")), "unknown"),
        ((TWO[0], connection(None, "two")), "unknown"),
        ((), "not-applicable"),
    ],
)
def test_pep004_asks_for_two_approved_connections(connections: tuple[Row, ...], status: str) -> None:
    assert shared("", "", "", connections=connections) == [status]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"managed_network_reported": True, "isolation_mode": "AllowInternetOutbound"}, "not-applicable"),
        ({"managed_network_reported": None}, "unknown"),
        ({"private_endpoint_connections_known": False}, "fail"),
        ({"associated_resources_known": None}, "fail"),
    ],
)
def test_pep004_looks_at_customers_networks_only(values: Row, status: str) -> None:
    assert shared("", "", "", of={**SITE, **values}) == [status]


def test_pep004_dependencies_that_were_not_all_read_never_pass() -> None:
    assert shared(NETWORK_ID, of={**SITE, "associated_resources_known": None}) == ["unknown"]


def test_pep004_dependencies_without_a_private_endpoint_are_not_asked_for() -> None:
    found = findings_of(
        "PEP004",
        workspaces=[SITE],
        private_endpoint_connections=TWO,
        associated_resources=[
            closed("storage", approved_private_endpoints=1, networks_shared=NETWORK_ID),
            closed("vault", approved_private_endpoints=0, networks_shared=""),
        ],
    )
    assert statuses(found) == ["pass"]


@given(st.lists(st.sets(st.sampled_from(["a", "b", "?"])), min_size=1, max_size=4))
def test_pep004_an_open_network_may_be_any_or_none(sets: list[set[str]]) -> None:
    choices = [
        [each - {"?"} | set(extra) for extra in ((), ("a",), ("b",), ("a", "b"))] if "?" in each else [each]
        for each in sets
    ]
    possible = {bool(set.intersection(*map(set, chosen))) for chosen in product(*choices)}
    assert _one_for_all(sets) == (possible.pop() if len(possible) == 1 else None)


@pytest.mark.parametrize(
    ("prefixes", "status"),
    [
        ("10.0.0.0/16", "pass"),
        ("172.16.0.0/16, 172.18.0.0/16, fd00::/48", "pass"),
        ("172.17.0.0/16", "fail"),
        ("::ffff:172.17.0.0/112", "fail"),
        ("10.0.0.0/16, 172.17.255.0/24", "fail"),
        ("172.16.0.0/12", "fail"),
        ("?, 172.17.0.1/24", "fail"),
        ("10.0.0.0/16, ?", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_pep005_no_prefix_overlaps_dockers_range(prefixes: str | None, status: str) -> None:
    row = connection("Approved", network_prefixes=prefixes)
    assert statuses(findings_of("PEP005", workspaces=[SITE], private_endpoint_connections=[row])) == [status]


@pytest.mark.parametrize(
    ("state", "status"), [("Pending", "not-applicable"), ("Perhaps", "unknown"), (None, "unknown")]
)
def test_pep005_asks_of_approved_connections(state: str | None, status: str) -> None:
    row = connection(state, network_prefixes="172.17.0.0/16")
    assert statuses(findings_of("PEP005", workspaces=[SITE], private_endpoint_connections=[row])) == [status]


@pytest.mark.parametrize(
    ("state", "mode", "status"),
    [
        ("Registered", "AllowInternetOutbound", "pass"),
        ("registered", "AllowOnlyApprovedOutbound", "pass"),
        ("NotRegistered", "AllowInternetOutbound", "fail"),
        ("Unregistered", "AllowInternetOutbound", "fail"),
        ("Registering", "AllowInternetOutbound", "unknown"),
        ("Unregistering", "AllowInternetOutbound", "unknown"),
        (None, "AllowInternetOutbound", "unknown"),
        ("NotRegistered", "Disabled", "not-applicable"),
        ("NotRegistered", "Foo", "unknown"),
    ],
)
def test_mvn008_isolation_needs_a_registered_network_provider(
    state: str | None, mode: str, status: str
) -> None:
    row = {**SUBSCRIPTION_ROW, "network_registration_state": state}
    found = findings_of("MVN008", subscriptions=[row], workspaces=[isolated(mode=mode)])
    assert statuses(found) == [status]


def test_mvn008_a_subscription_that_was_not_listed_is_unknown() -> None:
    assert statuses(findings_of("MVN008", workspaces=[isolated()])) == ["unknown"]


def test_mvn008_the_subscription_of_the_hub_decides_for_a_project() -> None:
    hub = workspace_id("hub").replace("11111111", "99999999")
    found = findings_of(
        "MVN008",
        subscriptions=[
            SUBSCRIPTION_ROW,
            {
                "subscription_resource_id": "/subscriptions/other",
                "subscription_id": hub.split("/")[2].upper(),
                "network_registration_state": "NotRegistered",
            },
        ],
        workspaces=[
            {**isolated("hub"), "workspace_id": hub, "kind": "Hub"},
            workspace("project", kind="Project", hub_resource_id=hub),
        ],
    )
    assert statuses(found) == ["fail", "fail"]


OTHER = "/subscriptions/Other/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/far"


@pytest.mark.parametrize(
    ("target", "tenant", "status"),
    [
        (STORAGE, "elsewhere", "pass"),
        (OTHER, "elsewhere", "fail"),
        (OTHER, "HOME", "pass"),
        (OTHER, None, "unknown"),
        (OTHER.replace("Other", "stranger"), "elsewhere", "unknown"),
        ("no id", "elsewhere", "unknown"),
        (None, "elsewhere", "unknown"),
    ],
)
def test_obr015_a_target_may_not_be_in_another_tenant(
    target: str | None, tenant: str | None, status: str
) -> None:
    other = {
        "subscription_resource_id": "/subscriptions/other",
        "subscription_id": "other",
        "tenant_id": tenant,
    }
    found = findings_of(
        "OBR015",
        subscriptions=[SUBSCRIPTION_ROW, other],
        workspaces=[isolated()],
        outbound_rules=[endpoint_rule(target, "blob")],
    )
    assert statuses(found) == [status]


@pytest.mark.parametrize("values", [{"category": "Required"}, {"type": "FQDN"}])
def test_obr015_asks_of_the_customers_endpoints(values: Row) -> None:
    row = {**endpoint_rule(OTHER, "blob"), **values}
    found = findings_of("OBR015", workspaces=[isolated()], outbound_rules=[row])
    assert statuses(found) == ["not-applicable"]


def test_obr015_a_workspace_whose_tenant_is_not_listed_is_unknown() -> None:
    rows = [endpoint_rule(STORAGE, "blob")]
    found = findings_of("OBR015", workspaces=[isolated()], outbound_rules=rows)
    assert statuses(found) == ["unknown"]
