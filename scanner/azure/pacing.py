"""Decides how fast one scan asks: a token bucket for the rate, and windows for concurrent requests.

`SlotPolicy` is the link of the pipeline where every request waits for its turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from time import monotonic
from types import TracebackType
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from scanner.azure.pipeline import Patience
from scanner.azure.throttling import (
    RESOURCE_GRAPH,
    STORAGE_SECONDS,
    Throttle,
    quota_wait,
    remaining_reads,
    scopes,
    storage_count,
)
from scanner.errors import WaitUsedUpError
from scanner.progress import Progress

_log = logging.getLogger("azml_audit.concurrency")

_TOLERANCE = 1.5
_RECENT, _USUAL = 1 / 4, 1 / 32
_REFUSED = frozenset({429, 503})
_PLENTY, _LEARN_EVERY, _LEARNT, _LOWEST_RATE = 0.5, 1.0, 0.3, 1.0
_REFUSED_RECENT, _REFUSED_MOST = 1 / 16, 0.5


class Bucket:
    """A token bucket: `capacity` requests at once, `rate` more each second.

    It takes over the count of the server, and learns from it how many requests the server adds each second: fewer
    than `rate` if another scan of the same principal uses the same count. aiolimiter and similar libraries cannot
    do this (2026-11).
    """

    def __init__(self, *, capacity: float, rate: float) -> None:
        """Create a full bucket."""
        self._capacity, self._rate = capacity, rate
        self._highest_rate = rate
        self._tokens = capacity
        self._seen: tuple[float, float] | None = None
        self._answered = 0
        self._filled_at: float | None = None

    def taken(self, now: float) -> float:
        """Take one token, and return the seconds until it may be used."""
        self._fill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def lower_to(self, remaining: float, now: float, *, is_refused: bool = False) -> None:
        """Take over a lower count from the server. Another client may have used tokens.

        A request that the server refused did not use a token of the server.
        """
        self._fill(now)
        self._tokens = min(self._tokens, remaining)
        self._answered += not is_refused
        self._learn(remaining, now)

    def _learn(self, remaining: float, now: float) -> None:
        """Learn how many requests the server leaves to this scan each second, while its count is low."""
        if self._seen is None or remaining > self._capacity * _PLENTY:
            self._seen, self._answered = (remaining, now), 0
            return
        before, seen_at = self._seen
        if now - seen_at >= _LEARN_EVERY:
            left = (remaining - before + self._answered) / (now - seen_at)
            self._rate += (left - self._rate) * _LEARNT
            self._rate = min(self._highest_rate, max(_LOWEST_RATE, self._rate))
            self._seen, self._answered = (remaining, now), 0

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._rate
            self._tokens = min(self._capacity, self._tokens + gained)
        self._filled_at = now


class Window:
    """A limit of concurrent requests that adapts between 1 and `most`. Use it as an async context manager.

    It grows while it is full and answers are no slower than usual: by one with every answer until the first
    refusal, later by one with every round of answers. A refusal halves it, once for all requests that were
    sent before (additive increase, multiplicative decrease, as in TCP).
    """

    def __init__(self, name: str, *, start: int, most: int) -> None:
        """Create a window with `start` slots. `name` is its name in log lines."""
        self.limit = min(start, most)
        self._name, self._most = name, most
        self._slots = asyncio.Semaphore(self.limit)
        self._withdrawn = 0
        self._growth = 0.0
        self._cut_at: float | None = None
        self._recent = self._usual = 0.0

    async def __aenter__(self) -> None:
        """Wait for a slot."""
        await self._slots.acquire()
        while self._withdrawn:
            self._withdrawn -= 1
            await self._slots.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Return the slot, unless the window has shrunk meanwhile."""
        if self._withdrawn:
            self._withdrawn -= 1
        else:
            self._slots.release()

    def answered(self, seconds: float) -> None:
        """Learn from an answer that took `seconds`: grow if it was no slower than usual and slots are scarce."""
        self._recent += (seconds - self._recent) * _RECENT if self._recent else seconds
        self._usual += (seconds - self._usual) * _USUAL if self._usual else seconds
        is_slower = self._recent > self._usual * _TOLERANCE
        if is_slower or self.limit >= self._most or not self._slots.locked():
            return
        self._growth += 1.0 if self._cut_at is None else 1 / self.limit
        if self._growth >= 1:
            self._growth = 0.0
            self._set(self.limit + 1, "answers are as fast as usual")

    def refused(self, sent_at: float, now: float) -> None:
        """Learn from a refusal: halve the window, unless it was halved after the request was sent."""
        if self._cut_at is None or sent_at > self._cut_at:
            self._cut_at, self._growth = now, 0.0
            self._set(max(1, self.limit // 2), "a request was refused")

    def _set(self, limit: int, why: str) -> None:
        if limit == self.limit:
            return
        _log.debug("%s: %d concurrent requests instead of %d: %s", self._name, limit, self.limit, why)
        if limit < self.limit:
            self._withdrawn += self.limit - limit
        elif self._withdrawn:
            self._withdrawn -= 1
        else:
            self._slots.release()
        self.limit = limit


class SlotPolicy(AsyncHTTPPolicy[Any, Any]):
    """Sends a request once its gates are open, it has a token, and its subscription and the scan have a slot.

    It comes after the retry policy, so that a request that waits for a retry holds no slot. It comes before
    the sign-in policy, so that a request that waited gets a token that is still valid. The window of the
    whole scan shrinks only if most requests are refused, so that one subscription cannot slow the others.
    """

    def __init__(self, throttle: Throttle, patience: Patience, progress: Progress) -> None:
        """Start with all slots free and all buckets full."""
        super().__init__()
        self._throttle = throttle
        self._patience = patience
        self._progress = progress
        self._overall = Window("overall", start=patience.first_concurrency, most=patience.max_concurrency)
        self._windows: dict[str, Window] = {}
        self._buckets: dict[str, Bucket] = {}
        self._refused_share = 0.0

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Wait for the request's turn and send it."""
        scope, provider = scopes(request.http_request.url)
        window, has_token = self._window(scope), False
        await self._take_storage_token(request.http_request.url, scope)
        while True:
            await self._throttle.opened(provider)
            self._check_patience(scope, provider)
            async with window:
                if not has_token:
                    await self._take_token(scope)
                    has_token = True
                await self._throttle.opened(scope)
                self._check_patience(scope, provider)
                async with self._overall:
                    if self._throttle.is_open(scope, provider):
                        return await self._sent(request, scope, provider)

    def _check_patience(self, scope: str, provider: str) -> None:
        if self._throttle.is_used_up(scope, provider):
            raise WaitUsedUpError(
                f"Azure throttled {scope or 'the tenant'} for longer than the {self._patience.throttle_budget:g} s "
                "of --max-wait, so this was not asked."
            )

    async def _take_storage_token(self, url: str, scope: str) -> None:
        """Wait for the storage provider's own count, without a slot: other providers are asked meanwhile."""
        if count := storage_count(url):
            name, size = count
            if name not in self._buckets:
                self._buckets[name] = Bucket(capacity=size, rate=size / STORAGE_SECONDS)
            await self._wait(scope, self._buckets[name].taken(monotonic()))

    async def _take_token(self, scope: str) -> None:
        await self._wait(scope, self._bucket(scope).taken(monotonic()))

    async def _wait(self, scope: str, pause: float) -> None:
        if pause:
            self._progress.paced(scope, pause)
            _log.debug("%s: its bucket is empty, waiting %.2f s", scope or "the tenant", pause)
            await asyncio.sleep(pause)

    async def _sent(
        self, request: PipelineRequest[Any], scope: str, provider: str
    ) -> PipelineResponse[Any, Any]:
        sent_at = monotonic()
        try:
            response = await self.next.send(request)
        finally:
            self._progress.request_answered()
        http = response.http_response
        self._learn(scope, provider, http.status_code, http.headers, sent_at)
        if scope == RESOURCE_GRAPH and http.status_code == 200 and (wait := quota_wait(http.headers)):
            # The quota is used up: ask nothing more before it is renewed.
            self._throttle.close(RESOURCE_GRAPH, max(wait, 1.0))
        return response

    def _learn(
        self, scope: str, provider: str, status: int, headers: Mapping[str, str], sent_at: float
    ) -> None:
        now = monotonic()
        remaining = remaining_reads(headers)
        if remaining is not None:
            self._bucket(scope).lower_to(remaining, now, is_refused=status in _REFUSED)
        is_refused = status in _REFUSED
        self._refused_share += (is_refused - self._refused_share) * _REFUSED_RECENT
        if not is_refused:
            self._throttle.answered(scope, provider)
            self._window(scope).answered(now - sent_at)
            self._overall.answered(now - sent_at)
            return
        self._window(scope).refused(sent_at, now)
        if self._refused_share > _REFUSED_MOST:
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
