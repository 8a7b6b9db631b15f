"""Tokens are sent to one host only, and no log, report, store or crash message has one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import typer
from azure.core.credentials import AccessTokenInfo
from typer.testing import CliRunner

from scanner.azure.arm import Arm
from scanner.azure.clouds import Cloud, discovered
from scanner.choices import LogLevel, TextFormat
from scanner.cli.boundary import run
from scanner.cli.main import app
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET, EmulatorCredential
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.identity import TENANT_ID, access_token
from scanner.errors import CloudError
from scanner.payloads.payload import Gap, record_of
from scanner.payloads.questions import Ask
from scanner.reading.collection import EVERYTHING
from scanner.terminal import Terminal
from tests.scanner.doctor.test_permissions import NOT_REGISTERED, TENANT
from tests.support.scanning import IMPATIENT, NOON, scanned

TOKEN = access_token()
SECRETS = (TOKEN, TOKEN.split(".")[1], CLIENT_SECRET)
LOGGERS = ("azure", "msal", "aiohttp", "asyncio", "urllib3", "azml_audit")


class Listener(logging.Handler):
    """Collects every log record as its library wrote it, before our formatters."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.name} {record.getMessage()} {record.args!r} {record.exc_info!r}")


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    for name in LOGGERS:
        logging.getLogger(name).addHandler(one)
    yield one
    for name in LOGGERS:
        logging.getLogger(name).removeHandler(one)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_log_at_any_level_and_nothing_written_holds_a_token_or_secret(
    log_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT_ID)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", CLIENT_SECRET)
    throttled = Fault(kind=FaultKind.STATUS, status=429, route="computes", times=1, retry_after=0)
    refused = Fault(kind=FaultKind.STATUS, status=401, route="diagnosticSettings")
    with emulated(TENANT, tls=True, faults=[NOT_REGISTERED, throttled, refused]) as emulator:
        (tmp_path / "ca.pem").write_bytes(emulator.ca_pem or b"")
        where = ["--arm-endpoint", emulator.url, "--ca-bundle", str(tmp_path / "ca.pem")]
        logged = ["--log-level", "debug", "--log-format", log_format]
        arguments = ["--auth", "environment", "--collect", "all", "--output", str(tmp_path / "report")]
        arguments += ["--evidence", str(tmp_path / "evidence")]
        result = CliRunner().invoke(app, ["scan", *arguments, *where, *logged])
    assert result.exit_code in (1, 3), result.output
    assert any(line.startswith("azure.identity") for line in listener.heard)
    assert any(line.startswith("azml_audit") for line in listener.heard)
    assert "azure.identity" in result.stderr
    kept = [path for where in ("report", "evidence") for path in (tmp_path / where).rglob("*.*")]
    assert (tmp_path / "evidence" / "manifest.json") in kept
    written = [path.read_bytes().decode("utf-8", "replace") for path in kept if path.is_file()]
    for secret in SECRETS:
        for text in [*listener.heard, *written, result.stdout, result.stderr]:
            assert secret not in text


def test_nothing_that_is_kept_holds_a_token() -> None:
    with emulated(TENANT, faults=[NOT_REGISTERED]) as emulator:
        _, payloads = scanned(emulator, collection=EVERYTHING)
    kept = [f"{payload!r}{record_of(payload).decode()}" for payload in payloads]
    assert len(kept) > 10
    assert not [text for text in kept if "eyJ" in text or "Bearer" in text or "uthorization:" in text]


class Quoting(EmulatorCredential):
    """A credential that fails with its token in the message."""

    def __init__(self, error: type[Exception]) -> None:
        super().__init__()
        self._error = error

    async def get_token_info(self, *_scopes: str, **_options: Any) -> AccessTokenInfo:
        raise self._error(f"cannot use {TOKEN}")


def cloud_at(url: str) -> Cloud:
    return Cloud(name="loopback", arm_endpoint=url, scope=f"{url}/.default", authority=url, is_known=False)


@pytest.mark.parametrize("log_format", list(TextFormat))
@pytest.mark.parametrize(("error", "code"), [(RuntimeError, 4), (ValueError, 2)])
def test_a_crash_that_quotes_a_token_does_not_show_it(
    error: type[Exception], code: int, log_format: TextFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    async def enter() -> None:
        async with Arm(cloud_at("http://127.0.0.1:9"), Quoting(error), clock=lambda: NOON):
            pytest.fail("there is no token to enter with")

    def command(_terminal: Terminal) -> int:
        asyncio.run(enter())
        return 0

    with pytest.raises(typer.Exit) as ended:
        run(command, LogLevel.DEBUG, log_format)
    assert ended.value.exit_code == code
    output = "".join(capsys.readouterr())
    assert "cannot use" in output
    assert "[redacted]" in output
    for secret in SECRETS:
        assert secret not in output


class _Server(ThreadingHTTPServer):
    """A host on loopback that redirects to `target`, or only records the request."""

    target = ""
    status = 200
    visits: list[str | None]


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.visits.append(self.headers.get("Authorization"))
        body = json.dumps({"value": []}).encode()
        self.send_response(self.server.status)
        if self.server.target:
            self.send_header("Location", self.server.target + self.path)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Log nothing."""


@contextmanager
def serving(target: str = "", status: int = 200) -> Iterator[tuple[str, list[str | None]]]:
    server = _Server(("127.0.0.1", 0), _Answer)
    server.target, server.status, server.visits = target, status, []
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.visits
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_no_token_goes_with_it(status: int) -> None:
    with serving() as (stranger, strangers_visits), serving(stranger, status) as (url, visits):

        async def asked() -> object:
            ask = Ask(kind="x", scope="/x", url=f"{url}/x?api-version=1", api_version="1")
            async with Arm(
                cloud_at(url), EmulatorCredential(), clock=lambda: NOON, patience=IMPATIENT
            ) as arm:
                return await arm.get(ask)

        answer = asyncio.run(asked())
        assert visits == [f"Bearer {TOKEN}"]
        assert strangers_visits == []
    assert isinstance(answer, Gap)
    assert answer.http_status == status


def test_a_next_link_to_another_host_is_not_followed() -> None:
    elsewhere = Fault(kind=FaultKind.FOREIGN_NEXT_LINK)
    with emulated(TENANT, faults=[elsewhere]) as emulator:
        tables, _ = scanned(emulator, collection=EVERYTHING)
        assert emulator.foreign_host_hits == []
    assert set(tables.gaps["code"]) == {"ForeignNextLink"}
    assert {"subscriptions", "workspaces", "computes"} <= set(tables.gaps["asked"])


def test_a_cloud_that_redirects_is_not_asked_elsewhere() -> None:
    with serving() as (stranger, strangers_visits), serving(stranger, 302) as (url, visits):
        with pytest.raises(CloudError, match="HTTP 302"):
            asyncio.run(discovered(url, None))
        assert visits
        assert strangers_visits == []
