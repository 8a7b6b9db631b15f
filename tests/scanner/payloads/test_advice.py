"""The advice after a failed connection or sign-in, over real sockets where possible."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from azure.core.exceptions import ClientAuthenticationError
from typer.testing import CliRunner

from scanner.azure.arm import Arm
from scanner.azure.clouds import CA_VARIABLES, discovered
from scanner.azure.credentials import credential
from scanner.choices import Auth
from scanner.cli.main import app
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.errors import CloudError, CredentialError
from scanner.payloads import advice
from scanner.payloads.payload import Gap
from tests.scanner.azure.test_arm import connected_by_environment, environment, read_through
from tests.scanner.azure.test_throttling import arm_before, ask
from tests.support.scanning import IMPATIENT, NOON

TENANT = generated_tenant(subscriptions=2, workspaces=2, rules=2, seed=5)
PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Emulator, Path]]:
    with emulated(TENANT, tls=True) as emulator:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        yield emulator, authority


def discovery_error(url: str, authority: Path | None = None) -> str:
    with pytest.raises(CloudError) as raised:
        asyncio.run(discovered(url, authority))
    return str(raised.value)


@asynccontextmanager
async def certified(folder: Path, name: str, **validity: Any) -> AsyncIterator[tuple[str, Path]]:
    """Yield a TLS server on loopback with a certificate for a name and a time, and its authority's file."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **validity).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}", folder / "ca.pem"


@pytest.mark.parametrize(
    ("name", "validity", "action"),
    [
        ("elsewhere.example", {}, advice.OTHER_HOST),
        ("localhost", {"not_before": PAST, "not_after": PAST + timedelta(days=1)}, advice.EXPIRED),
        ("localhost", {"not_before": FUTURE, "not_after": FUTURE + timedelta(days=1)}, advice.EXPIRED),
    ],
    ids=["other-host", "ended", "not-yet"],
)
def test_a_certificate_that_does_not_fit_says_how(
    name: str, validity: dict[str, Any], action: str, tmp_path: Path
) -> None:
    async def run() -> None:
        async with certified(tmp_path, name, **validity) as (url, authority):
            await discovered(url, authority)

    with pytest.raises(CloudError) as raised:
        asyncio.run(run())
    assert str(raised.value).endswith(action)


def test_an_authority_nobody_knows_is_named_with_the_option_that_helps(tls: tuple[Emulator, Path]) -> None:
    assert discovery_error(tls[0].url).endswith(advice.UNTRUSTED)


