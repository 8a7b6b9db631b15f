"""Reads single workspaces whose list items lack members, as far as `learning` finds them due.

`LiveSource` calls it in the scan's own process when all lists are read, also by workers: the draw depends on all of
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scanner.azure.arm import Arm
from scanner.payloads import json_members
from scanner.payloads.answers import PERIMETERS, PRIVATE_ENDPOINTS
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.reading.api_versions import ApiVersions
from scanner.reading.associated import AssociatedReader
from scanner.reading.collection import Collection
from scanner.reading.learning import Incomplete, Learning
from scanner.reading.networks import NetworkReader
from scanner.reading.scope import Subscription
from scanner.reading.workspace_reader import associated, endpoints
from scanner.scope.wanted import Wanted
from scanner.tables.associated import ASSOCIATED


class SingleReads:
    """Watches the lists of a scan, and then reads the workspaces that are due."""

    def __init__(self, arms: Sequence[Arm], collection: Collection, wanted: Wanted, keep: Keep) -> None:
        """Read what `collection` names in the scope that is `wanted`, and hand it to `keep`.

        Each of `arms` reads the subscriptions of its tenant.
        """
        self._arms = arms
        self._collection = collection
        self._keep = keep
        self._learning = Learning(collection.members_in_lists, wanted)
        self._associated = {
            arm: AssociatedReader(arm, self.keep, with_perimeters=PERIMETERS in collection.kinds)
            for arm in arms
        }
        self._networks = {arm: NetworkReader(arm, self.keep) for arm in arms}
        self._versions: dict[tuple[str, str], ApiVersions] = {}

    def keep(self, item: Payload | Gap) -> None:
        """Hand an item on, and learn from it."""
        self._keep(item)
        self._learning.add(item)

    async def read(self, chosen: Sequence[Subscription]) -> None:
        """Read in rounds until nothing is due: a round may show that a list hides more than what is not set."""
        if self._collection.asks_everybody:
            return
        by_tenant = {arm.tenant: arm for arm in self._arms}
        arms = {each.key: by_tenant[each.tenant] for each in chosen}
        while due := self._learning.due():
            async with asyncio.TaskGroup() as group:
                for each in due:
                    group.create_task(self._workspace(arms[each.subscription_id.lower()], each))

    async def _workspace(self, arm: Arm, workspace: Incomplete) -> None:
        answer = await self._versions_of(arm, workspace).settled(
            "workspaces", lambda version: arm.get(_ask(arm, workspace, version))
        )
        self.keep(answer)
        if isinstance(answer, Payload) and answer.status == 200:
            await self._new_in(arm, workspace, answer.document)

    async def _new_in(self, arm: Arm, workspace: Incomplete, document: json_members.Object) -> None:
        """Read what the workspace names and its list item did not."""
        if ASSOCIATED in self._collection.kinds:
            found = associated(document)
            new = {each: found[each] for each in found if each.member in workspace.lacks}
            await self._associated[arm].read(new)
        if PRIVATE_ENDPOINTS in self._collection.kinds:
            placed = [each for each in endpoints(document) if each not in workspace.endpoints]
            await self._networks[arm].read(placed)

    def _versions_of(self, arm: Arm, workspace: Incomplete) -> ApiVersions:
        """Return the versions of the subscription, from the one at which its list came."""
        key = workspace.subscription_id.lower(), workspace.api_version
        if key not in self._versions:
            self._versions[key] = ApiVersions(
                arm, workspace.subscription_id, self.keep, first=workspace.api_version
            )
        return self._versions[key]


def _ask(arm: Arm, workspace: Incomplete, api_version: str) -> Ask:
    return Ask(
        kind="workspace",
        scope=workspace.id,
        url=arm.url(workspace.id, api_version),
        api_version=api_version,
        subscription_id=workspace.subscription_id,
    )
