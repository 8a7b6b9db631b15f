"""The emulator's listener. It serves the part of ARM that the scanner uses, on loopback only; it is not Azure."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from types import TracebackType
from typing import NamedTuple

import trustme
from aiohttp import web

from scanner.emulator.answers import encoded
from scanner.emulator.connections import dripping, raw, reset, truncated
from scanner.emulator.exchange import Exchange
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.headers import arm_headers
from scanner.emulator.tenants.tenant import Tenant

THREAD_NAME = "azml-audit emulator"
_LOOPBACK = "127.0.0.1"


class Request(NamedTuple):
    """One request as it arrived; `status` 0 means that the emulator never answered it.

    `authorized` is True if the request has an Authorization header, accepted or not.
    """

    method: str
    path: str
    query: str
    status: int
    authorized: bool


class Emulator:
    """An async context manager that serves a tenant, and others, on loopback while it is entered.

    Once entered, `url` is where it listens, `ca_pem` the certificate authority to trust (None without
    TLS), `requests` what arrived, and `foreign_host_hits` what arrived at the other host that a
    FOREIGN_NEXT_LINK fault names. Given faults are asked before the tenant's own.
    """

    def __init__(
        self,
        tenant: Tenant,
        *others: Tenant,
        faults: Iterable[Fault] = (),
        latency_ms: float = 0.0,
        jitter_ms: float = 0.0,
        page_size: int = 50,
        port: int = 0,
        tls: bool = False,
    ) -> None:
        """Prepares, without listening yet. Raises ValueError for a page size or port out of range."""
        if not 0 <= port <= 65535:
            raise ValueError(f"{port} is no port; allowed: 0 (any free one) to 65535")
        if page_size < 1:
            raise ValueError("a page holds at least one item")
        self.tenant = tenant
        self.url = ""
        self.ca_pem: bytes | None = None
        self.requests: list[Request] = []
        self.foreign_host_hits: list[Request] = []
        self._port = port
        self._tls = tls
        self._runners: list[web.ServerRunner] = []
        self._exchange = Exchange(
            (tenant, *others),
            faults,
            page_size=page_size,
            latency=latency_ms / 1000,
            jitter=jitter_ms / 1000,
        )

    @property
    def count(self) -> int:
        """The number of requests that arrived."""
        return len(self.requests)

    @property
    def struck_paths(self) -> list[str]:
        """The lower-cased path of every request that a fault struck, in order."""
        return self._exchange.injector.struck_paths

    async def __aenter__(self) -> Emulator:
        """Starts listening. Raises OSError if the port is taken."""
        try:
            context = self._server_context() if self._tls else None
            port = await self._listen(self._handle, self._port, context)
            foreign_port = await self._listen(self._handle_foreign, 0, context)
        except BaseException:
            await self._stop()
            raise
        own, foreign = ("localhost", _LOOPBACK) if self._tls else (_LOOPBACK, "localhost")
        scheme = "https" if self._tls else "http"
        self.url = self._exchange.base_url = f"{scheme}://{own}:{port}"
        self._exchange.foreign_url = f"{scheme}://{foreign}:{foreign_port}"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stops listening and closes every connection."""
        await self._stop()

    async def _stop(self) -> None:
        while self._runners:
            await self._runners.pop().cleanup()

    def _server_context(self) -> ssl.SSLContext:
        authority = trustme.CA(organization_name="azml-audit emulator")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", _LOOPBACK).configure_cert(context)
        self.ca_pem = authority.cert_pem.bytes()
        return context

    async def _listen(
        self,
        handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        port: int,
        context: ssl.SSLContext | None,
    ) -> int:
        runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, _LOOPBACK, port, ssl_context=context).start()
        return int(runner.addresses[0][1])

    async def _handle_foreign(self, request: web.BaseRequest) -> web.StreamResponse:
        self.foreign_host_hits.append(_logged(request, 200))
        return web.Response(body=encoded({"value": []}), content_type="application/json")

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        position = len(self.requests)
        self.requests.append(_logged(request, 0))
        target, answer = await self._exchange.reply(request)
        breakage = self._exchange.injector.breakage(target, answer.page)
        if breakage and breakage.kind is FaultKind.RESET:
            return reset(request)
        self.requests[position] = self.requests[position]._replace(status=answer.status)
        correlation = request.headers.get("x-ms-correlation-request-id")
        headers = arm_headers(position, correlation, target, answer, self.url)
        if breakage and breakage.kind is FaultKind.SLOW_BODY:
            return await dripping(request, answer, headers, breakage.seconds)
        if breakage and breakage.kind is FaultKind.RAW:
            return raw(request, answer, headers, breakage)
        if breakage:
            return await truncated(request, answer, headers)
        return web.Response(body=answer.body, status=answer.status, headers=headers)


def _logged(request: web.BaseRequest, status: int) -> Request:
    return Request(
        method=request.method,
        path=request.path,
        query=request.query_string,
        status=status,
        authorized="Authorization" in request.headers,
    )


@contextmanager
def emulated(
    tenant: Tenant,
    *others: Tenant,
    faults: Iterable[Fault] = (),
    latency_ms: float = 0.0,
    jitter_ms: float = 0.0,
    page_size: int = 50,
    port: int = 0,
    tls: bool = False,
) -> Iterator[Emulator]:
    """The emulator running in a thread of its own until the block ends, however it ends."""
    emulator = Emulator(
        tenant,
        *others,
        faults=faults,
        latency_ms=latency_ms,
        jitter_ms=jitter_ms,
        page_size=page_size,
        port=port,
        tls=tls,
    )
    started: Future[None] = Future()
    stopped: Future[None] = Future()
    thread = Thread(target=lambda: asyncio.run(_run(emulator, started, stopped)), name=THREAD_NAME)
    thread.start()
    try:
        started.result()
        yield emulator
    finally:
        stopped.set_result(None)
        thread.join()


async def _run(emulator: Emulator, started: Future[None], stopped: Future[None]) -> None:
    """Serve until `stopped` has a result. If the port cannot be opened, `started` gets the OSError."""
    try:
        await emulator.__aenter__()
    except OSError as error:
        started.set_exception(error)
        return
    started.set_result(None)
    try:
        await asyncio.wrap_future(stopped)
    finally:
        await emulator.__aexit__(None, None, None)
