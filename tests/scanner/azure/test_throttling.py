"""Concurrent requests are limited, and waits are kept and count against a budget."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from azure.core.credentials_async import AsyncSupportsTokenInfo

from scanner.azure.arm import Arm
from scanner.azure.clouds import Cloud
from scanner.azure.pipeline import Patience
from scanner.azure.throttling import Throttle, refused_scope, scopes, storage_count
from scanner.emulator.credential import EmulatorCredential
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask
from scanner.progress import Silent
from tests.support.scanning import NOON, scanned

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def arm_before(
    handler: Handler, patience: Patience, credential: AsyncSupportsTokenInfo | None = None
) -> AsyncIterator[Arm]:
    """Yield an Arm that talks to a server on loopback, which answers every path with `handler`."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    cloud = Cloud(name="test", arm_endpoint=url, scope="x/.default", authority=url)
    try:
        async with Arm(
            cloud, credential or EmulatorCredential(), clock=lambda: NOON, patience=patience
        ) as arm:
            yield arm
    finally:
        await runner.cleanup()


def ask(arm: Arm, subscription: str, number: int) -> Ask:
    url = arm.url(f"/subscriptions/{subscription}/things/{number}", "1")
    return Ask(kind="things", scope="/x", url=url, api_version="1", subscription_id=subscription)


def test_requests_are_bounded_overall_and_per_subscription() -> None:
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def handler(request: web.Request) -> web.StreamResponse:
        scope, _ = scopes(str(request.url))
        under_way.update([scope, "all"])
        most.update({key: max(0, under_way[key] - most[key]) for key in (scope, "all")})
        await asyncio.sleep(0.005)
        under_way.subtract([scope, "all"])
        return web.json_response({})

    async def run() -> None:
        async with arm_before(handler, Patience(max_concurrency=7, max_per_subscription=3)) as arm:
            asks = [ask(arm, f"s{number % 5}", number) for number in range(100)]
            answers = await asyncio.gather(*(arm.get(each) for each in asks))
            assert all(isinstance(answer, Payload) for answer in answers)

    asyncio.run(run())
    assert most["all"] == 7
    assert all(count <= 3 for scope, count in most.items() if scope != "all")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response(text="<html>busy</html>", content_type="text/html"), "NotJson"),
        (web.Response(text="[]", content_type="application/json"), "NotJson"),
        (web.Response(text='"text"', content_type="application/json"), "NotJson"),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), "HTTP302"),
        (web.Response(status=400, text="no json"), "HTTP400"),
        (web.Response(status=403, text='{"code": "X", "message": "without envelope"}'), "X"),
        (web.Response(status=403, text='{"error": "a string"}'), "a string"),
    ],
    ids=["html", "array", "string", "redirect", "text", "no-envelope", "string-error"],
)
def test_whatever_comes_instead_of_a_json_object_is_a_gap(answer: web.Response, code: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def run() -> Payload | Gap:
        async with arm_before(handler, Patience(backoff=0.0)) as arm:
            return await arm.get(ask(arm, "s", 1))

    gap = asyncio.run(run())
    assert isinstance(gap, Gap)
    assert gap.code == code


def test_a_wait_is_charged_once_however_many_requests_hear_of_it() -> None:
    heard: list[float] = []

    async def run() -> None:
        throttle = Throttle(budget=10.0, on_wait=lambda scope, seconds: heard.append(seconds))
        for _ in range(5):
            assert throttle.grants("s", 6.0)
            throttle.close("s", 6.0)
        assert not throttle.grants("s", 11.0)
        assert throttle.grants("other", 10.0)

    asyncio.run(run())
    assert len(heard) <= 5
    assert sum(heard) == pytest.approx(6.0, abs=0.5)


def test_a_closed_gate_opens_again_for_its_own_subscription_only() -> None:
    async def run() -> list[str]:
        order: list[str] = []
        throttle = Throttle(budget=10.0, on_wait=lambda scope, seconds: None)
        throttle.close("slow", 0.2)

        async def through(scope: str) -> None:
            await throttle.opened(scope)
            order.append(scope)

        await asyncio.gather(through("slow"), through("quick"))
        return order

    assert asyncio.run(run()) == ["quick", "slow"]


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        ("https://a/subscriptions/ABC/providers/x?api-version=1", "abc"),
        ("https://a/Subscriptions/abc?x=/subscriptions/other", "abc"),
        ("https://a/subscriptions?api-version=1", ""),
        ("https://a/providers/Microsoft.Management/managementGroups/x", ""),
    ],
)
def test_requests_are_counted_by_the_subscription_they_name(url: str, scope: str) -> None:
    assert scopes(url)[0] == scope


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/subscriptions/A/providers/Microsoft.ML/workspaces?x=/providers/z", "a/microsoft.ml"),
        ("/subscriptions/a/x/providers/B/w/1/providers/Microsoft.Insights/d", "a/microsoft.insights"),
        ("/subscriptions/a", "a/"),
        ("/providers/Microsoft.Management/groups", "/microsoft.management"),
    ],
)
def test_a_provider_is_the_last_one_a_url_names(path: str, scope: str) -> None:
    assert scopes(f"https://a{path}")[1] == scope


URL = "https://a/subscriptions/s/providers/Microsoft.Storage/x"
LEFT = "x-ms-ratelimit-remaining-subscription-reads"