def test_the_sign_in_says_the_same(tls: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    cloud = asyncio.run(discovered(tls[0].url, tls[1]))

    async def run() -> None:
        async with Arm(cloud, credential(Auth.ENVIRONMENT, cloud), clock=lambda: NOON, patience=IMPATIENT):
            pass

    with pytest.raises(CredentialError) as raised:
        asyncio.run(run())
    assert str(raised.value).startswith(advice.UNTRUSTED)


def test_a_server_without_tls_is_told_from_one_with_a_bad_certificate() -> None:
    with emulated(TENANT) as emulator:
        assert discovery_error(emulator.url.replace("http:", "https:")).endswith(advice.TLS)


def test_nobody_listening_asks_for_the_network(unused_port: int) -> None:
    assert discovery_error(f"https://localhost:{unused_port}").endswith(advice.UNREACHABLE)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def unresolvable(*_arguments: Any, **_options: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_that_does_not_resolve_asks_for_spelling_and_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unresolvable)
    assert discovery_error("https://management.example.com").endswith(advice.DNS)


def test_a_proxy_that_is_not_there_is_named(unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused_port}")
    assert discovery_error("https://management.example.com").endswith(advice.PROXY)


def test_a_clock_that_entra_finds_wrong_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = "AADSTS700024: Client assertion is not within its valid time range."
    late = Fault(kind=FaultKind.STATUS, status=401, route="token", code="invalid_client", message=message)
    environment(monkeypatch)
    with emulated(TENANT, tls=True, faults=[late]) as emulator:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        connected = connected_by_environment(emulator, authority)
        with pytest.raises(CredentialError) as raised:
            asyncio.run(read_through(connected, authority))
    assert str(raised.value).startswith(advice.CLOCK)
    assert "AADSTS700024" in str(raised.value)


@pytest.mark.parametrize(
    ("date", "is_told"),
    [("Sat, 21 Nov 2026 12:10:00 GMT", True), ("Sat, 21 Nov 2026 12:04:00 GMT", False), ("soon", False)],
)
def test_a_token_refused_while_the_clocks_disagree_asks_for_the_clock(date: str, is_told: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        error = {"error": {"code": "ExpiredAuthenticationToken", "message": "It has expired."}}
        return web.json_response(error, status=401, headers={"Date": date})

    async def run() -> object:
        async with arm_before(handler, IMPATIENT) as arm:
            return await arm.get(ask(arm, "s", 1))

    gap = asyncio.run(run())
    assert isinstance(gap, Gap)
    assert (gap.closes == advice.CLOCK) is is_told


class ConnectProxy:
    """Yield a proxy on loopback that supports only CONNECT, or refuses it."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.asked: list[str] = []
        self._refusal = refusal

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split()[1].decode()
        self.asked.append(target)
        if self._refusal:
            writer.write(self._refusal)
            await writer.drain()
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", int(target.rpartition(":")[2]))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def test_everything_goes_through_the_proxy_of_the_environment(
    tls: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, authority = tls
    environment(monkeypatch)

    async def run() -> list[str]:
        proxy = ConnectProxy()
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            monkeypatch.delenv("NO_PROXY", raising=False)
            connected = await asyncio.to_thread(connected_by_environment, emulator, authority)
            tabulation = await read_through(connected, authority)
            assert len(tabulation.finished().workspaces) == 4
        return proxy.asked

    asked = asyncio.run(run())
    assert len(asked) >= 3
    assert set(asked) == {emulator.url.removeprefix("https://")}


def test_a_proxy_that_wants_a_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        proxy = ConnectProxy(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await discovered("https://management.example.com", None)

    with pytest.raises(CloudError) as raised:
        asyncio.run(run())
    assert str(raised.value).endswith(advice.PROXY)


def test_errors_that_only_words_tell_apart() -> None:
    """The messages are as azure-identity's chained credential and the Azure CLI pass them on."""
    for words, action in (
        ("CERTIFICATE_VERIFY_FAILED self-signed", advice.UNTRUSTED),
        ("certificate verify failed: certificate has expired", advice.EXPIRED),
        ("Failed to resolve 'x' ([Errno -2] Name or service not known)", advice.DNS),
        ("Cannot connect to proxy.", advice.PROXY),
        ("Connection reset by peer", advice.UNREACHABLE),
    ):
        assert advice.advice(OSError(words)) == action, words


SIGN_INS = {
    "AADSTS7000215: Invalid client secret provided.": advice.WRONG_SECRET,
    "AADSTS7000222: The provided client secret keys for app are expired.": advice.WRONG_SECRET,
    "AADSTS700016: Application with identifier 'x' was not found in the directory": advice.NO_APPLICATION,
    "AADSTS90002: Tenant 'x' not found.": advice.NO_TENANT,
    "AADSTS53003: Access has been blocked by Conditional Access policies.": advice.POLICY,
    "AADSTS700082: The refresh token has expired due to inactivity.": advice.SIGN_IN_AGAIN,
    "Azure CLI not found on path": advice.NO_CLI,
    "Please run 'az login' to set up an account": advice.SIGN_IN,
    "EnvironmentCredential authentication unavailable.": advice.NO_VARIABLES,
    "ManagedIdentityCredential authentication unavailable, no response from the IMDS": advice.NO_MANAGED_IDENTITY,
    "DefaultAzureCredential failed to retrieve a token. Azure CLI not found on path": advice.SIGN_IN,
    "anything else": advice.SIGN_IN,
}


@pytest.mark.parametrize(("words", "action"), SIGN_INS.items())
def test_a_failed_sign_in_names_the_action(words: str, action: str) -> None:
    assert advice.advice(ClientAuthenticationError(words)) == action


def test_too_many_open_files_are_named() -> None:
    error = aiohttp.ClientConnectorError(
        ConnectionKey("a", 443, True, True, None, None, None), OSError(24, "x")
    )
    assert advice.advice(error) == advice.TOO_MANY_FILES


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_certificates_that_other_tools_trust_are_trusted(
    tls: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    emulator, authority = tls
    environment(monkeypatch)
    for name in CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(authority))
    arguments = ["doctor", "--auth", "environment", "--arm-endpoint", emulator.url]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    monkeypatch.setenv(variable, str(authority.with_name("missing.pem")))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert variable in result.output


@pytest.mark.parametrize("code", [85, 89, 92])
def test_a_certificate_that_python_3_13_refuses_gets_the_true_reason(code: int) -> None:
    error = ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")
    error.verify_code = code
    assert advice.advice(error) == advice.STRICT
    words = "CERTIFICATE_VERIFY_FAILED: Basic Constraints of CA cert not marked critical"
    assert advice.advice(OSError(words)) == advice.STRICT
