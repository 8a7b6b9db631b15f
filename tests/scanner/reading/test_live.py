"""The live reader against the emulator over real HTTP: what it reads, and what every fault costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.contract.tables import Tables
from scanner.azure.pipeline import Patience
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.progress import Silent
from scanner.reading.collection import EVERYTHING
from scanner.reading.workspace_reader import WORKSPACES_AT_ONCE
from tests.support.scanning import IMPATIENT, NETWORK, NOON, rows, scan_of, scanned

SUBSCRIPTIONS, WORKSPACES, RULES = 3, 5, 3
TENANT = generated_tenant(subscriptions=SUBSCRIPTIONS, workspaces=WORKSPACES, rules=RULES, seed=7)
IDS = sorted(str(item["subscriptionId"]) for item in TENANT.subscriptions)
VICTIM = IDS[1]


def workspaces_by_subscription(tables: Tables) -> dict[str, int]:
    counts = tables.workspaces["subscription_id"].value_counts()
    return {key: int(counts.get(key, 0)) for key in IDS}


def unread(tables: Tables) -> list[str]:
    frame = tables.subscriptions
    return frame[~frame["read"].fillna(value=True)]["subscription_id"].tolist()


def test_everything_is_read_where_nothing_goes_wrong() -> None:
    with scan_of(TENANT) as (tables, payloads, emulator):
        assert workspaces_by_subscription(tables) == dict.fromkeys(IDS, WORKSPACES)
        assert tables.gaps.empty
        assert tables.subscriptions["read"].all()
        assert {request.method for request in emulator.requests} == {"GET"}
        assert {payload.retrieved_at for payload in payloads} == {NOON}
        assert {payload.api_version for payload in payloads if payload.kind == "workspaces"} == {"2025-12-01"}
        assert all(payload.request_id and payload.correlation_id for payload in payloads)


def test_pages_of_any_size_give_the_same_tables() -> None:
    with scan_of(TENANT, page_size=1) as (narrow, _, _), scan_of(TENANT, page_size=50) as (wide, _, _):
        for name in ("subscriptions", "workspaces", "outbound_rules", "private_endpoint_connections"):
            assert narrow[name].equals(wide[name]), name


# What goes wrong in one subscription's list of workspaces, at which page of 2, how many of its five
# workspaces stay readable, and what the gap must say.
LOST = [
    (Fault(kind=FaultKind.STATUS, status=401), 0, "InvalidAuthenticationToken", 401),
    (Fault(kind=FaultKind.STATUS, status=403), 0, "AuthorizationFailed", 403),
    (Fault(kind=FaultKind.STATUS, status=404), 0, "", 404),
    (Fault(kind=FaultKind.STATUS, status=429), 0, "SubscriptionRequestsThrottled", 429),
    (Fault(kind=FaultKind.STATUS, status=429, retry_after=3600), 0, "SubscriptionRequestsThrottled", 429),
    (Fault(kind=FaultKind.STATUS, status=500), 0, "", 500),
    (Fault(kind=FaultKind.STATUS, status=503), 0, "", 503),
    (Fault(kind=FaultKind.RESET), 0, "", None),
    (Fault(kind=FaultKind.TRUNCATE), 0, "", None),
    (Fault(kind=FaultKind.FOREIGN_NEXT_LINK), 2, "ForeignNextLink", 200),
    (Fault(kind=FaultKind.NEXT_LINK_LOOP), 2, "NextLinkLoop", 200),
    (Fault(kind=FaultKind.NULL_VALUE), 0, "ValueNotAList", 200),
    (Fault(kind=FaultKind.STATUS, status=403, page=2), 2, "AuthorizationFailed", 403),
    (Fault(kind=FaultKind.STATUS, status=500, page=3), 4, "", 500),
    (Fault(kind=FaultKind.RESET, page=2), 2, "", None),
    (Fault(kind=FaultKind.TRUNCATE, page=3), 4, "", None),
    (Fault(kind=FaultKind.NULL_VALUE, page=2), 2, "ValueNotAList", 200),
    (Fault(kind=FaultKind.FOREIGN_NEXT_LINK, page=2), 4, "ForeignNextLink", 200),
    (Fault(kind=FaultKind.NEXT_LINK_LOOP, page=2), 4, "NextLinkLoop", 200),
]


@pytest.mark.parametrize(("fault", "kept", "code", "status"), LOST, ids=lambda value: str(value)[:60])
def test_a_broken_list_costs_what_was_unreadable_and_no_more(
    fault: Fault, kept: int, code: str, status: int | None
) -> None:
    struck = replace(fault, route="workspaces", subscription=VICTIM)
    with scan_of(TENANT, struck) as (tables, _, emulator):
        expected = dict.fromkeys(IDS, WORKSPACES) | {VICTIM: kept}
        assert workspaces_by_subscription(tables) == expected
        assert unread(tables) == [VICTIM]
        (gap,) = rows(tables.gaps)
        assert gap["subscription_id"] == VICTIM
        assert gap["asked"] == "workspaces"
        assert code in str(gap["code"])
        assert (None if status is None else int(gap["http_status"])) == status
        assert gap["closes"]
        assert not emulator.foreign_host_hits


PASSING = [
    Fault(kind=FaultKind.STATUS, status=429, retry_after=1, times=1),
    Fault(kind=FaultKind.STATUS, status=429, times=2),
    Fault(kind=FaultKind.STATUS, status=500, times=1),
    Fault(kind=FaultKind.STATUS, status=503, times=3),
    Fault(kind=FaultKind.RESET, times=1),
    Fault(kind=FaultKind.TRUNCATE, times=1),
    Fault(kind=FaultKind.LATENCY, seconds=0.3),
    Fault(kind=FaultKind.TOKEN_BUCKET, capacity=2, refill=4),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda value: str(value)[:60])
def test_a_passing_fault_costs_nothing(fault: Fault) -> None:
    with scan_of(TENANT, replace(fault, route="workspaces", subscription=VICTIM)) as (tables, _, _):
        assert workspaces_by_subscription(tables) == dict.fromkeys(IDS, WORKSPACES)
        assert tables.gaps.empty


def managed_workspace(tables: Tables) -> str:
    managed = tables.workspaces[tables.workspaces["isolation_mode"].ne("Disabled")]
    return str(managed["workspace_id"].iloc[0])


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        (Fault(kind=FaultKind.STATUS, status=403), 0),
        (Fault(kind=FaultKind.STATUS, status=404), 0),
        (Fault(kind=FaultKind.RESET), 0),
        (Fault(kind=FaultKind.TRUNCATE, page=2), 2),
        (Fault(kind=FaultKind.NULL_VALUE, page=2), 2),
        (Fault(kind=FaultKind.FOREIGN_NEXT_LINK), 2),
        (Fault(kind=FaultKind.NEXT_LINK_LOOP), 2),
    ],
    ids=lambda value: str(value)[:60],
)
def test_unreadable_rules_leave_their_workspace_unknown_and_every_other_known(
    fault: Fault, kept: int
) -> None:
    tenant = replace(TENANT, list_rules=False)
    with scan_of(tenant) as (whole, _, _):
        victim = managed_workspace(whole)
    struck = replace(fault, route="outboundRules", resource=victim.rsplit("/", 1)[-1])
    with scan_of(tenant, struck) as (tables, _, emulator):
        known = tables.workspaces["outbound_rules_known"]
        assert known[~known].index.tolist() == [victim.lower()]
        mine = tables.outbound_rules["workspace_id"].str.lower().eq(victim.lower())
        assert int(mine.sum()) == kept
        assert tables.outbound_rules[~mine].equals(
            whole.outbound_rules[whole.outbound_rules["workspace_id"].str.lower().ne(victim.lower())]
        )
        assert tables.gaps["scope"].str.lower().tolist() == [victim.lower()]
        assert tables.subscriptions["read"].all()
        assert not emulator.foreign_host_hits


def test_rules_that_only_the_workspace_told_survive_an_unreadable_rules_list() -> None:
    with scan_of(TENANT) as (whole, _, _):
        victim = managed_workspace(whole)
    struck = Fault(
        kind=FaultKind.STATUS, status=403, route="outboundRules", resource=victim.rsplit("/", 1)[-1]
    )
    with scan_of(TENANT, struck) as (tables, _, _):
        rules = tables.outbound_rules[tables.outbound_rules["workspace_id"].eq(victim)]
        assert len(rules) == RULES
        assert rules["seen_in"].eq("workspace").all()
        assert not tables.workspaces["outbound_rules_known"].to_dict()[victim.lower()]


def test_a_forbidden_list_names_the_missing_action_and_the_role_but_no_address() -> None:
    struck = Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=VICTIM)
    with scan_of(TENANT, struck) as (tables, _, _):
        (gap,) = rows(tables.gaps)
        assert "Microsoft.MachineLearningServices/workspaces/read" in str(gap["closes"])
        assert "az role assignment create" in str(gap["closes"])
        assert f"/subscriptions/{VICTIM}" in str(gap["closes"])
        assert "@" not in str(gap["message"])


def test_an_unregistered_provider_leads_to_no_write_and_holds_no_workspace() -> None:
    tenant = replace(TENANT, unregistered=frozenset({VICTIM}))
    refused = Fault(kind=FaultKind.STATUS, status=409, route="workspaces", subscription=VICTIM)
    with scan_of(tenant, refused) as (tables, _, emulator):
        row = next(r for r in rows(tables.subscriptions) if r["subscription_id"] == VICTIM)
        assert bool(row["read"])
        assert int(row["workspaces"]) == 0
        assert "no workspace can exist" in row["note"]
        assert tables.gaps.empty
        assert {request.method for request in emulator.requests} == {"GET"}


def test_a_409_without_the_providers_word_stays_a_gap_and_leads_to_no_write() -> None:
    struck = Fault(kind=FaultKind.STATUS, status=409, route="workspaces", subscription=VICTIM)
    with scan_of(TENANT, struck) as (tables, _, emulator):
        (gap,) = rows(tables.gaps)
        assert gap["code"] == "MissingSubscriptionRegistration"
        assert unread(tables) == [VICTIM]
        assert {request.method for request in emulator.requests} == {"GET"}


@pytest.mark.parametrize(
    ("offered", "used"),
    [
        (("2024-10-01", "2023-04-01"), "2024-10-01"),
        (("2025-06-01", "2024-10-01"), "2025-06-01"),
        (("2023-10-01",), "2023-10-01"),
    ],
)
def test_a_cloud_that_lags_is_read_at_the_newest_version_it_offers(
    offered: tuple[str, ...], used: str
) -> None:
    with scan_of(TENANT.offering(*offered)) as (tables, payloads, _):
        assert tables.workspaces["api_version"].eq(used).all()
        assert tables.workspaces["managed_network_reported"].all()
        assert tables.gaps.empty
        assert used in {payload.api_version for payload in payloads if payload.kind == "outboundRules"}


def test_a_cloud_too_old_for_managed_networks_leaves_them_unknown_not_disabled() -> None:
    with scan_of(TENANT.offering("2022-10-01")) as (tables, _, _):
        assert tables.workspaces["api_version"].eq("2022-10-01").all()
        assert tables.workspaces["isolation_mode"].isna().all()
        assert tables.workspaces["managed_network_reported"].isna().all()
        assert tables.workspaces["public_network_access"].notna().all()
        assert tables.gaps["code"].eq("ApiVersionTooOld").all()
        assert len(tables.gaps) == SUBSCRIPTIONS * WORKSPACES


def test_without_the_providers_word_the_pinned_versions_are_tried_in_turn() -> None:
    struck = Fault(kind=FaultKind.STATUS, status=403, route="provider")
    with scan_of(TENANT.offering("2024-04-01"), struck) as (tables, _, _):
        assert tables.workspaces["api_version"].eq("2024-04-01").all()
        assert len(tables.workspaces) == SUBSCRIPTIONS * WORKSPACES


def test_a_plainly_disabled_network_is_not_asked_for_rules() -> None:
    with scan_of(TENANT) as (tables, _, emulator):
        off = tables.workspaces[tables.workspaces["isolation_mode"].eq("Disabled")]
        asked = {
            request.path.lower() for request in emulator.requests if "/outboundrules" in request.path.lower()
        }
        assert len(off)
        assert not [path for path in asked if any(path.startswith(key) for key in off.index)]
        assert tables.workspaces["outbound_rules_known"].all()


def test_the_demo_tenant_is_read_but_for_what_is_forbidden() -> None:
    with scan_of(demo_tenant(), page_size=50) as (tables, _, _):
        assert len(tables.subscriptions) == 6
        assert len(tables.workspaces) == 32
        assert len(unread(tables)) == 1


def test_nothing_secret_and_no_address_is_stored() -> None:
    with scan_of(demo_tenant(), page_size=50, collection=EVERYTHING) as (tables, payloads, _):
        stored = b"".join(payload.body for payload in payloads)
        for member in (b"sdkTelemetryAppInsightsKey", b"relayConnectionString", b"createdBy"):
            assert b'"%s":"[redacted]"' % member in stored
        assert b"@example.com" not in stored
        assert not tables.gaps["message"].str.contains("@").any()


def test_a_throttled_subscription_does_not_hold_up_the_others() -> None:
    class Order(Silent):
        def __init__(self) -> None:
            self.waits: list[str] = []

        def throttled(self, scope: str, seconds: float) -> None:
            self.waits.append(scope)

    order = Order()
    struck = Fault(
        kind=FaultKind.STATUS, status=429, retry_after=2, times=1, route="workspaces", subscription=VICTIM
    )
    one_at_a_time = Patience(max_concurrency=1, backoff=0.0, throttle_budget=10.0)
    with emulated(TENANT, faults=[struck]) as emulator:
        tables, _ = scanned(emulator, progress=order, patience=one_at_a_time)
        assert order.waits == [VICTIM]
        assert len(tables.workspaces) == SUBSCRIPTIONS * WORKSPACES
        first_try, second_try = (
            position
            for position, request in enumerate(emulator.requests)
            if request.path.lower()
            == f"/subscriptions/{VICTIM}/providers/microsoft.machinelearningservices/workspaces"
        )
        others = [r for r in emulator.requests[first_try:second_try] if VICTIM not in r.path]
        assert others, "while one subscription waited, the single slot served the others"


def test_waits_beyond_the_budget_end_as_a_gap_and_not_as_a_hang() -> None:
    struck = Fault(kind=FaultKind.STATUS, status=429, retry_after=1, route="workspaces", subscription=VICTIM)
    budget = replace(IMPATIENT, throttle_budget=2.0)
    with emulated(TENANT, faults=[struck]) as emulator:
        tables, _ = scanned(emulator, patience=budget)
        tries = [r for r in emulator.requests if r.status == 429]
        assert len(tries) == 3
        assert unread(tables) == [VICTIM]


def test_whoever_waits_for_a_storage_account_keeps_no_workspace_from_being_read() -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=3 * WORKSPACES_AT_ONCE, rules=1)
    later = Fault(
        kind=FaultKind.STATUS,
        status=429,
        code="ResourceRequestsThrottled",
        retry_after=1,
        resource="Microsoft.Storage",
        times=4,
    )
    collection = replace(NETWORK, kinds=NETWORK.kinds | {"associatedResource"})
    with emulated(tenant, faults=[later]) as emulator:
        tables, _ = scanned(emulator, collection=collection)
        asked = [request.path for request in emulator.requests]
    again = [index for index, path in enumerate(asked) if path in asked[:index]]
    read_meanwhile = [path for path in asked[: min(again)] if path.endswith("/outboundRules")]
    assert len(read_meanwhile) > WORKSPACES_AT_ONCE
    assert tables.gaps.empty
