"""From an arrived request to the answer ARM would give, faults included."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aiohttp import web

from scanner.emulator.answers import Answer, answer, encoded, refusal
from scanner.emulator.directory import Directory
from scanner.emulator.entra import cloud_metadata, openid_configuration, token
from scanner.emulator.envelopes import ArmError, graph_error, method_not_allowed, wrong_tenant
from scanner.emulator.faults import Fault
from scanner.emulator.graph import Quota, graph_answer
from scanner.emulator.injection import Injector
from scanner.emulator.routes import GRAPH, METADATA, UNAUTHENTICATED, Target, target_of
from scanner.emulator.tenants.tenant import Tenant
from scanner.emulator.tokens import Tokens

_GOLDEN_RATIO = 0.6180339887498949


class _Realm:
    """One tenant: its documents, its tokens, and the bodies that were finished for them."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant_id = tenant.tenant_id
        self.directory = Directory(tenant)
        self.tokens = Tokens(tenant)
        self.answers: dict[str, tuple[Target, Answer]] = {}
        self.quota = Quota(tenant.graph.queries, tenant.graph.window)


class Exchange:
    """Answers requests for tenants; the token decides for which. It serialises each body once.

    `latency` and `jitter` are in seconds. The listener sets `base_url` and `foreign_url`.
    """

    def __init__(
        self,
        tenants: Sequence[Tenant],
        faults: Iterable[Fault],
        *,
        page_size: int,
        latency: float,
        jitter: float,
    ) -> None:
        """Ask the given faults before the tenants' own. Raises ValueError if two resources have the same id."""
        self.base_url = ""
        self.foreign_url = ""
        self.injector = Injector((*faults, *(fault for each in tenants for fault in each.default_faults)))
        self._realms = [_Realm(each) for each in tenants]
        self._page_size = page_size
        self._latency, self._jitter = latency, jitter
        self._waited = 0

    async def reply(self, request: web.BaseRequest) -> tuple[Target, Answer]:
        """The question, and the answer to it."""
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
        realm, refused = self._realm_of(request)
        known = realm.answers.get(request.raw_path)
        target = known[0] if known else target_of(request.path)
        if target.route in UNAUTHENTICATED:
            return target, await self._open(request, target)
        if target.route == GRAPH and not refused:
            return target, await self._queried(realm, request, target)
        if request.method != "GET":
            return target, _unread(request.method, target)
        if refused:
            return target, refusal(refused)
        return known or self._read(realm, request, target)

    def _realm_of(self, request: web.BaseRequest) -> tuple[_Realm, ArmError | None]:
        """Return the tenant of the request's token, and why the token opens nothing."""
        authorization, now = request.headers.get("Authorization"), _now()
        refusals = [(each, each.tokens.refusal(authorization, now)) for each in self._realms]
        return next((each for each in refusals if each[1] is None), refusals[0])

    def _read(self, realm: _Realm, request: web.BaseRequest, target: Target) -> tuple[Target, Answer]:
        if not realm.directory.has(target.subscription) and any(
            each.directory.has(target.subscription) for each in self._realms
        ):
            return target, refusal(wrong_tenant(realm.tenant_id))
        found = answer(realm.directory, target, request.query, self._page_size, self.base_url)
        if found.status == 200:
            realm.answers[request.raw_path] = target, found
        return target, found

    async def _queried(self, realm: _Realm, request: web.BaseRequest, target: Target) -> Answer:
        """Return Resource Graph's answer with the headers of its quota."""
        if request.method != "POST":
            return refusal(method_not_allowed(request.method))
        now = _now()
        if realm.quota.taken(now):
            version = request.query.get("api-version", "")
            found = graph_answer(realm.directory, target, version, await request.read())
        else:
            found = refusal(graph_error(429))
        return replace(found, headers=realm.quota.headers(now))

    async def _open(self, request: web.BaseRequest, target: Target) -> Answer:
        if target.route == METADATA:
            return cloud_metadata(request.query, self.base_url)
        asked_tenant = target.spelled.split("/")[1]
        if not target.path.endswith("/token"):
            return openid_configuration(asked_tenant, self.base_url)
        if request.method != "POST":
            return refusal(method_not_allowed(request.method))
        form = {name: str(value) for name, value in (await request.post()).items()}
        same = [each for each in self._realms if each.tenant_id.lower() == asked_tenant.lower()]
        realm = (same or self._realms)[0]
        return token(form, asked_tenant, realm.tenant_id, realm.tokens, _now())

    def _spoiled(self, request: web.BaseRequest, target: Target, usual: Answer) -> Answer:
        supported = self._realms[0].directory.versions(target)
        refused = self.injector.refusal(target, usual, _now(), supported)
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
