"""Answers without an end are cut off: too large, too large after decompression, or sent byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest
from aiohttp import web

from scanner.azure.pipeline import Patience
from scanner.payloads.payload import Gap, Payload
from scanner.reading.scope import subscriptions
from scanner.scope.wanted import Wanted
from tests.scanner.azure.test_throttling import Handler, arm_before, ask
from tests.support.scanning import IMPATIENT

KIB = 1024
SMALL = replace(IMPATIENT, retries=1, max_answer_bytes=64 * KIB)
JSON = {"Content-Type": "application/json"}


def answer(handler: Handler, patience: Patience) -> Payload | Gap:
    async def run() -> Payload | Gap:
        async with asyncio.timeout(60), arm_before(handler, patience) as arm:
            return await arm.get(ask(arm, "s", 1))

    return asyncio.run(run())


def padded(size: int) -> bytes:
    return json.dumps({"value": [], "padding": "x" * size}).encode()


def test_an_answer_within_bounds_is_read_whole_packed_or_not() -> None:
    body = padded(60 * KIB)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers=JSON)

    async def packed(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(body), headers=JSON | {"Content-Encoding": "gzip"})

    for each in (handler, packed):
        result = answer(each, SMALL)
        assert isinstance(result, Payload)
        assert result.body == body


def test_an_answer_past_the_bound_is_a_gap_and_not_asked_for_again() -> None:
    asked: Counter[str] = Counter()

    async def handler(request: web.Request) -> web.StreamResponse:
        asked[request.path] += 1
        return web.Response(body=padded(65 * KIB), headers=JSON)

    result = answer(handler, SMALL)
    assert isinstance(result, Gap)
    assert (result.code, result.message) == (
        "AnswerTooLarge",
        "The answer has more than 65,536 bytes; the rest was not read.",
    )
    assert list(asked.values()) == [1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (padded(65 * KIB), "AnswerTooLarge"),
        (b"<html>busy</html>", "NotJson"),
        (b'{"value":' + b"[" * 1000 + b"]" * 1000 + b"}", "NotJson"),
        (b'{"value": null}', "ValueNotAList"),
    ],
)
def test_the_list_of_subscriptions_has_the_same_bounds(body: bytes, code: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers=JSON)

    async def run() -> list[Payload | Gap]:
        kept: list[Payload | Gap] = []
        async with asyncio.timeout(60), arm_before(handler, SMALL) as arm:
            await subscriptions([arm], Wanted(), kept.append)
        return kept

    codes = [item.code for item in asyncio.run(run()) if isinstance(item, Gap)]
    assert codes == [code], "an unread list is not an empty one"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(64 * KIB * KIB), compresslevel=1)
    assert len(bomb) < 400 * KIB

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers=JSON | {"Content-Encoding": "gzip"})

    tracemalloc.start()
    result = answer(handler, SMALL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(result, Gap)
    assert result.code == "AnswerTooLarge"
    assert peak < 16 * KIB * KIB, "64 MiB lie in those bytes"


def test_an_answer_told_byte_by_byte_ends_after_the_time_for_a_whole_one() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=JSON)
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    result = answer(handler, replace(SMALL, question_timeout=0.3))
    assert isinstance(result, Gap)
    assert result.message == "No complete answer came within 0.3 s, retries included."
