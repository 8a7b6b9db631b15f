"""Every fault strikes what it names, as often as it says, in ARM's own words."""

from __future__ import annotations

import http.client
from dataclasses import replace
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from scanner.emulator.demo.places import FINANCE_ID, PRODUCTION_ID, RESEARCH_ID
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import STORAGE_LIMITS, generated_tenant
from scanner.emulator.tenants.identity import USER_NAME, access_token
from scanner.tables.associated import TYPES
from tests.scanner.emulator.test_emulator import VISION, WORKSPACES, ask, items

STORAGE_VERSION = next(each.api_version for each in TYPES if each.role == "storage")
RESEARCH_WORKSPACES = WORKSPACES.replace(PRODUCTION_ID, RESEARCH_ID)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "NoRegisteredProviderFound"),
        (401, "InvalidAuthenticationToken"),
        (403, "AuthorizationFailed"),
        (404, "SubscriptionNotFound"),
        (409, "MissingSubscriptionRegistration"),
        (429, "SubscriptionRequestsThrottled"),
        (500, "InternalServerError"),
        (503, "ServerBusy"),
        (502, "EmulatedFault"),
    ],
)
def test_a_status_is_answered_with_the_error_that_belongs_to_it(status: int, code: str) -> None:
    with emulated(demo_tenant(), faults=[Fault(kind=FaultKind.STATUS, status=status)]) as emulator:
        reply = ask(emulator, WORKSPACES)
    assert (reply.status, reply.code) == (status, code)
    assert reply.json["error"]["message"]


def test_a_refusal_names_client_action_and_scope() -> None:
    with emulated(demo_tenant(), faults=[Fault(kind=FaultKind.STATUS, status=403)]) as emulator:
        listed = ask(emulator, WORKSPACES).json["error"]["message"]
        rules = ask(emulator, f"{VISION}/outboundRules").json["error"]["message"]
        one = ask(emulator, VISION).json["error"]["message"]
    assert f"The client '{USER_NAME}' with object id '" in listed
    assert (
        f"'Microsoft.MachineLearningServices/workspaces/read' over scope '/subscriptions/{PRODUCTION_ID}'"
        in listed
    )
    assert f"'Microsoft.MachineLearningServices/workspaces/outboundRules/read' over scope '{VISION}'" in rules
    assert f"over scope '{VISION}' or the scope is invalid." in one


def test_a_missing_registration_names_the_provider_in_its_details() -> None:
    with emulated(demo_tenant(), faults=[Fault(kind=FaultKind.STATUS, status=409)]) as emulator:
        error = ask(emulator, WORKSPACES).json["error"]
    assert error["details"][0]["target"] == "Microsoft.MachineLearningServices"
    assert error["details"][0]["code"] == error["code"]


def test_code_and_message_can_be_given() -> None:
    fault = Fault(
        kind=FaultKind.STATUS, status=401, code="InvalidAuthenticationTokenTenant", message="wrong one"
    )
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        reply = ask(emulator, WORKSPACES)
    assert reply.json == {"error": {"code": "InvalidAuthenticationTokenTenant", "message": "wrong one"}}
    assert "WWW-Authenticate" in reply.headers


def test_a_fault_strikes_as_often_as_it_says_and_then_no_more() -> None:
    fault = Fault(kind=FaultKind.STATUS, status=503, times=2)
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        assert [ask(emulator, WORKSPACES).status for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        (Fault(kind=FaultKind.STATUS, route="workspaces"), [500, 500, 200, 200, 200]),
        (Fault(kind=FaultKind.STATUS, route="workspace"), [200, 200, 500, 200, 200]),
        (Fault(kind=FaultKind.STATUS, subscription=RESEARCH_ID.upper()), [200, 500, 200, 200, 200]),
        (Fault(kind=FaultKind.STATUS, resource="MLW-vision"), [200, 200, 500, 500, 200]),
        (Fault(kind=FaultKind.STATUS), [500, 500, 500, 500, 200]),
        (Fault(kind=FaultKind.STATUS, route="metadata"), [200, 200, 200, 200, 500]),
    ],
)
def test_a_fault_strikes_only_what_it_names(fault: Fault, struck: list[int]) -> None:
    paths = [WORKSPACES, RESEARCH_WORKSPACES, VISION, f"{VISION}/computes", "/metadata/endpoints"]
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        assert [ask(emulator, path).status for path in paths] == struck


