"""Reads what workspaces depend on: storage accounts, key vaults, registries and components, and their perimeters."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from scanner.azure.arm import Arm
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import PERIMETERS
from scanner.payloads.payload import Gap, Keep
from scanner.payloads.questions import Ask
from scanner.tables.associated import ASSOCIATED, AssociatedType


class AssociatedReader:
    """Reads each associated resource once, even if many workspaces share it."""

    def __init__(self, arm: Arm, keep: Keep, *, with_perimeters: bool = False) -> None:
        """Start with nothing asked for. `with_perimeters` also reads their network security perimeters."""
        self._with_perimeters = with_perimeters
        self._arm = arm
        self._keep = keep
        self._asked: set[str] = set()

    async def read(self, resources: Mapping[AssociatedType, str]) -> None:
        """Read the associated resources of a workspace that were not asked for before.

        A workspace's body decides which ids these are. Only an id of the role's type is asked for.
        """
        async with asyncio.TaskGroup() as group:
            for each, resource_id in resources.items():
                key = json_members.key(resource_id)
                if not each.is_id(resource_id):
                    self._keep(self._refused(each, resource_id))
                elif key not in self._asked:
                    self._asked.add(key)
                    group.create_task(self._resource(resource_id, each.api_version))
                    if self._with_perimeters and each.perimeters:
                        group.create_task(self._perimeters(resource_id, each.perimeters))

    async def _resource(self, resource_id: str, api_version: str) -> None:
        self._keep(await self._arm.get(self._ask(ASSOCIATED, resource_id, resource_id, api_version)))

    async def _perimeters(self, resource_id: str, api_version: str) -> None:
        ask = self._ask(PERIMETERS, resource_id, f"{resource_id}/{PERIMETERS}", api_version)
        async for answer in self._arm.pages(await self._arm.get(ask)):
            self._keep(answer)

    def _refused(self, each: AssociatedType, resource_id: str) -> Gap:
        """Return the gap of an id that is not asked for."""
        ask = self._ask(ASSOCIATED, resource_id, resource_id, each.api_version)
        message = f"The workspace names {resource_id!r} as its {each.role}, which is no id of a {each.resource_type}."
        return gaps.gap(ask, "NotAResourceId", message, "Correct the workspace's association.")

    def _ask(self, kind: str, resource_id: str, path: str, api_version: str) -> Ask:
        return Ask(
            kind=kind,
            scope=resource_id,
            url=self._arm.url(path, api_version),
            api_version=api_version,
            subscription_id=json_members.subscription_of(resource_id),
            may_be_missing=True,
        )
