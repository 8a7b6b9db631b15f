"""Waits after a 429 or Retry-After, for each subscription and provider, within a budget.

Azure keeps several counts (request limits and throttling, 2026-08). Azure Resource Manager counts the
requests of a principal for each subscription, and other requests for the tenant; it reports the rest in
`x-ms-ratelimit-remaining-*-reads`. Each resource provider keeps a count of its own: its 429 comes while
Resource Manager has requests left, and concerns no other provider. Resource Graph counts the queries of a
user, and reports the rest in `x-ms-user-quota-*` (guidance for throttled requests, 2026-11).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from time import monotonic

_TENANT = ""
RESOURCE_GRAPH = "microsoft.resourcegraph"
"""The scope of Resource Graph's queries, which have a count of their own."""

STORAGE_READS, STORAGE_LISTS, STORAGE_SECONDS = 800, 100, 300.0

_SPAN = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)

_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_RETRY_AFTER = (("Retry-After", 1), ("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001))

_REMAINING = ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads")
_GATEWAY_CODES = (b"SubscriptionRequestsThrottled", b"TenantRequestsThrottled")
_SHORTEST_REPORTED = 0.5
_ENOUGH = 3
_PROVIDER_CODE = b"ResourceRequestsThrottled"


def scopes(url: str) -> tuple[str, str]:
    """Return the two scopes that count a request: Resource Manager's and the provider's.

    The first is the lower-cased subscription id in the URL, `RESOURCE_GRAPH`, or "" for the tenant. The
    second adds the last provider in the URL, such as "<id>/microsoft.storage".
    """
    path = url.partition("?")[0].lower()
    subscription = _name(path.partition("/subscriptions/")[2])
    scope = subscription or (RESOURCE_GRAPH if is_resource_graph(path) else _TENANT)
    _, words, rest = path.rpartition("/providers/")
    return scope, f"{scope}/{_name(rest) if words else ''}"


_STORAGE = re.compile(
    r"/subscriptions/[^/]+(?P<group>/resourcegroups/[^/]+)?/providers/microsoft\.storage/storageaccounts"
    r"(?(group)/[^/]+)/?"
)


def storage_count(url: str) -> tuple[str, int] | None:
    """Return which count of the storage provider a request uses, and the count's size; None for other requests.

    The provider allows 800 reads and 100 lists in 5 minutes, for each subscription and region (scalability targets of
    the storage resource provider, 2026-11). A list asks all regions. The region of one account is not in its URL, so
    all reads in a subscription share one count.
    """
    path = url.partition("://")[2].partition("?")[0].lower()
    match = _STORAGE.fullmatch(path[path.find("/") :])
    if match is None:
        return None
    of = scopes(url)[1]
    return (f"{of} reads", STORAGE_READS) if match["group"] else (f"{of} lists", STORAGE_LISTS)


def _name(rest: str) -> str:
    return rest.partition("/")[0]


def is_resource_graph(url: str) -> bool:
    """Check whether a URL belongs to Resource Graph."""
    return f"/providers/{RESOURCE_GRAPH}/" in url.lower()


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait. None if it does not ask, or not by a number or a date."""
    for name, unit in _RETRY_AFTER:
        wait = headers.get(name, "").strip()
        if _NUMBER.fullmatch(wait):
            return float(wait) * unit
        if wait and unit == 1:
            return _seconds_until(wait, now)
    return None


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(date) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def quota_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until Resource Graph renews a used-up quota; None if queries are left."""
    if headers.get("x-ms-user-quota-remaining", "").strip() != "0":
        return None
    match = _SPAN.fullmatch(headers.get("x-ms-user-quota-resets-after", "").strip())
    hours, minutes, seconds = match.groups() if match else ("0", "0", "5")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def remaining_reads(headers: Mapping[str, str]) -> float | None:
    """Return how many requests Azure Resource Manager has left for the scope; None if not reported."""
    for name in _REMAINING:
        remaining = headers.get(name, "")
        if _NUMBER.fullmatch(remaining):
            return float(remaining)
    return None


def refused_scope(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the scope that a 429 closes: the provider's if the provider refused, or else Resource Manager's."""
    scope, provider = scopes(url)
    if is_resource_graph(url) or any(code in body for code in _GATEWAY_CODES):
        return scope
    if _PROVIDER_CODE in body:
        return provider
    is_gateway = headers.get("x-ms-failure-cause", "").lower() == "gateway"
    return scope if is_gateway or not remaining_reads(headers) else provider


class Throttle:
    """Gates that close for as long as Retry-After asks, each for up to `budget` seconds in total.

    Every subscription has a gate, and every provider in it has another.
    """

    def __init__(
        self,
        *,
        budget: float,
        on_wait: Callable[[str, float], None],
        on_unavailable: Callable[[str, float], None] | None = None,
    ) -> None:
        """Open all gates. `on_wait(scope, seconds)` is called when a gate closes for longer than before.

        `on_unavailable` is called instead if Azure does not throttle but is not available.
        """
        self._budget = budget
        self._on_wait = on_wait
        self._on_unavailable = on_unavailable or on_wait
        self._beyond: Counter[str] = Counter()
        self._used_up: set[str] = set()
        self._spent: dict[str, float] = defaultdict(float)
        self._closed_until: dict[str, float] = {}

    def grants(self, scope: str, seconds: float) -> bool:
        """Check whether waiting `seconds` from now is within the scope's budget."""
        return self._spent[scope] + self._extension(scope, seconds) <= self._budget

    def count_beyond(self, scope: str) -> None:
        """Count a wait that the budget does not grant. After three in a row the waits of the scope are used up.

        One alone may be an odd answer to one question.
        """
        self._beyond[scope] += 1
        if self._beyond[scope] >= _ENOUGH:
            self._used_up.add(scope)

    def answered(self, *scopes: str) -> None:
        """Forget the waits that were counted for these scopes, because Azure answers about them."""
        if self._beyond:
            for scope in scopes:
                self._beyond.pop(scope, None)

    def is_used_up(self, *scopes: str) -> bool:
        """Check whether the waits of one of these scopes are used up."""
        return bool(self._used_up) and not self._used_up.isdisjoint(scopes)

    def close(self, scope: str, seconds: float, *, is_throttled: bool = True) -> None:
        """Close the scope's gate for `seconds` from now. Waits that overlap count once."""
        extension = self._extension(scope, seconds)
        if extension > 0:
            self._spent[scope] += extension
            self._closed_until[scope] = monotonic() + seconds
        if extension >= _SHORTEST_REPORTED:
            (self._on_wait if is_throttled else self._on_unavailable)(scope, extension)

    def is_open(self, *scopes: str) -> bool:
        """Check that none of these gates is closed."""
        if not self._closed_until:
            return True
        now = monotonic()
        return all(self._closed_until.get(scope, now) <= now for scope in scopes)

    async def opened(self, scope: str) -> None:
        """Wait until the scope's gate is open."""
        while scope in self._closed_until and (left := self._closed_until[scope] - monotonic()) > 0:  # noqa: ASYNC110 - waits for a time, not an event
            await asyncio.sleep(left)

    def _extension(self, scope: str, seconds: float) -> float:
        now = monotonic()
        return now + seconds - max(now, self._closed_until.get(scope, now))
