"""One budget ends a question with all its retries, and sign-in too, however slow a server is."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from scanner.azure.pipeline import Patience
from scanner.emulator.faults import Fault, FaultKind
from scanner.payloads.payload import Gap, Payload
from tests.scanner.azure.test_challenges import Issuer
from tests.scanner.azure.test_throttling import Handler, arm_before, ask
from tests.support.command_line import COMPLIANT, run, served
from tests.support.scanning import IMPATIENT

HANG_GUARD = 60.0
BRIEF = replace(IMPATIENT, question_timeout=1.0, read_timeout=0.4, retries=50)


def answered(handler: Handler, patience: Patience, issuer: Issuer | None = None) -> Payload | Gap:
    async def ran() -> Payload | Gap:
        async with asyncio.timeout(HANG_GUARD), arm_before(handler, patience, issuer) as arm:
            return await arm.get(ask(arm, "s", 1))

    return asyncio.run(ran())


async def silent(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("handler", [silent, dripping])
def test_a_slow_server_costs_one_budget_for_all_tries(handler: Handler) -> None:
    gap = answered(handler, BRIEF)
    assert isinstance(gap, Gap)
    assert gap.code == "AnswerTooSlow"
    assert gap.message == "No complete answer came within 1 s, retries included."
    assert "--question-timeout" in gap.closes


def test_a_slow_token_is_within_the_budget_of_its_question() -> None:
    class Slow(Issuer):
        async def get_token_info(self, *scopes: str, options: object = None) -> object:  # type: ignore[override]
            if self.asked:
                await asyncio.sleep(3600)
            return await super().get_token_info(*scopes)

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response({})

    gap = answered(handler, BRIEF, Slow(lifetime=1))
    assert isinstance(gap, Gap)
    assert gap.code == "AnswerTooSlow"


def test_waits_that_azure_asks_for_do_not_count() -> None:
    asked = Counter[str]()

    async def handler(request: web.Request) -> web.StreamResponse:
        asked[request.path] += 1
        if asked[request.path] < 3:
            return web.json_response({}, status=429, headers={"Retry-After": "1"})
        return web.json_response({})

    assert isinstance(answered(handler, replace(BRIEF, question_timeout=0.8)), Payload)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.LATENCY, "seconds": 3600},
        {"kind": FaultKind.SLOW_BODY, "seconds": 0.3},
        {"kind": FaultKind.STATUS, "status": 429, "retry_after": 3600},
        {"kind": FaultKind.STATUS, "status": 503, "retry_after": 3600},
    ],
    ids=["silent", "dripping", "429 for an hour", "503 for an hour"],
)
def test_a_slow_token_endpoint_ends_the_sign_in(fault: dict[str, object], tmp_path: Path) -> None:
    slow = Fault(route="token", **fault)  # type: ignore[arg-type]
    with served(COMPLIANT, tmp_path, slow) as (_, options, environment):
        code, _, err = run(
            *("scan", *options, "--question-timeout", "2", "--output", str(tmp_path / "report")),
            env=environment,
        )
    assert code == 2
    assert "No token for" in err
    assert "--question-timeout" in err
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "body",
    [
        *("", "{}", "3", "null", "<html>", "[" * 3000, '{"access_token": 3, "expires_in": 3}'),
        *('{"access_token": "x", "expires_in": 1e400}', '{"access_token": null, "expires_in": []}'),
    ],
)
def test_an_odd_answer_of_the_token_endpoint_is_a_failed_sign_in(body: str, tmp_path: Path) -> None:
    odd = Fault(kind=FaultKind.RAW, status=200, route="token", body=body)
    with served(COMPLIANT, tmp_path, odd) as (_, options, environment):
        code, _, err = run("scan", *options, "--output", str(tmp_path / "report"), env=environment)
    assert code == 2
    assert "No token for" in err
