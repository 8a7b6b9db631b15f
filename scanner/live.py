"""The live source: reads subscriptions, workspaces and what surrounds them from Azure Resource Manager."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from scanner import gaps, wire
from scanner.api_versions import (
    PROVIDER,
    PROVIDER_API_VERSION,
    ApiVersions,
    registration_state,
    shows_managed_network,
)
from scanner.arm import Arm
from scanner.gaps import Ask
from scanner.payloads import Gap, Keep, Payload
from scanner.progress import Progress, Silent
from scanner.scope import Subscription, Wanted, subscriptions
from scanner.workspace_rows import WORKSPACE_MEMBERS

_NOT_REGISTERED = frozenset({"MissingSubscriptionRegistration", "MissingRegistrationForResourceProvider"})


class LiveSource:
    """Reads one cloud through one `Arm`; every subscription on its own, none at the cost of another."""

    def __init__(
        self, arm: Arm, wanted: Wanted, *, reads: Iterable[str], progress: Progress | None = None
    ) -> None:
        """`reads` are the `table.column` names the chosen checks read: what they need is fetched."""
        self._arm = arm
        self._wanted = wanted
        self._members = frozenset(WORKSPACE_MEMBERS[read] for read in reads if read in WORKSPACE_MEMBERS)
        self._progress = progress or Silent()

    async def read(self, keep: Keep) -> None:
        """Hand every payload and gap to `keep`. Raises ScopeError before any workspace is read."""
        chosen = await subscriptions(self._arm, self._wanted, keep)
        self._progress.subscriptions_found(len(chosen))
        async with asyncio.TaskGroup() as group:
            for subscription in chosen:
                group.create_task(self._subscription(subscription, keep))

    async def _subscription(self, subscription: Subscription, keep: Keep) -> None:
        reader = _SubscriptionReader(self._arm, subscription, self._members, keep, self._progress)
        await reader.read()
        self._progress.subscription_read()


class _SubscriptionReader:
    """Reads one subscription: the list of its workspaces, then what each of them needs."""

    def __init__(
        self,
        arm: Arm,
        subscription: Subscription,
        members: frozenset[str],
        keep: Keep,
        progress: Progress,
    ) -> None:
        self._arm = arm
        self._subscription = subscription
        self._members = members
        self._keep = keep
        self._progress = progress
        self._versions = ApiVersions(arm, subscription.id, keep)

    async def read(self) -> None:
        scope = f"/subscriptions/{self._subscription.id}"
        path = f"{scope}/providers/{PROVIDER}/workspaces"
        first = await self._versions.settled(
            "workspaces", lambda version: self._arm.get(self._ask("workspaces", scope, path, version))
        )
        if isinstance(first, Gap):
            self._keep(await self._explained(first))
            return
        async with asyncio.TaskGroup() as group:
            async for page in self._arm.pages(self._ask_of(first), first):
                self._keep(page)
                if isinstance(page, Payload):
                    for item in self._workspaces(page):
                        group.create_task(self._workspace(item, page.api_version))

    def _workspaces(self, page: Payload) -> list[dict[str, Any]]:
        items = wire.objects(page.document, "value")
        found = [item for item in items or [] if wire.named(item, "id")]
        self._progress.workspaces_found(len(found))
        return found

    async def _explained(self, refusal: Gap) -> Gap | Payload:
        """The refusal, or the provider's word that it is not registered: then there is nothing to read."""
        if refusal.code not in _NOT_REGISTERED:
            return refusal
        scope = f"/subscriptions/{self._subscription.id}/providers/{PROVIDER}"
        answer = await self._arm.get(self._ask("provider", scope, scope, PROVIDER_API_VERSION))
        if isinstance(answer, Payload) and registration_state(answer).lower() != "registered":
            return answer
        return refusal

    async def _workspace(self, item: dict[str, Any], api_version: str) -> None:
        workspace_id = item["id"]
        if _has_own_network(item) and not _is_plainly_off(item):
            rules = await self._rules(workspace_id, api_version)
        else:
            rules = None
        if self._leaves_out(item) or (rules is not None and _disagrees(item, rules)):
            await self._details(workspace_id)
        if _connections_are_untold(item):
            await self._children("privateEndpointConnections", workspace_id)
        self._progress.workspace_read()

    async def _rules(self, workspace_id: str, api_version: str) -> dict[str, Any] | None:
        """Rule name to properties as the outboundRules list tells; None where it was not read whole."""
        if not shows_managed_network(api_version):
            ask = self._ask("outboundRules", workspace_id, f"{workspace_id}/outboundRules", api_version)
            self._keep(_too_old(ask))
            return None
        answers = await self._children("outboundRules", workspace_id)
        if any(isinstance(answer, Gap) for answer in answers):
            return None
        pages = [answer for answer in answers if isinstance(answer, Payload)]
        items = [item for page in pages for item in wire.objects(page.document, "value") or ()]
        return {str(item.get("name")): wire.member(item, "properties") for item in items}

    async def _children(self, kind: str, workspace_id: str) -> list[Payload | Gap]:
        """Every page of a list below the workspace, kept and returned."""
        path = f"{quote(workspace_id, safe='/')}/{kind}"
        first = await self._versions.settled(
            f"workspaces/{kind}",
            lambda version: self._arm.get(self._ask(kind, workspace_id, path, version)),
        )
        if isinstance(first, Gap):
            answers: list[Payload | Gap] = [first]
        else:
            answers = [page async for page in self._arm.pages(self._ask_of(first), first)]
        for answer in answers:
            self._keep(answer)
        return answers

    async def _details(self, workspace_id: str) -> None:
        path = quote(workspace_id, safe="/")
        self._keep(
            await self._versions.settled(
                "workspaces",
                lambda version: self._arm.get(self._ask("workspace", workspace_id, path, version)),
            )
        )

    def _leaves_out(self, item: dict[str, Any]) -> bool:
        """Whether a member that a chosen check reads is missing where this kind of workspace has it."""
        properties = item.get("properties")
        if not isinstance(properties, dict):
            return True
        return _has_own_network(item) and not self._members.issubset(properties)

    def _ask(self, kind: str, scope: str, path: str, api_version: str) -> Ask:
        return Ask(
            kind=kind,
            scope=scope,
            url=self._arm.url(path, api_version),
            api_version=api_version,
            subscription_id=self._subscription.id,
        )

    def _ask_of(self, page: Payload) -> Ask:
        return Ask(
            kind=page.kind,
            scope=page.scope,
            url=page.url,
            api_version=page.api_version,
            subscription_id=page.subscription_id,
        )


