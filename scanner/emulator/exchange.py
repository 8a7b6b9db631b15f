"""From an arrived request to the answer ARM would give, faults included."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from scanner.emulator.answers import Answer, answer, encoded, refusal
from scanner.emulator.directory import Directory
from scanner.emulator.entra import cloud_metadata, openid_configuration, token
from scanner.emulator.envelopes import graph_error, method_not_allowed
from scanner.emulator.faults import Fault
from scanner.emulator.graph import Quota, graph_answer
from scanner.emulator.injection import Injector
from scanner.emulator.routes import GRAPH, METADATA, UNAUTHENTICATED, Target, target_of
from scanner.emulator.tenants.tenant import Tenant
from scanner.emulator.tokens import Tokens

_GOLDEN_RATIO = 0.6180339887498949


class Exchange:
    """Answers requests for one tenant. It keeps finished bodies, so that it serialises each body once.

    `latency` and `jitter` are in seconds. The listener sets `base_url` and `foreign_url`.
    """

    def __init__(
        self, tenant: Tenant, faults: Iterable[Fault], *, page_size: int, latency: float, jitter: float
    ) -> None:
        """Ask the given faults before the tenant's own. Raises ValueError if two resources have the same id."""
        self.base_url = ""
        self.foreign_url = ""
        self.injector = Injector((*faults, *tenant.default_faults))
        self._tenant = tenant
        self._directory = Directory(tenant)
        self._tokens = Tokens(tenant)
        self._page_size = page_size
        self._latency, self._jitter = latency, jitter
        self._waited = 0
        self._answers: dict[str, tuple[Target, Answer]] = {}
        self._quota = Quota(tenant.graph.queries, tenant.graph.window)

    async def reply(self, request: web.BaseRequest) -> tuple[Target, Answer]:
        """What was asked for, and what is answered to it."""
        target, usual = await self._usual(request)
        if usual.status in (401, 405) or (
            request.method != "GET" and target.route not in {*UNAUTHENTICATED, GRAPH}
        ):
            return target, usual
        pause = self._pause() + (0 if self.injector.is_idle else self.injector.latency(target, usual.page))
        if pause:
            await asyncio.sleep(pause)
        return target, usual if self.injector.is_idle else self._spoiled(request, target, usual)

    async def _usual(self, request: web.BaseRequest) -> tuple[Target, Answer]:
        known = self._answers.get(request.raw_path)
        target = known[0] if known else target_of(request.path)
        if target.route in UNAUTHENTICATED:
            return target, await self._open(request, target)
        refused = self._tokens.refusal(request.headers.get("Authorization"), _now())
        if target.route == GRAPH and not refused:
            return target, await self._queried(request, target)
        if request.method != "GET":
            return target, _unread(request.method, target)
        if refused:
            return target, refusal(refused)
        return known or self._read(request, target)

    def _read(self, request: web.BaseRequest, target: Target) -> tuple[Target, Answer]:
        found = answer(self._directory, target, request.query, self._page_size, self.base_url)
        if found.status == 200:
            self._answers[request.raw_path] = target, found
        return target, found

    async def _queried(self, request: web.BaseRequest, target: Target) -> Answer:
        """Return Resource Graph's answer with the headers of its quota."""
        if request.method != "POST":
            return refusal(method_not_allowed(request.method))
        now = _now()
        if self._quota.taken(now):
            version = request.query.get("api-version", "")
            found = graph_answer(self._directory, target, version, await request.read())
        else:
            found = refusal(graph_error(429))
        return replace(found, headers=self._quota.headers(now))

    async def _open(self, request: web.BaseRequest, target: Target) -> Answer:
        if target.route == METADATA:
            return cloud_metadata(request.query, self.base_url)
        asked_tenant = target.spelled.split("/")[1]
        if not target.path.endswith("/token"):
            return openid_configuration(asked_tenant, self.base_url)
        if request.method != "POST":
            return refusal(method_not_allowed(request.method))
        form = {name: str(value) for name, value in (await request.post()).items()}
        return token(form, asked_tenant, self._tenant.tenant_id, self._tokens, _now())

    def _spoiled(self, request: web.BaseRequest, target: Target, usual: Answer) -> Answer:
        supported = self._directory.versions(target)
        refused = self.injector.refusal(target, usual.page, _now(), supported)
        if refused:
            return refused
        own_url, foreign_url = self.base_url + request.raw_path, self.foreign_url + request.raw_path
        return self.injector.altered(usual, target, own_url, foreign_url)

    def _pause(self) -> float:
        """Latency plus a part of the jitter that spreads evenly over requests, without chance."""
        self._waited += 1
        return self._latency + self._jitter * (self._waited * _GOLDEN_RATIO % 1)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _unread(method: str, target: Target) -> Answer:
    if method == "POST" and target.path.endswith("/register"):
        return Answer(status=200, body=encoded({"registrationState": "Registering"}))
    return refusal(method_not_allowed(method))
