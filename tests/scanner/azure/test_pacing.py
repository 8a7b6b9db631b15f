"""The rate and the number of concurrent requests adapt to the answers."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

from scanner.azure.pacing import Bucket, Window
from scanner.azure.pipeline import Patience
from scanner.payloads.payload import Payload
from tests.scanner.azure.test_throttling import arm_before, ask


def test_a_full_bucket_gives_all_at_once_and_then_one_after_the_other() -> None:
    bucket = Bucket(capacity=250, rate=25)
    assert [bucket.taken(100.0) for _ in range(250)] == [0.0] * 250
    assert [bucket.taken(100.0) for _ in range(3)] == pytest.approx([0.04, 0.08, 0.12])
    assert bucket.taken(101.0) == 0.0


def test_a_bucket_never_holds_more_than_its_capacity() -> None:
    bucket = Bucket(capacity=2, rate=1)
    bucket.taken(0.0)
    assert [bucket.taken(1000.0) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_the_bucket_believes_azure_that_less_is_left_but_not_that_more_is() -> None:
    bucket = Bucket(capacity=10, rate=1)
    bucket.lower_to(249, 0.0)
    assert [bucket.taken(0.0) for _ in range(11)][-2:] == [0.0, 1.0]
    bucket = Bucket(capacity=10, rate=1)
    bucket.lower_to(1, 0.0)
    assert [bucket.taken(0.0) for _ in range(3)] == [0.0, 1.0, 2.0]


def full(window: Window, seconds: float, rounds: int) -> None:
    """Let the window learn from answers while all its slots are taken."""

    async def run() -> None:
        for _ in range(rounds):
            while not window._slots.locked():
                await window.__aenter__()
            window.answered(seconds)

    asyncio.run(run())


def test_a_window_opens_by_one_with_every_answer_up_to_its_most() -> None:
    window = Window("w", start=2, most=6)
    full(window, 0.04, 3)
    assert window.limit == 5
    full(window, 0.04, 9)
    assert window.limit == 6


def test_a_window_that_nobody_fills_stays_as_it_is() -> None:
    window = Window("w", start=4, most=8)
    for _ in range(20):
        window.answered(0.04)
    assert window.limit == 4


def test_a_window_does_not_grow_while_answers_are_slower_than_usual() -> None:
    window = Window("w", start=2, most=99)
    full(window, 0.04, 5)
    grown = window.limit
    full(window, 0.4, 4)
    assert window.limit == grown
    full(window, 0.04, 40)
    assert window.limit > grown


def test_a_refusal_halves_once_for_all_that_was_under_way_then_growth_is_slow() -> None:
    window = Window("w", start=16, most=16)
    for sent_at in (1.0, 1.1, 1.2):
        window.refused(sent_at, now=2.0)
    assert window.limit == 8
    window.refused(2.5, now=3.0)
    assert window.limit == 4
    full(window, 0.04, 4)
    assert window.limit == 5
    for sent_at in range(4, 9):
        window.refused(float(sent_at), now=sent_at + 0.5)
    assert window.limit == 1


def test_a_window_that_shrank_lets_no_more_in_than_it_says() -> None:
    async def run() -> int:
        window = Window("w", start=8, most=8)
        under_way = most = 0

        async def one() -> None:
            nonlocal under_way, most
            async with window:
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0)
                under_way -= 1

        window.refused(1.0, now=2.0)
        window.refused(3.0, now=4.0)
        await asyncio.gather(*(one() for _ in range(30)))
        return most

    assert asyncio.run(run()) == 2


def test_a_waiter_that_gives_up_takes_no_slot_along() -> None:
    async def run() -> None:
        window = Window("w", start=2, most=2)
        async with window:
            window.refused(1.0, now=2.0)
            waiting = asyncio.ensure_future(window.__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(5), window:
            pass

    asyncio.run(run())


def test_a_throttled_subscription_is_asked_with_half_the_force_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal tries
        tries += 1
        if "/busy/" in request.path and tries <= 8:
            return web.json_response({}, status=429)
        return web.json_response({})

    async def run() -> None:
        async with arm_before(handler, Patience(backoff=0.0)) as arm:
            asks = [ask(arm, "busy", number) for number in range(16)]
            answers = await asyncio.gather(*(arm.get(each) for each in asks))
            assert all(isinstance(answer, Payload) for answer in answers)
            await asyncio.gather(*(arm.get(ask(arm, "idle", number)) for number in range(4)))

    with caplog.at_level(logging.DEBUG, "azml_audit.concurrency"):
        asyncio.run(run())
    assert caplog.messages[0] == "busy: 4 concurrent requests instead of 8: a request was refused"
    assert not any(message.startswith(("idle", "overall")) for message in caplog.messages)


@pytest.mark.parametrize("status", [429, 503])
def test_what_all_share_narrows_where_most_are_turned_away(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=status)

    async def run() -> None:
        async with arm_before(handler, Patience(backoff=0.0)) as arm:
            await asyncio.gather(*(arm.get(ask(arm, f"s{number}", 1)) for number in range(10)))

    with caplog.at_level(logging.DEBUG, "azml_audit.concurrency"):
        asyncio.run(run())
    assert "overall: 24 concurrent requests instead of 48: a request was refused" in caplog.messages


def test_what_azure_counts_as_left_slows_that_subscription_only(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        left = "0" if "/poor/" in request.path else "249"
        return web.json_response({}, headers={"x-ms-ratelimit-remaining-subscription-reads": left})

    async def run() -> None:
        async with arm_before(handler, Patience(reads_per_second=20.0)) as arm:
            for number in range(3):
                await arm.get(ask(arm, "rich", number))
                await arm.get(ask(arm, "poor", number))

    with caplog.at_level(logging.DEBUG, "azml_audit.concurrency"):
        asyncio.run(run())
    assert len(caplog.messages) == 2
    assert all(message.startswith("poor: its bucket is empty") for message in caplog.messages)


@pytest.mark.parametrize("scans", [1, 2, 3])
def test_scans_of_one_principal_share_the_rate_that_azure_grants(scans: int) -> None:
    """Azure adds 10 requests each second, not 25. Time is simulated: each scan sends when its bucket allows."""
    granted, left, refused, sent = 10.0, 50.0, 0, 0
    buckets = [Bucket(capacity=50, rate=25) for _ in range(scans)]
    due = [(0.0, number) for number in range(scans)]
    now = 0.0
    while now < 300.0:
        due.sort()
        moment, number = due.pop(0)
        left = min(50.0, left + (moment - now) * granted)
        now = moment
        is_refused = left < 1
        left -= not is_refused
        sent += now > 60.0
        refused += is_refused and now > 60.0
        buckets[number].lower_to(int(left), now, is_refused=is_refused)
        due.append((now + max(0.01, buckets[number].taken(now)), number))
    assert sent > 0.7 * granted * 240
    assert refused < 0.1 * sent
