"""Which api-version Machine Learning is read with, and what each version can show.

Versions and the first stable one to show a property: the published contract and Azure's resource type
definitions (2026-08). Clouds lag behind the contract, so the newest pin is tried first and what a
subscription's provider offers is asked for only when it is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from scanner.azure.arm import Arm
from scanner.payloads.answers import keep_superseded
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask

PROVIDER = "Microsoft.MachineLearningServices"
PINNED = ("2025-12-01", "2025-09-01", "2025-06-01", "2024-10-01", "2024-04-01", "2023-10-01")
"""The versions to read with, the preferred first."""

PROVIDER_API_VERSION = "2021-04-01"
SHOWS_MANAGED_NETWORK = "2023-10-01"
"""The first stable version with `properties.managedNetwork` and `outboundRules`."""

_VERSION_REFUSED = frozenset(
    {"NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter"}
)


def shows_managed_network(api_version: str) -> bool:
    """Whether an answer at this version could carry the managed network, if there is one."""
    return api_version[:10] >= SHOWS_MANAGED_NETWORK


def is_refused_for_version(gap: Gap) -> bool:
    """Whether Azure refused the api-version, not the caller."""
    return gap.http_status in (400, 404) and gap.code in _VERSION_REFUSED


class ApiVersions:
    """The version one subscription is read with, per resource type, settled by what it refuses."""

    def __init__(self, arm: Arm, subscription_id: str, keep: Keep) -> None:
        """Start every resource type at the preferred version; provider answers go to `keep`."""
        self._arm = arm
        self._subscription_id = subscription_id
        self._keep = keep
        self._current: dict[str, str] = {}
        self._offered: dict[str, list[str]] | None = None
        self._lock = asyncio.Lock()

    def current(self, resource_type: str) -> str:
        """The version to ask this type with; a child (`workspaces/computes`) starts at its parent's."""
        parent = self._current.get("workspaces", PINNED[0])
        return self._current.get(resource_type, parent)

    async def settled(
        self, resource_type: str, attempt: Callable[[str], Awaitable[Payload | Gap]]
    ) -> Payload | Gap:
        """The answer of `attempt(api_version)` at the newest version that is not refused.

        Each further version is tried once; the last refusal stands where every one is refused.
        """
        while True:
            version = self.current(resource_type)
            answer = await attempt(version)
            if isinstance(answer, Payload) or not is_refused_for_version(answer):
                return answer
            if not await self._moved_on(resource_type, version):
                return answer
            keep_superseded(answer, self._keep)

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
        """Lower-cased resource type to versions, as the provider tells; empty where it cannot be read."""
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
        return _offered(answer.document)


def _offered(document: Any) -> dict[str, list[str]]:
    types = document.get("resourceTypes")
    return {
        str(each["resourceType"]).lower(): [str(version) for version in each["apiVersions"]]
        for each in (types if isinstance(types, list) else [])
        if isinstance(each, dict) and "resourceType" in each and isinstance(each.get("apiVersions"), list)
    }


def _next_version(refused: str, offered: list[str] | None) -> str | None:
    """The next version to try after `refused`: a pinned one that is offered, else the newest stable offered.

    Without knowing what is offered, the next pinned one.
    """
    older_pins = [version for version in PINNED if version < refused]
    if offered is None:
        return older_pins[0] if older_pins else None
    pinned = [version for version in older_pins if version in offered]
    stable = sorted((v for v in offered if len(v) == len(PINNED[0]) and v < refused), reverse=True)
    return next(iter(pinned or stable), None)


def registration_state(provider: Payload) -> str:
    """The provider's registrationState in the subscription; "" where it does not say."""
    state = provider.document.get("registrationState")
    return state if isinstance(state, str) else ""