def test_a_fault_strikes_a_single_page() -> None:
    fault = Fault(kind=FaultKind.STATUS, route="workspaces", page=2, status=500, times=1)
    with emulated(demo_tenant(), faults=[fault], page_size=3) as emulator:
        link = ask(emulator, WORKSPACES).json["nextLink"].removeprefix(emulator.url)
        assert [ask(emulator, link, version=None).status for _ in range(2)] == [500, 200]


@pytest.mark.parametrize(("seconds", "header"), [(7.0, "7"), (0.05, "0.05"), (None, None)])
def test_throttling_tells_when_to_come_back_if_it_is_told_to(
    seconds: float | None, header: str | None
) -> None:
    fault = Fault(kind=FaultKind.STATUS, status=429, retry_after=seconds)
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        reply = ask(emulator, WORKSPACES)
    assert reply.headers.get("Retry-After") == header
    assert reply.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"


def test_each_subscription_has_a_token_bucket_of_its_own() -> None:
    fault = Fault(kind=FaultKind.TOKEN_BUCKET, capacity=2, refill=0.001)
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        production = [ask(emulator, WORKSPACES) for _ in range(3)]
        research = ask(emulator, RESEARCH_WORKSPACES)
    assert [reply.status for reply in production] == [200, 200, 429]
    assert 0 < int(production[2].headers["Retry-After"]) <= 1000
    assert research.status == 200


def test_a_token_bucket_fills_up_again() -> None:
    fault = Fault(kind=FaultKind.TOKEN_BUCKET, capacity=1, refill=1e9)
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        assert [ask(emulator, WORKSPACES).status for _ in range(5)] == [200] * 5


def test_a_provider_counts_the_reads_of_each_region_and_the_lists_apart() -> None:
    tenant = generated_tenant(
        subscriptions=1, workspaces=3, rules=0, with_dependencies=True, has_storage_limits=True
    )
    accounts = [each.id for each in tenant.resources if "/storageAccounts/" in each.id]
    listed = f"/subscriptions/{tenant.subscriptions[0]['subscriptionId']}/providers/Microsoft.Storage/storageAccounts"
    limits = [replace(each, capacity=2) for each in STORAGE_LIMITS]
    with emulated(replace(tenant, default_faults=()), faults=limits) as emulator:
        reads = [ask(emulator, each, version=STORAGE_VERSION) for each in accounts]
        lists = [ask(emulator, listed, version=STORAGE_VERSION) for _ in range(3)]
        workspaces = ask(emulator, tenant.resources[0].id)
    assert [each.status for each in reads] == [200, 200, 429] == [each.status for each in lists]
    assert (reads[2].code, lists[2].code, workspaces.status) == ("TooManyRequests", "TooManyRequests", 200)
    assert "Read_ObservationWindow" in reads[2].json["error"]["message"]
    assert "List_ObservationWindow" in lists[2].json["error"]["message"]
    assert 0 < int(reads[2].headers["Retry-After"]) <= 300


def test_a_provider_counts_each_region_and_starts_again_when_the_time_is_over() -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=2, rules=0, with_dependencies=True)
    first, second = (each for each in tenant.resources if "/storageAccounts/" in each.id)
    elsewhere = replace(second, body={**second.body, "location": "elsewhere"})
    resources = tuple(elsewhere if each is second else each for each in tenant.resources)
    limit = Fault(kind=FaultKind.PROVIDER_LIMIT, route="associated", capacity=1, seconds=1e9)
    short = replace(limit, seconds=1e-9)
    with emulated(replace(tenant, resources=resources), faults=[limit]) as emulator:
        statuses = [ask(emulator, each.id, version=STORAGE_VERSION).status for each in (first, second, first)]
    with emulated(tenant, faults=[short]) as emulator:
        again = [ask(emulator, first.id, version=STORAGE_VERSION).status for _ in range(3)]
    assert (statuses, again) == ([200, 200, 429], [200] * 3)


def test_latency_changes_nothing_in_the_answer() -> None:
    fault = Fault(kind=FaultKind.LATENCY, seconds=0.01, times=1)
    with emulated(demo_tenant(), faults=[fault], latency_ms=1, jitter_ms=1) as emulator:
        slow, quick = ask(emulator, VISION), ask(emulator, VISION)
    assert slow.body == quick.body


