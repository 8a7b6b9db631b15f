"""Chooses the api-version that Machine Learning is read with.

The versions come from the published contract (2026-08). Clouds lag behind it. The reader therefore tries the
newest version first, and asks which versions the subscription's provider offers only if Azure refuses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from scanner.azure.arm import Arm
from scanner.payloads import json_members
from scanner.payloads.answers import keep_superseded
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.tables.children import PROVIDER

PINNED = ("2025-12-01", "2025-09-01", "2025-06-01", "2024-10-01", "2024-04-01", "2023-10-01")
"""The versions to read with, the preferred one first."""

SHOW_ADDRESS_RULES = (
    *("2026-07-15-preview", "2026-05-15-preview", "2026-03-15-preview", "2026-01-15-preview"),
    *("2025-10-01-preview", "2024-10-01-preview", "2024-04-01"),
)
"""The versions whose list has `networkAcls`, the newest first.

The contract has the member in previews only, and removes it in every stable version. A recording of 2025-11 shows it at
2024-04-01 (Azure/azure-powershell).
"""

PROVIDER_API_VERSION = "2021-04-01"

_VERSION_REFUSED = frozenset(
    {"NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter"}
)


def is_refused_for_version(gap: Gap) -> bool:
    """Return whether Azure refused the api-version, not the caller."""
    return gap.http_status in (400, 404) and gap.code in _VERSION_REFUSED


class ApiVersions:
    """The api-version for each resource type of one subscription."""

    def __init__(self, arm: Arm, subscription_id: str, keep: Keep, *, first: str = PINNED[0]) -> None:
        """Start every resource type at the version `first`. `keep` gets the provider's answers."""
        self._arm = arm
        self._subscription_id = subscription_id
        self._keep = keep
        self._current: dict[str, str] = {"workspaces": first}
        self._offered: dict[str, list[str]] | None = None
        self._lock = asyncio.Lock()

    def current(self, resource_type: str) -> str:
        """Return the version for this type. A child (`workspaces/computes`) starts at the workspaces' version."""
        return self._current.get(resource_type, self._current["workspaces"])

    async def settled(
        self, resource_type: str, attempt: Callable[[str], Awaitable[Payload | Gap]]
    ) -> Payload | Gap:
        """Return the answer of `attempt(api_version)` at the newest version that Azure does not refuse.

        Every older version is tried once. If Azure refuses all of them, return the last refusal.
        """
        while True:
            version = self.current(resource_type)
            answer = await attempt(version)
            if isinstance(answer, Payload) or not is_refused_for_version(answer):
                return answer
            if not await self._moved_on(resource_type, version):
                return answer
            keep_superseded(answer, self._keep)

    async def newest_of(
        self, versions: Sequence[str], attempt: Callable[[str], Awaitable[Payload | Gap]]
    ) -> Payload | Gap | None:
        """Return the answer of `attempt(api_version)` at the first of these versions of workspaces that is offered.

        None if Azure refuses all of them.
        """
        for version in versions:
            offered = (self._offered or {}).get("workspaces")
            if offered is not None and version not in offered:
                continue
            answer = await attempt(version)
            if isinstance(answer, Payload) or not is_refused_for_version(answer):
                return answer
            keep_superseded(answer, self._keep)
            async with self._lock:
                if self._offered is None:
                    self._offered = await self._provider_offers()
        return None

    async def _moved_on(self, resource_type: str, refused: str) -> bool:
        async with self._lock:
            if self.current(resource_type) != refused:
                return True
            if self._offered is None:
                self._offered = await self._provider_offers()
            following = _next_version(refused, self._offered.get(resource_type.lower()))
            if following is None:
                return False
            self._current[resource_type] = following
            return True

    async def _provider_offers(self) -> dict[str, list[str]]:
        """Return the offered versions by lower-cased resource type, or nothing if the provider is not readable."""
        scope = f"/subscriptions/{self._subscription_id}/providers/{PROVIDER}"
        answer = await self._arm.get(
            Ask(
                kind="provider",
                scope=scope,
                url=self._arm.url(scope, PROVIDER_API_VERSION),
                api_version=PROVIDER_API_VERSION,
                subscription_id=self._subscription_id,
            )
        )
        if isinstance(answer, Gap):
            keep_superseded(answer, self._keep)
            return {}
        self._keep(answer)
        return offered_versions(answer.document)


def offered_versions(document: Any) -> dict[str, list[str]]:
    """Return the api-versions that a provider's answer offers, by lower-cased resource type."""
    return {
        str(each["resourceType"]).lower(): [str(version) for version in each["apiVersions"]]
        for each in json_members.objects(document, "resourceTypes") or ()
        if "resourceType" in each and isinstance(each.get("apiVersions"), list)
    }


def _next_version(refused: str, offered: list[str] | None) -> str | None:
    """Return the next version to try: an offered one of `PINNED`, else the newest stable one that is offered.

    If the provider does not report what it offers, return the next one of `PINNED`.
    """
    older_pins = [version for version in PINNED if version < refused]
    if offered is None:
        return older_pins[0] if older_pins else None
    pinned = [version for version in older_pins if version in offered]
    stable = sorted((v for v in offered if len(v) == len(PINNED[0]) and v < refused), reverse=True)
    return next(iter(pinned or stable), None)
