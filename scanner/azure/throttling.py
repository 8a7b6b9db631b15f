"""Waiting when Azure says so: per subscription and provider, within a budget, never at the cost of others.

Who counts what (request limits and throttling, 2026-08): Azure Resource Manager counts the requests of a
principal per subscription, and those that name none per tenant; it tells what is left in
`x-ms-ratelimit-remaining-*-reads`. A resource provider counts on its own behind it: its 429 arrives while
Resource Manager still has requests to give, and concerns no other provider. Resource Graph counts the
queries of a user and tells what is left in `x-ms-user-quota-*` (guidance for throttled requests, 2026-11).
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from time import monotonic

_TENANT = ""
RESOURCE_GRAPH = "microsoft.resourcegraph"
"""The scope of Resource Graph's queries, which count apart."""

_SPAN = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")

_REMAINING = ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads")
_GATEWAY_CODES = (b"SubscriptionRequestsThrottled", b"TenantRequestsThrottled")
_WORTH_TELLING = 0.5
_PROVIDER_CODE = b"ResourceRequestsThrottled"


def scopes(url: str) -> tuple[str, str]:
    """Who counts a request: Resource Manager, by subscription, and behind it a provider, by its own count.

    The first is the lower-cased id of the subscription a URL is about, "" for tenant-wide requests but those
    of Resource Graph; the second that and the last provider it names, as in "<id>/microsoft.storage".
    """
    path = url.partition("?")[0].lower()
    subscription = _name(path.partition("/subscriptions/")[2])
    scope = subscription or (RESOURCE_GRAPH if is_resource_graph(path) else _TENANT)
    _, words, rest = path.rpartition("/providers/")
    return scope, f"{scope}/{_name(rest) if words else ''}"


def _name(rest: str) -> str:
    return rest.partition("/")[0]


def is_resource_graph(url: str) -> bool:
    """Whether a URL is Resource Graph's, which counts apart from Resource Manager."""
    return f"/providers/{RESOURCE_GRAPH}/" in url.lower()


def quota_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until Resource Graph counts anew, where it says that no query is left; else None."""
    if headers.get("x-ms-user-quota-remaining", "").strip() != "0":
        return None
    match = _SPAN.fullmatch(headers.get("x-ms-user-quota-resets-after", "").strip())
    hours, minutes, seconds = match.groups() if match else ("0", "0", "5")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def remaining_reads(headers: Mapping[str, str]) -> float | None:
    """How many requests Azure Resource Manager still counts for the scope; None where it does not say."""
    for name in _REMAINING:
        told = headers.get(name, "")
        if told.isdecimal():
            return float(told)
    return None


def refused_scope(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Whose wait a 429 is: the provider's where it, not Resource Manager, turned us away; else all of it."""
    scope, provider = scopes(url)
    if is_resource_graph(url) or any(code in body for code in _GATEWAY_CODES):
        return scope
    if _PROVIDER_CODE in body:
        return provider
    is_gateway = headers.get("x-ms-failure-cause", "").lower() == "gateway"
    return scope if is_gateway or not remaining_reads(headers) else provider


class Throttle:
    """Gates that close for as long as Retry-After asks, each up to `budget` seconds in all.

    There is one for every subscription and one for every provider in it.
    """

    def __init__(self, *, budget: float, told: Callable[[str, float], None]) -> None:
        """All gates open; `told(scope, seconds)` hears of every wait that is longer than those before."""
        self._budget = budget
        self._told = told
        self._spent: dict[str, float] = defaultdict(float)
        self._closed_until: dict[str, float] = {}

    def grants(self, scope: str, seconds: float) -> bool:
        """Whether waiting `seconds` from now stays within the scope's budget."""
        return self._spent[scope] + self._extension(scope, seconds) <= self._budget

    def close(self, scope: str, seconds: float) -> None:
        """Close the scope's gate for `seconds` from now; waits that overlap are charged once."""
        extension = self._extension(scope, seconds)
        if extension > 0:
            self._spent[scope] += extension
            self._closed_until[scope] = monotonic() + seconds
        if extension >= _WORTH_TELLING:
            self._told(scope, extension)

    def is_open(self, *scopes: str) -> bool:
        """Whether none of these gates is closed."""
        if not self._closed_until:
            return True
        now = monotonic()
        return all(self._closed_until.get(scope, now) <= now for scope in scopes)

    async def opened(self, scope: str) -> None:
        """Return once the scope's gate is open."""
        while scope in self._closed_until and (left := self._closed_until[scope] - monotonic()) > 0:  # noqa: ASYNC110 - a time, no event
            await asyncio.sleep(left)

    def _extension(self, scope: str, seconds: float) -> float:
        now = monotonic()
        return now + seconds - max(now, self._closed_until.get(scope, now))
