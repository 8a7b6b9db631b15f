"""Reads one workspace: what surrounds it, and itself where the list left something out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from scanner.azure.arm import Arm
from scanner.payloads import gaps, json_members
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.reading.api_versions import ApiVersions, shows_managed_network
from scanner.reading.collection import Collection
from scanner.reading.dependencies import KIND as ASSOCIATED
from scanner.reading.dependencies import AssociatedReader
from scanner.reading.listed import Listed, associated, fingerprint

DIAGNOSTIC_SETTINGS_API_VERSION = "2021-05-01-preview"
"""There is no stable version (2026-08)."""

_PLAIN_LISTS = ("computes", "batchEndpoints", "serverlessEndpoints")
"""Lists below a workspace that are read whenever they are wanted."""

WORKSPACES_AT_ONCE = 16
"""Of one subscription, where one thing is read of each: as many as requests may be under way there.

Where more is read of each, fewer workspaces keep as many requests under way; all others would only wait.
"""

_ENDPOINTS = frozenset({"onlineEndpoints", "deployments"})
_DEPLOYMENTS = "workspaces/onlineEndpoints/deployments"


class WorkspaceReader:
    """Reads the workspaces of one subscription, one at a time or many at once."""

    def __init__(
        self,
        arm: Arm,
        versions: ApiVersions,
        associated: AssociatedReader,
        subscription_id: str,
        *,
        collection: Collection,
        keep: Keep,
    ) -> None:
        """Remember what is wanted of each workspace."""
        self._arm = arm
        self._versions = versions
        self._associated = associated
        self._subscription_id = subscription_id
        self.wanted = collection
        self._keep = keep
        self._places = asyncio.Semaphore(1 + WORKSPACES_AT_ONCE // _things_read(collection))
        self._associated_places = asyncio.Semaphore(WORKSPACES_AT_ONCE)

    async def read(self, workspace: Listed) -> None:
        """Hand everything about the workspace to `keep`, its parts at once, when there is a place for it."""
        async with self._places, asyncio.TaskGroup() as group:
            for kind in _PLAIN_LISTS:
                if kind in self.wanted.kinds:
                    group.create_task(self._children(kind, workspace.id))
            if self.wanted.kinds & _ENDPOINTS:
                group.create_task(self._online_endpoints(workspace.id))
            if "diagnosticSettings" in self.wanted.kinds:
                group.create_task(self._diagnostic_settings(workspace.id))
            await self._network(workspace)

    @property
    def wants_associated(self) -> bool:
        """Whether what workspaces name is read, too."""
        return ASSOCIATED in self.wanted.kinds

    async def read_associated(self, workspace: Listed) -> None:
        """Hand what the workspace names to `keep` when there is a place for it.

        Its places are others: a provider that makes us wait does not keep workspaces from being read.
        """
        async with self._associated_places:
            await self._associated.read(workspace.associated)

    async def _network(self, workspace: Listed) -> None:
        rules = None
        if "outboundRules" in self.wanted.kinds and workspace.has_own_network:
            rules = None if workspace.is_plainly_off else await self._rules(workspace)
        if workspace.leaves_out or (rules is not None and workspace.disagrees(rules)):
            details = await self._details(workspace.id)
            if self.wants_associated and isinstance(details, Payload) and details.status == 200:
                await self._associated.read(associated(details.document))
        lacks_connections = workspace.has_own_network and not workspace.connections_are_told
        if "privateEndpointConnections" in self.wanted.kinds and lacks_connections:
            await self._children("privateEndpointConnections", workspace.id)

    async def _rules(self, workspace: Listed) -> int | None:
        """The fingerprint of the rules in the outboundRules list; None where it was not read whole.

        A workspace that reports no managed network may have no such list either.
        """
        if not shows_managed_network(workspace.api_version):
            path = f"{workspace.id}/outboundRules"
            self._keep(_too_old(self._ask("outboundRules", workspace.id, path, workspace.api_version)))
            return None
        path = f"{json_members.quoted(workspace.id)}/outboundRules"
        answers = await self._list(
            "outboundRules",
            workspace.id,
            path,
            "workspaces/outboundRules",
            may_be_missing=not workspace.reports_network,
        )
        if any(isinstance(answer, Gap) for answer in answers):
            return None
        return fingerprint({str(item.get("name")): item.get("properties") for item in _items(answers)})

    async def _online_endpoints(self, workspace_id: str) -> None:
        endpoints = _items(await self._children("onlineEndpoints", workspace_id))
        if endpoints and "deployments" in self.wanted.kinds:
            async with asyncio.TaskGroup() as group:
                for endpoint_id in filter(None, (json_members.named(item, "id") for item in endpoints)):
                    path = f"{json_members.quoted(endpoint_id)}/deployments"
                    group.create_task(self._list("deployments", workspace_id, path, _DEPLOYMENTS))

    async def _diagnostic_settings(self, workspace_id: str) -> None:
        path = f"{json_members.quoted(workspace_id)}/providers/Microsoft.Insights/diagnosticSettings"
        ask = self._ask("diagnosticSettings", workspace_id, path, DIAGNOSTIC_SETTINGS_API_VERSION)
        async for page in self._arm.pages(ask):
            self._keep(page)

    async def _children(self, kind: str, workspace_id: str) -> list[Payload | Gap]:
        path = f"{json_members.quoted(workspace_id)}/{kind}"
        return await self._list(kind, workspace_id, path, f"workspaces/{kind}")

    async def _list(
        self, kind: str, scope: str, path: str, resource_type: str, *, may_be_missing: bool = False
    ) -> list[Payload | Gap]:
        """Every page of a list, kept and returned."""

        def attempt(version: str) -> Awaitable[Payload | Gap]:
            return self._arm.get(self._ask(kind, scope, path, version, may_be_missing=may_be_missing))

        first = await self._versions.settled(resource_type, attempt)
        if isinstance(first, Gap) or first.status != 200:
            answers: list[Payload | Gap] = [first]
        else:
            answers = await self._arm.pages_after(first)
        for answer in answers:
            self._keep(answer)
        return answers

    async def _details(self, workspace_id: str) -> Payload | Gap:
        path = json_members.quoted(workspace_id)
        answer = await self._versions.settled(
            "workspaces",
            lambda version: self._arm.get(self._ask("workspace", workspace_id, path, version)),
        )
        self._keep(answer)
        return answer

    def _ask(
        self, kind: str, scope: str, path: str, api_version: str, *, may_be_missing: bool = False
    ) -> Ask:
        return Ask(
            kind=kind,
            scope=scope,
            url=self._arm.url(path, api_version),
            api_version=api_version,
            subscription_id=self._subscription_id,
            may_be_missing=may_be_missing,
        )


def _things_read(collection: Collection) -> int:
    """How many things are read of a workspace at once; its network is always one of them."""
    kinds = collection.kinds
    return 1 + len(kinds & {*_PLAIN_LISTS, "diagnosticSettings"}) + bool(kinds & _ENDPOINTS)


def _items(answers: list[Payload | Gap]) -> list[json_members.Object]:
    pages = [answer for answer in answers if isinstance(answer, Payload)]
    return [item for page in pages for item in json_members.objects(page.document, "value") or ()]


def _too_old(ask: Ask) -> Gap:
    return gaps.gap(
        ask,
        "ApiVersionTooOld",
        f"The newest api-version this cloud offers, {ask.api_version}, cannot show managed networks.",
        "Nothing can close this before the cloud offers api-version 2023-10-01 or newer.",
    )
