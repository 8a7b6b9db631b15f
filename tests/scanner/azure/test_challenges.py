"""Tokens that expire during a scan are renewed. One new token answers a claims challenge of many requests."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
from typer.testing import CliRunner

from scanner.azure.clouds import Cloud
from scanner.azure.credentials import credential
from scanner.choices import Auth
from scanner.cli.main import app
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.payloads.payload import Gap, Payload
from tests.scanner.azure.test_throttling import arm_before, ask
from tests.support.scanning import IMPATIENT, scanned

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1763726400"}}}'
CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize", '
    f'error="insufficient_claims", claims="{base64.b64encode(CLAIMS.encode()).decode()}"'
)


class Issuer:
    """Issues tokens 1, 2, 3, …, each valid for `lifetime` seconds, and records every request for one."""

    def __init__(self, lifetime: int = 3600) -> None:
        self.lifetime = lifetime
        self.asked: list[TokenRequestOptions] = []

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        self.asked.append(options or {})
        return AccessTokenInfo(str(len(self.asked)), int(time.time()) + self.lifetime)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Issuer:
        return self

    async def __aexit__(self, *exception: Any) -> None:
        pass


def refused() -> web.Response:
    error = {"error": {"code": "InvalidAuthenticationToken", "message": "No longer good."}}
    return web.json_response(error, status=401, headers={"WWW-Authenticate": CHALLENGE})


def answers(issuer: Issuer, good_from: int, count: int) -> tuple[list[Payload | Gap], list[str]]:
    """Return the answers to `count` concurrent questions if only tokens from `good_from` on are valid."""
    tokens: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        return web.json_response({}) if int(tokens[-1]) >= good_from else refused()

    async def run() -> list[Payload | Gap]:
        async with arm_before(handler, IMPATIENT, issuer) as arm:
            return list(await asyncio.gather(*(arm.get(ask(arm, f"s{each}", 1)) for each in range(count))))

    return asyncio.run(run()), tokens


def test_a_token_about_to_end_is_renewed_before_it_is_used() -> None:
    issuer = Issuer(lifetime=60)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response({"number": int(request.headers["Authorization"].removeprefix("Bearer "))})

    async def run() -> list[int]:
        async with arm_before(handler, IMPATIENT, issuer) as arm:
            found = [await arm.get(ask(arm, "s", number)) for number in range(3)]
            return [each.document["number"] for each in found if isinstance(each, Payload)]

    assert asyncio.run(run()) == [2, 3, 4]


def test_whoever_waited_long_is_given_a_token_that_is_good_now() -> None:
    issuer, asked = Issuer(lifetime=60), list[str]()

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if len(asked) == 1:
            return web.json_response({}, status=429, headers={"Retry-After": "1"})
        return web.json_response({"number": int(request.headers["Authorization"].removeprefix("Bearer "))})

    async def run() -> list[int]:
        async with arm_before(handler, IMPATIENT, issuer) as arm:
            throttled = asyncio.create_task(arm.get(ask(arm, "busy", 1)))
            while not asked:
                await asyncio.sleep(0)
            idle = [await arm.get(ask(arm, "idle", number)) for number in range(3)]
            found = [*idle, await throttled]
            return [each.document["number"] for each in found if isinstance(each, Payload)]

    *before, last = asyncio.run(run())
    assert len(before) == 3
    assert last > max(before)


def test_tokens_that_end_in_mid_scan_are_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read four pages of 1.2 s each one after the other. The first token expires before the last page."""
    tenant = replace(generated_tenant(subscriptions=1, workspaces=4, rules=0), token_seconds=1)
    monkeypatch.setenv("AZURE_TENANT_ID", tenant.tenant_id)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", CLIENT_SECRET)
    slow = Fault(kind=FaultKind.LATENCY, seconds=1.2, route="workspaces")
    with emulated(tenant, tls=True, faults=[slow], page_size=1) as emulator:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        options = ["--auth", "environment", "--arm-endpoint", emulator.url, "--ca-bundle", str(authority)]
        output = ["--policy", "internet-outbound", "-q", "-o", str(tmp_path / "report")]
        result = CliRunner().invoke(app, ["scan", *options, *output])
        statuses = {request.status for request in emulator.requests}
        granted = [request for request in emulator.requests if request.path.endswith("/token")]
    assert result.exit_code in (0, 1), result.output
    assert statuses == {200}
    assert len(granted) > 1


