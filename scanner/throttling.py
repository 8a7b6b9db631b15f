"""Waiting when Azure says so: per subscription, within a budget, never at the cost of the others."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable

_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)
_TENANT = ""


def throttled_scope(url: str) -> str:
    """The lower-cased subscription id a URL is about; "" for tenant-wide requests.

    Azure Resource Manager counts requests per principal and subscription, and those that name no
    subscription per tenant (request limits and throttling, 2026-08).
    """
    match = _SUBSCRIPTION.search(url)
    return match.group(1).lower() if match else _TENANT


class Throttle:
    """A gate per subscription that closes for as long as Retry-After asks, up to `budget` seconds in all."""

    def __init__(self, *, budget: float, told: Callable[[str, float], None]) -> None:
        """All gates open; `told(scope, seconds)` hears of every wait."""
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
            self._closed_until[scope] = self._now() + seconds
            self._told(scope, extension)

    async def opened(self, scope: str) -> None:
        """Return once the scope's gate is open."""
        while (remaining := self._closed_until.get(scope, 0.0) - self._now()) > 0:  # noqa: ASYNC110 - a time, no event
            await asyncio.sleep(remaining)

    def _extension(self, scope: str, seconds: float) -> float:
        now = self._now()
        return now + seconds - max(now, self._closed_until.get(scope, now))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
