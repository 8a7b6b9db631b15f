"""The pipeline's policy in which every try waits for its turn, and what comes back is learnt from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from scanner.azure.pacing import Bucket, Window
from scanner.azure.pipeline import Patience
from scanner.azure.throttling import RESOURCE_GRAPH, Throttle, quota_wait, remaining_reads, scopes
from scanner.progress import Progress

_log = logging.getLogger("azml_audit.concurrency")

_TURNED_AWAY = frozenset({429, 503})
_RECENT, _MOST = 1 / 16, 0.5


class SlotPolicy(AsyncHTTPPolicy[Any, Any]):
    """Lets a try through once its gates are open, it has a token, and a slot is free, there and overall.

    It stands behind the retry policy: whoever waits to try again holds no slot. It stands before the policy
    that signs in: whoever waited long is given a token that is good now. The window that all
    subscriptions share narrows only where most are turned away, so that one cannot slow the others.
    """

    def __init__(self, throttle: Throttle, patience: Patience, progress: Progress) -> None:
        """All slots free and all buckets full."""
        super().__init__()
        self._throttle = throttle
        self._patience = patience
        self._progress = progress
        self._overall = Window("overall", start=patience.first_concurrency, most=patience.max_concurrency)
        self._windows: dict[str, Window] = {}
        self._buckets: dict[str, Bucket] = {}
        self._refused_share = 0.0

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send it in its turn."""
        url = request.http_request.url
        scope, provider = scopes(url)
        window, has_token = self._window(scope), False
        while True:
            await self._throttle.opened(provider)
            async with window:
                if not has_token:
                    await self._token(scope)
                    has_token = True
                await self._throttle.opened(scope)
                async with self._overall:
                    if self._throttle.is_open(scope, provider):
                        return await self._sent(request, scope)

    async def _token(self, scope: str) -> None:
        pause = self._bucket(scope).taken(monotonic())
        if pause:
            _log.debug("%s: its bucket is empty, waiting %.2f s", scope or "the tenant", pause)
            await asyncio.sleep(pause)

    async def _sent(self, request: PipelineRequest[Any], scope: str) -> PipelineResponse[Any, Any]:
        sent_at = monotonic()
        try:
            response = await self.next.send(request)
        finally:
            self._progress.request_answered()
        http = response.http_response
        self._learn(scope, http.status_code, http.headers, sent_at)
        if scope == RESOURCE_GRAPH and http.status_code == 200:
            self._keep_quota(http.headers)
        return response

    def _keep_quota(self, headers: Mapping[str, str]) -> None:
        """Ask Resource Graph nothing more, once the quota it tells of is used up, until that is new."""
        wait = quota_wait(headers)
        if wait:
            self._throttle.close(RESOURCE_GRAPH, max(wait, 1.0))

    def _learn(self, scope: str, status: int, headers: Mapping[str, str], sent_at: float) -> None:
        now = monotonic()
        remaining = remaining_reads(headers)
        if remaining is not None:
            self._bucket(scope).told(remaining, now)
        is_refused = status in _TURNED_AWAY
        self._refused_share += (is_refused - self._refused_share) * _RECENT
        if not is_refused:
            self._window(scope).answered(now - sent_at)
            self._overall.answered(now - sent_at)
            return
        self._window(scope).refused(sent_at, now)
        if self._refused_share > _MOST:
            self._refused_share = 0.0
            self._overall.refused(sent_at, now)

    def _window(self, scope: str) -> Window:
        if scope not in self._windows:
            self._windows[scope] = Window(
                scope or "the tenant",
                start=self._patience.first_per_subscription,
                most=self._patience.max_per_subscription,
            )
        return self._windows[scope]

    def _bucket(self, scope: str) -> Bucket:
        if scope not in self._buckets:
            self._buckets[scope] = Bucket(capacity=self._patience.burst, rate=self._patience.reads_per_second)
        return self._buckets[scope]