@pytest.mark.parametrize("tls", [False, True])
def test_a_reset_connection_gives_no_answer(tls: bool) -> None:
    with emulated(demo_tenant(), faults=[Fault(kind=FaultKind.RESET, times=1)], tls=tls) as emulator:
        with pytest.raises(ConnectionResetError):
            ask(emulator, VISION)
        assert emulator.requests[0].status == 0
        assert ask(emulator, VISION).status == 200


@pytest.mark.parametrize("tls", [False, True])
def test_a_truncated_body_is_shorter_than_announced(tls: bool) -> None:
    with emulated(demo_tenant(), faults=[Fault(kind=FaultKind.TRUNCATE, times=1)], tls=tls) as emulator:
        with pytest.raises(http.client.IncompleteRead) as broken:
            ask(emulator, VISION)
        whole = ask(emulator, VISION).body
    assert whole.startswith(broken.value.partial)
    assert len(broken.value.partial) == len(whole) // 2


def test_a_foreign_next_link_leads_to_a_host_that_tells_who_came() -> None:
    fault = Fault(kind=FaultKind.FOREIGN_NEXT_LINK, route="workspaces")
    with emulated(demo_tenant(), faults=[fault]) as emulator:
        link = ask(emulator, WORKSPACES).json["nextLink"]
        assert urlsplit(link).hostname != urlsplit(emulator.url).hostname
        assert emulator.foreign_host_hits == []
        for headers in ({}, {"Authorization": f"Bearer {access_token()}"}):
            with urlopen(Request(link, headers=headers), timeout=10) as response:
                assert response.status == 200
        assert [hit.authorized for hit in emulator.foreign_host_hits] == [False, True]
        assert emulator.count == 1


def test_a_looping_next_link_names_the_page_it_stands_on() -> None:
    fault = Fault(kind=FaultKind.NEXT_LINK_LOOP, route="workspaces", page=2)
    with emulated(demo_tenant(), faults=[fault], page_size=3) as emulator:
        second = ask(emulator, WORKSPACES).json["nextLink"]
        again = ask(emulator, second.removeprefix(emulator.url), version=None).json["nextLink"]
    assert again == second


def test_a_null_value_strikes_lists_only() -> None:
    with emulated(demo_tenant(), faults=[Fault(kind=FaultKind.NULL_VALUE, times=1)]) as emulator:
        assert ask(emulator, VISION).json["name"] == "mlw-vision-prod"
        assert ask(emulator, WORKSPACES).json["value"] is None
        assert ask(emulator, WORKSPACES).json["value"]


def test_the_demo_has_a_subscription_that_cannot_be_read() -> None:
    with emulated(demo_tenant()) as emulator:
        listed = items(emulator, "/subscriptions", "2022-12-01")
        reply = ask(emulator, WORKSPACES.replace(PRODUCTION_ID, FINANCE_ID))
    assert FINANCE_ID in [item["subscriptionId"] for item in listed]
    assert (reply.status, reply.code) == (403, "AuthorizationFailed")


def test_a_fault_is_read_from_one_line() -> None:
    assert Fault.parse(
        "kind=status, route=workspaces, subscription=s1, status=429, retry-after=0.5, times=3"
    ) == Fault(
        kind=FaultKind.STATUS, route="workspaces", subscription="s1", status=429, retry_after=0.5, times=3
    )
    assert Fault.parse("kind=NEXT_LINK_LOOP,page=2") == Fault(kind=FaultKind.NEXT_LINK_LOOP, page=2)
    assert Fault.parse("kind=provider-limit,capacity=5") == Fault(kind=FaultKind.PROVIDER_LIMIT, capacity=5)
    assert Fault.parse("kind=token_bucket,capacity=5,refill=2") == Fault(
        kind=FaultKind.TOKEN_BUCKET, capacity=5, refill=2
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "allowed: kind="),
        ("route=workspaces", "needs kind=.*latency"),
        ("kind=fire", "unknown kind 'fire'; allowed: status, latency"),
        ("kind=status,route=moon", "unknown route 'moon'; allowed: subscriptions"),
        ("kind=status,colour=red", "cannot read 'colour=red'; allowed: kind=…, route=…"),
        ("kind=status,status=teapot", "status='teapot' is not a number"),
        ("kind=status,status=200", "allowed: 400 to 599"),
        ("kind=status,times=0", "count from 1"),
        ("kind=token-bucket,capacity=0", "capacity of at least 1"),
        ("kind=status,status=403,status=404", "given twice"),
    ],
)
def test_a_fault_that_is_not_understood_says_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fault.parse(text)