def test_one_new_token_answers_the_challenge_that_many_heard() -> None:
    issuer = Issuer()
    found, tokens = answers(issuer, good_from=3, count=20)
    assert all(isinstance(each, Payload) for each in found)
    assert [options.get("claims") for options in issuer.asked].count(CLAIMS) == 1
    assert tokens.count("2") <= 20
    assert set(tokens) == {"2", "3"}
    assert all(options.get("enable_cae") for options in issuer.asked)


def test_where_the_new_token_is_refused_too_that_is_a_gap() -> None:
    issuer = Issuer()
    found, tokens = answers(issuer, good_from=99, count=3)
    assert [each.code for each in found if isinstance(each, Gap)] == ["InvalidAuthenticationToken"] * 3
    assert [options.get("claims") for options in issuer.asked].count(CLAIMS) == 1
    assert len(tokens) == 6


def test_azure_identity_asks_the_emulated_entra_anew_for_the_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=0, rules=0)
    for name, value in {
        "TENANT_ID": tenant.tenant_id,
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
    }.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    heard: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        heard.append(request.path)
        return refused() if len(heard) == 1 else web.json_response({})

    async def run(entra: str, authority: Path) -> Payload | Gap:
        cloud = Cloud(name="x", arm_endpoint=entra, scope="x/.default", authority=entra, is_known=False)
        signed_in = credential(Auth.ENVIRONMENT, cloud, ca_bundle=authority)
        async with arm_before(handler, IMPATIENT, signed_in) as arm:
            return await arm.get(ask(arm, "s", 1))

    with emulated(tenant, tls=True) as emulator:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        assert isinstance(asyncio.run(run(emulator.url, authority)), Payload)
        assert [request.method for request in emulator.requests if request.path.endswith("/token")] == [
            "POST"
        ] * 2
    assert len(heard) == 2


def test_a_challenge_in_mid_scan_costs_nothing() -> None:
    tenant = generated_tenant(subscriptions=2, workspaces=2, rules=2)
    challenged = Fault(kind=FaultKind.CLAIMS_CHALLENGE, route="outboundRules", times=1)
    with emulated(tenant, faults=[challenged]) as emulator:
        tables, _ = scanned(emulator)
        assert [request.status for request in emulator.requests].count(401) == 1
    assert len(tables.workspaces) == 4
    assert tables.gaps.empty


def plainly_refused() -> web.Response:
    """A refusal without claims, as Azure sends it for a token that was revoked."""
    error = {"error": {"code": "InvalidAuthenticationToken", "message": "The access token is invalid."}}
    header = {"WWW-Authenticate": 'Bearer authorization_uri="https://login.example", error="invalid_token"'}
    return web.json_response(error, status=401, headers=header)


class Caching(Issuer):
    """Issues one token until claims ask for a new one, as the credentials of azure-identity do."""

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        self.asked.append(options or {})
        new = sum("claims" in each for each in self.asked)
        return AccessTokenInfo(str(1 + new), int(time.time()) + self.lifetime)


@pytest.mark.parametrize("issuer", [Issuer, Caching])
@pytest.mark.parametrize("at_once", [1, 20])
def test_a_plain_401_gets_one_fresh_token(issuer: type[Issuer], at_once: int) -> None:
    credential = issuer()

    async def handler(request: web.Request) -> web.Response:
        return (
            plainly_refused()
            if request.headers["Authorization"] == "Bearer 1"
            else web.json_response({"value": []})
        )

    async def run() -> list[Payload | Gap]:
        async with arm_before(handler, IMPATIENT, credential) as arm:
            return await asyncio.gather(*(arm.get(ask(arm, "s", number)) for number in range(at_once)))

    answers = asyncio.run(run())
    assert all(isinstance(answer, Payload) for answer in answers)
    assert len(credential.asked) <= 4, "sign-in, first use, renewal, and renewal past the cache"


@pytest.mark.parametrize("issuer", [Issuer, Caching])
def test_a_token_that_is_always_refused_is_renewed_once_and_then_a_gap(issuer: type[Issuer]) -> None:
    credential, sent = issuer(), list[str]()

    async def handler(request: web.Request) -> web.Response:
        sent.append(request.headers["Authorization"])
        return plainly_refused()

    async def run() -> list[Payload | Gap]:
        async with arm_before(handler, IMPATIENT, credential) as arm:
            return [await arm.get(ask(arm, "s", number)) for number in range(10)]

    gaps = asyncio.run(run())
    assert all(isinstance(gap, Gap) for gap in gaps)
    assert len(sent) == 11
    assert len(credential.asked) <= 3 + 10