@pytest.mark.parametrize(
    ("headers", "body", "scope"),
    [
        ({}, b"SubscriptionRequestsThrottled", "s"),
        ({LEFT: "0"}, b"ResourceRequestsThrottled", "s/microsoft.storage"),
        ({LEFT: "0"}, b"TooManyRequests", "s"),
        ({LEFT: "200"}, b"TooManyRequests", "s/microsoft.storage"),
        ({LEFT: "200", "x-ms-failure-cause": "gateway"}, b"", "s"),
        ({}, b"", "s"),
        ({LEFT: "many"}, b"", "s"),
    ],
)
def test_a_429_is_the_providers_only_where_that_is_certain(
    headers: dict[str, str], body: bytes, scope: str
) -> None:
    assert refused_scope(URL, headers, body) == scope


def test_a_providers_wait_stalls_neither_other_providers_nor_other_subscriptions() -> None:
    arrived: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        arrived.append(request.path)
        if arrived.count(request.path) == 1 and "Storage" in request.path:
            error = {"error": {"code": "ResourceRequestsThrottled", "message": "later"}}
            return web.json_response(error, status=429, headers={"Retry-After": "1"})
        return web.json_response({})

    def path(provider: str, number: int) -> str:
        return f"/subscriptions/s/providers/{provider}/things/{number}"

    async def run() -> None:
        async with arm_before(handler, Patience()) as arm:

            async def read(provider: str, number: int) -> None:
                url = arm.url(path(provider, number), "1")
                each = Ask(kind="x", scope="/x", url=url, api_version="1", subscription_id="s")
                assert isinstance(await arm.get(each), Payload)

            await asyncio.gather(
                *(read("Storage", number) for number in range(12)),
                *(read("ML", number) for number in range(40)),
            )

    asyncio.run(run())
    last_of_others = max(index for index, each in enumerate(arrived) if "ML" in each)
    retried = [index for index, each in enumerate(arrived) if each in arrived[:index]]
    assert len(arrived) == 52 + len(retried)
    assert retried
    assert min(retried) > last_of_others


def test_nothing_more_is_asked_once_the_waits_are_used_up() -> None:
    """Every question about one subscription is throttled for longer than the scan may wait."""
    tenant = generated_tenant(subscriptions=2, workspaces=30, rules=2, seed=7)
    slow = str(tenant.subscriptions[0]["subscriptionId"])
    struck = Fault(
        kind=FaultKind.STATUS, status=429, retry_after=60, route="outboundRules", subscription=slow
    )
    with emulated(tenant, faults=[struck]) as emulator:
        tables, _ = scanned(emulator, patience=Patience(throttle_budget=5.0, backoff=0.0))
        asked = [
            each for each in emulator.requests if each.path.endswith("outboundRules") and slow in each.path
        ]
        assert len(asked) <= Patience().max_per_subscription
    gaps = tables.gaps[tables.gaps["asked"].eq("outboundRules")]
    assert len(gaps) > 20
    assert gaps["code"].value_counts()["MaxWaitUsedUp"] >= len(gaps) - len(asked)
    assert gaps["closes"].str.contains("--max-wait").all()
    assert len(tables.workspaces) == 60


@pytest.mark.parametrize(("status", "kind"), [(429, "throttled"), (503, "unavailable")])
def test_only_a_429_is_called_throttling(status: int, kind: str) -> None:
    class Heard(Silent):
        def __init__(self) -> None:
            self.kinds = set[str]()

        def throttled(self, scope: str, seconds: float) -> None:
            self.kinds.add("throttled")

        def unavailable(self, scope: str, seconds: float) -> None:
            self.kinds.add("unavailable")

    tenant = generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=7)
    struck = Fault(kind=FaultKind.STATUS, status=status, retry_after=1, route="workspaces", times=1)
    heard = Heard()
    with emulated(tenant, faults=[struck]) as emulator:
        scanned(emulator, progress=heard)
    assert heard.kinds == {kind}


def test_one_odd_answer_that_asks_for_an_hour_is_one_gap() -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=12, rules=2, seed=7)
    struck = Fault(kind=FaultKind.STATUS, status=429, retry_after=3600, route="outboundRules", times=1)
    with emulated(tenant, faults=[struck]) as emulator:
        tables, _ = scanned(emulator, patience=Patience(throttle_budget=5.0, backoff=0.0))
    assert tables.gaps["asked"].tolist() == ["outboundRules"]


GROUP = "https://management.azure.com/subscriptions/S/resourceGroups/g/providers"


@pytest.mark.parametrize(
    ("url", "count"),
    [
        (
            f"{GROUP}/Microsoft.Storage/storageAccounts/one?api-version=2024-01-01",
            ("s/microsoft.storage reads", 800),
        ),
        (
            "https://management.azure.com/subscriptions/S/providers/Microsoft.Storage/storageAccounts?api-version=1",
            ("s/microsoft.storage lists", 100),
        ),
        (f"{GROUP}/Microsoft.Storage/storageAccounts/one/networkSecurityPerimeterConfigurations", None),
        (f"{GROUP}/Microsoft.KeyVault/vaults/one", None),
    ],
)
def test_storage_counts_reads_and_lists_of_accounts(url: str, count: tuple[str, int] | None) -> None:
    assert storage_count(url) == count
