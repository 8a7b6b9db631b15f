"""Reads one workspace: what surrounds it, and itself where the list left something out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from scanner import gaps, wire
from scanner.api_versions import ApiVersions, shows_managed_network
from scanner.arm import Arm
from scanner.associated import KIND as ASSOCIATED
from scanner.associated import AssociatedReader
from scanner.collection import Collection
from scanner.gaps import Ask
from scanner.payloads import Gap, Keep, Payload

DIAGNOSTIC_SETTINGS_API_VERSION = "2021-05-01-preview"
"""There is no stable version (2026-08)."""

_PLAIN_LISTS = ("computes", "batchEndpoints", "serverlessEndpoints")
"""Lists below a workspace that are read whenever they are wanted."""

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
        self._wanted = collection
        self._keep = keep

    async def read(self, item: wire.Object, api_version: str) -> None:
        """Hand everything about the workspace of this list item to `keep`, its parts at once."""
        workspace_id = item["id"]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._network(item, api_version))
            for kind in _PLAIN_LISTS:
                if kind in self._wanted.kinds:
                    group.create_task(self._children(kind, workspace_id))
            if self._wanted.kinds & {"onlineEndpoints", "deployments"}:
                group.create_task(self._online_endpoints(workspace_id))
            if "diagnosticSettings" in self._wanted.kinds:
                group.create_task(self._diagnostic_settings(workspace_id))
            group.create_task(self._dependencies(item))

    async def _dependencies(self, item: wire.Object) -> None:
        """Read what the workspace names, once: the list may leave out what the workspace itself tells."""
        if ASSOCIATED in self._wanted.kinds and _is_independent(item):
            await self._associated.read(item)

    async def _network(self, item: wire.Object, api_version: str) -> None:
        workspace_id = item["id"]
        rules = None
        if "outboundRules" in self._wanted.kinds and _has_own_network(item) and not _is_plainly_off(item):
            rules = await self._rules(item, api_version)
        if self._leaves_out(item, api_version) or (rules is not None and _disagrees(item, rules)):
            details = await self._details(workspace_id)
            if isinstance(details, Payload) and details.status == 200:
                await self._dependencies(details.document)
        if "privateEndpointConnections" in self._wanted.kinds and _connections_are_untold(item):
            await self._children("privateEndpointConnections", workspace_id)

    async def _rules(self, item: wire.Object, api_version: str) -> wire.Object | None:
        """Rule name to properties as the outboundRules list tells; None where it was not read whole.

        A workspace that reports no managed network may have no such list either.
        """
        workspace_id = item["id"]
        if not shows_managed_network(api_version):
            path = f"{workspace_id}/outboundRules"
            self._keep(_too_old(self._ask("outboundRules", workspace_id, path, api_version)))
            return None
        path = f"{wire.quoted(workspace_id)}/outboundRules"
        reports_none = wire.member(item, "properties", "managedNetwork") is None
        answers = await self._list(
            "outboundRules", workspace_id, path, "workspaces/outboundRules", may_be_missing=reports_none
        )
        if any(isinstance(answer, Gap) for answer in answers):
            return None
        return {str(item.get("name")): wire.member(item, "properties") for item in _items(answers)}

    async def _online_endpoints(self, workspace_id: str) -> None:
        endpoints = _items(await self._children("onlineEndpoints", workspace_id))
        if "deployments" in self._wanted.kinds:
            async with asyncio.TaskGroup() as group:
                for endpoint_id in filter(None, (wire.named(item, "id") for item in endpoints)):
                    path = f"{wire.quoted(endpoint_id)}/deployments"
                    group.create_task(
                        self._list(
                            "deployments", workspace_id, path, "workspaces/onlineEndpoints/deployments"
                        )
                    )

    async def _diagnostic_settings(self, workspace_id: str) -> None:
        path = f"{wire.quoted(workspace_id)}/providers/Microsoft.Insights/diagnosticSettings"
        ask = self._ask("diagnosticSettings", workspace_id, path, DIAGNOSTIC_SETTINGS_API_VERSION)
        async for page in self._arm.pages(ask):
            self._keep(page)

    async def _children(self, kind: str, workspace_id: str) -> list[Payload | Gap]:
        path = f"{wire.quoted(workspace_id)}/{kind}"
        return await self._list(kind, workspace_id, path, f"workspaces/{kind}")

    async def _list(
        self, kind: str, scope: str, path: str, resource_type: str, *, may_be_missing: bool = False
    ) -> list[Payload | Gap]:
        """Every page of a list, kept and returned."""

        def attempt(version: str) -> Awaitable[Payload | Gap]:
            ask = self._ask(kind, scope, path, version)
            return self._arm.get(replace(ask, may_be_missing=may_be_missing))

        first = await self._versions.settled(resource_type, attempt)
        if isinstance(first, Gap) or first.status != 200:
            answers: list[Payload | Gap] = [first]
        else:
            answers = [page async for page in self._arm.pages_after(first)]
        for answer in answers:
            self._keep(answer)
        return answers

    async def _details(self, workspace_id: str) -> Payload | Gap:
        path = wire.quoted(workspace_id)
        answer = await self._versions.settled(
            "workspaces",
            lambda version: self._arm.get(self._ask("workspace", workspace_id, path, version)),
        )
        self._keep(answer)
        return answer

    def _leaves_out(self, item: wire.Object, api_version: str) -> bool:
        """Whether a member that a chosen check reads is missing where workspace and version have it."""
        properties = item.get("properties")
        if not isinstance(properties, dict):
            return True
        can_show = shows_managed_network(api_version) and _has_own_network(item)
        return can_show and not self._wanted.members.issubset(properties)

    def _ask(self, kind: str, scope: str, path: str, api_version: str) -> Ask:
        return Ask(
            kind=kind,
            scope=scope,
            url=self._arm.url(path, api_version),
            api_version=api_version,
            subscription_id=self._subscription_id,
        )


def _items(answers: list[Payload | Gap]) -> list[wire.Object]:
    pages = [answer for answer in answers if isinstance(answer, Payload)]
    return [item for page in pages for item in wire.objects(page.document, "value") or ()]


def _is_independent(item: wire.Object) -> bool:
    """Whether the workspace is no hub-based Project."""
    is_project = (wire.text(item, "kind") or "").lower() == "project"
    return not (is_project or wire.named(item, "properties", "hubResourceId"))


def _has_own_network(item: wire.Object) -> bool:
    """Whether the workspace has a network of its own: a Project that reports none has its hub's."""
    return _is_independent(item) or wire.member(item, "properties", "managedNetwork") is not None


