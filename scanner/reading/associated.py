"""Reads what workspaces depend on: storage accounts, key vaults, registries and components, and their perimeters.

`resource_lists` reads many of one type in one request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from scanner.azure.arm import Arm
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import PERIMETERS
from scanner.payloads.payload import Gap, Keep
from scanner.payloads.questions import Ask
from scanner.reading.resource_lists import ResourceLists
from scanner.tables.associated import ASSOCIATED, AssociatedType

Resources = Mapping[AssociatedType, str]
"""The associated resources of a workspace: ids by type."""

WORTH_A_LIST = 3
"""The list of a type is read if workspaces name so many of its resources in their own subscription."""


class AssociatedReader:
    """Reads each associated resource once, even if many workspaces share it."""

    def __init__(
        self, arm: Arm, keep: Keep, *, with_perimeters: bool = False, with_lists: bool = True
    ) -> None:
        """Start with nothing asked for.

        `with_perimeters` also reads network security perimeters. Without `with_lists` every resource is read singly.
        """
        self._with_perimeters = with_perimeters
        self._with_lists = with_lists
        self._arm = arm
        self._keep = keep
        self._asked: set[str] = set()
        self._lists = ResourceLists(arm, keep, self._question)

    async def read_all(self, subscription_id: str, workspaces: Sequence[Resources]) -> None:
        """Read the associated resources of the workspaces of a subscription.

        Only lists of that subscription are read: another worker may read another one.
        """
        listed = self._worth_listing(subscription_id, workspaces) if self._with_lists else {}
        self._asked |= {key for ids in listed.values() for key in ids}
        async with asyncio.TaskGroup() as group:
            for each, ids in listed.items():
                group.create_task(self._lists.read(each, subscription_id, ids))
                for resource_id in ids.values():
                    self._start_perimeters(group, each, resource_id)
            for resources in workspaces:
                group.create_task(self.read(resources))

    async def read(self, resources: Resources) -> None:
        """Read the associated resources of a workspace that were not asked for before, each singly.

        A workspace's body decides which ids these are. Only an id of the role's type is asked for.
        """
        async with asyncio.TaskGroup() as group:
            for each, resource_id in resources.items():
                key = json_members.key(resource_id)
                if not each.is_id(resource_id):
                    self._keep(self._refused(each, resource_id))
                elif key not in self._asked:
                    self._asked.add(key)
                    group.create_task(self._resource(each, resource_id))
                    self._start_perimeters(group, each, resource_id)

    def _worth_listing(
        self, subscription_id: str, workspaces: Iterable[Resources]
    ) -> dict[AssociatedType, dict[str, str]]:
        """Return the ids in the subscription by type and key, for each type that has enough of them."""
        found: dict[AssociatedType, dict[str, str]] = {}
        own = f"/subscriptions/{subscription_id}/".lower()
        for resources in workspaces:
            for each, resource_id in resources.items():
                key = json_members.key(resource_id)
                if each.is_id(resource_id) and key not in self._asked and key.startswith(own):
                    found.setdefault(each, {}).setdefault(key, resource_id)
        return {each: ids for each, ids in found.items() if len(ids) >= WORTH_A_LIST}

    def _start_perimeters(self, group: asyncio.TaskGroup, each: AssociatedType, resource_id: str) -> None:
        if self._with_perimeters and each.perimeters:
            group.create_task(self._perimeters(resource_id, each.perimeters))

    async def _resource(self, each: AssociatedType, resource_id: str) -> None:
        self._keep(await self._arm.get(self._question(each, resource_id)))

    async def _perimeters(self, resource_id: str, api_version: str) -> None:
        ask = self._ask(PERIMETERS, resource_id, f"{resource_id}/{PERIMETERS}", api_version)
        async for answer in self._arm.pages(await self._arm.get(ask)):
            self._keep(answer)

    def _refused(self, each: AssociatedType, resource_id: str) -> Gap:
        """Return the gap of an id that is not asked for."""
        message = f"The workspace names {resource_id!r} as its {each.role}, which is no id of a {each.resource_type}."
        ask = self._question(each, resource_id)
        return gaps.gap(ask, "NotAResourceId", message, "Correct the workspace's association.")

    def _question(self, each: AssociatedType, resource_id: str) -> Ask:
        return self._ask(ASSOCIATED, resource_id, resource_id, each.api_version)

    def _ask(self, kind: str, resource_id: str, path: str, api_version: str) -> Ask:
        return Ask(
            kind=kind,
            scope=resource_id,
            url=self._arm.url(path, api_version),
            api_version=api_version,
            subscription_id=json_members.subscription_of(resource_id),
            may_be_missing=True,
        )
