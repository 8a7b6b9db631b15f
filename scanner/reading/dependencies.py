"""The storage, vault, registry and insights behind a workspace, wherever they lie, each read once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from scanner.azure.arm import Arm
from scanner.payloads import gaps, json_members
from scanner.payloads.payload import Keep
from scanner.payloads.questions import Ask

API_VERSION_OF_ROLE: Mapping[str, str] = {
    "storage": "2024-01-01",
    "vault": "2023-07-01",
    "registry": "2025-04-01",
    "insights": "2020-02-02",
}
"""Pinned: stable versions that carry every member the checks read (resource type definitions, 2026-08).

`anonymousPullEnabled` of a registry came with 2025-04-01.
"""

KIND = "associatedResource"


class AssociatedReader:
    """Reads each associated resource once, however many workspaces share it."""

    def __init__(self, arm: Arm, keep: Keep) -> None:
        """Nothing asked for yet."""
        self._arm = arm
        self._keep = keep
        self._asked: set[str] = set()

    async def read(self, named: Mapping[str, str]) -> None:
        """Read what a workspace names, by role, unless it was asked for already."""
        async with asyncio.TaskGroup() as group:
            for role, resource_id in named.items():
                if resource_id.lower() not in self._asked:
                    self._asked.add(resource_id.lower())
                    group.create_task(self._resource(resource_id, API_VERSION_OF_ROLE[role]))

    async def _resource(self, resource_id: str, api_version: str) -> None:
        ask = Ask(
            kind=KIND,
            scope=resource_id,
            url=self._arm.url(json_members.quoted(resource_id), api_version),
            api_version=api_version,
            subscription_id=json_members.subscription_of(resource_id),
            may_be_missing=True,
        )
        if ask.subscription_id is None:
            message = f"The workspace names {resource_id!r}, which is no resource id."
            self._keep(gaps.gap(ask, "NotAResourceId", message, "Repair the workspace's association."))
        else:
            self._keep(await self._arm.get(ask))