def _is_plainly_off(item: wire.Object) -> bool:
    mode = wire.text(item, "properties", "managedNetwork", "isolationMode")
    return mode is not None and mode.lower() == "disabled"


def _connections_are_untold(item: wire.Object) -> bool:
    """Whether the list neither carries the connections nor counts none of them.

    Azure leaves `privateEndpointConnections` out where there are none and then counts
    `privateLinkCount` 0 (recorded 2025-11).
    """
    properties = item.get("properties")
    if not isinstance(properties, dict) or not _has_own_network(item):
        return False
    told = isinstance(properties.get("privateEndpointConnections"), list)
    return not told and properties.get("privateLinkCount") != 0


def _disagrees(item: wire.Object, rules: wire.Object) -> bool:
    """Whether the rules in the workspace's body are not those of its outboundRules list."""
    listed = wire.member(item, "properties", "managedNetwork", "outboundRules")
    if not isinstance(listed, dict):
        return False
    if set(listed) != set(rules):
        return True
    return any(
        listed[name] != rules[name] and _decides(listed[name]) != _decides(rules[name]) for name in rules
    )


def _decides(rule: Any) -> tuple[object, ...]:
    names = ("type", "destination", "status", "category")
    return tuple(rule.get(name) for name in names) if isinstance(rule, dict) else (rule,)


def _too_old(ask: Ask) -> Gap:
    return gaps.told(
        ask,
        "ApiVersionTooOld",
        f"The newest api-version this cloud offers, {ask.api_version}, cannot show managed networks.",
        "Nothing can close this before the cloud offers api-version 2023-10-01 or newer.",
    )