def _has_own_network(item: dict[str, Any]) -> bool:
    """Whether the workspace has a network of its own: a hub-based Project that reports none has not."""
    is_project = (wire.text(item, "kind") or "").lower() == "project"
    hub = wire.named(item, "properties", "hubResourceId")
    return not (is_project or hub) or wire.member(item, "properties", "managedNetwork") is not None


def _is_plainly_off(item: dict[str, Any]) -> bool:
    mode = wire.text(item, "properties", "managedNetwork", "isolationMode")
    return mode is not None and mode.lower() == "disabled"


def _connections_are_untold(item: dict[str, Any]) -> bool:
    """Whether the list neither carries the connections nor counts none of them.

    Azure leaves `privateEndpointConnections` out where there are none and then counts
    `privateLinkCount` 0 (recorded 2025-11).
    """
    properties = item.get("properties")
    if not isinstance(properties, dict) or not _has_own_network(item):
        return False
    told = isinstance(properties.get("privateEndpointConnections"), list)
    return not told and properties.get("privateLinkCount") != 0


def _disagrees(item: dict[str, Any], rules: dict[str, Any]) -> bool:
    """Whether the rules in the workspace's body are not those of its outboundRules list."""
    listed = wire.member(item, "properties", "managedNetwork", "outboundRules")
    if not isinstance(listed, dict):
        return False
    if set(listed) != set(rules):
        return True
    return any(_decides(listed[name]) != _decides(rules[name]) for name in rules)


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
