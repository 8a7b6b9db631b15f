"""Reads one workspace: its child resources, what it is associated with, and itself if the list is of no use.

`scanner.reading.single_reads` reads the workspaces whose list items lack members.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scanner.azure.arm import Arm
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import PRIVATE_ENDPOINTS, ROLE_ASSIGNMENTS
from scanner.payloads.pages import items_on
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.reading.api_versions import ApiVersions
from scanner.reading.associated import AssociatedReader
from scanner.reading.collection import Collection
from scanner.reading.networks import NetworkReader
from scanner.reading.roles import RoleReader
from scanner.tables.associated import ASSOCIATED, TYPES, AssociatedType
from scanner.tables.children import CHILDREN, OF_KIND, ChildType, is_wanted
from scanner.tables.networks import PlacedEndpoint, approved_endpoints
from scanner.tables.role_assignments import identity_of, represents_user_assigned, targets
from scanner.tables.workspaces import shows_managed_network

WORKSPACES_AT_ONCE = 16
"""The most workspaces of a subscription that are read at once if one list is read of each.

It equals the limit of concurrent requests of a subscription. If more lists are read of each workspace, fewer
workspaces are enough to reach that limit; all others would only wait.
"""

_RULES, _CONNECTIONS = OF_KIND["outboundRules"], OF_KIND["privateEndpointConnections"]
_ADDRESSES = ("networkAcls", "ipAllowlist")
_DECIDING = ("type", "destination", "status", "category")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The members of an item in the list of workspaces that decide what else is read.

    Thousands of workspaces may wait for their turn. They wait as `Listed`, because a page is ten times larger.
    `is_bare` is True if it has no properties. `associated` are the associated resources by type. `rules` is the
    fingerprint of the rules in its body, None without any. A Project that reports no network has its hub's.
    """

    id: str
    api_version: str
    is_bare: bool
    associated: Mapping[AssociatedType, str]
    rules: int | None
    has_own_network: bool
    reports_network: bool
    is_off: bool
    reports_connections: bool
    reports_address_rules: bool
    endpoints: tuple[PlacedEndpoint, ...]
    principal: str
    is_user_assigned: bool


def listed(item: json_members.Object, api_version: str) -> Listed:
    """Convert an item with an id."""
    properties = item.get("properties")
    network = json_members.member(properties, "managedNetwork")
    rules = json_members.member(network, "outboundRules")
    return Listed(
        id=json_members.without_slash(item["id"]),
        api_version=api_version,
        is_bare=not isinstance(properties, dict),
        associated=associated(item),
        rules=fingerprint(rules) if isinstance(rules, dict) else None,
        has_own_network=has_own_network(item),
        reports_network=network is not None,
        is_off=(json_members.text(network, "isolationMode") or "").lower() == "disabled",
        reports_connections=_reports_connections(properties),
        reports_address_rules=any(json_members.member(properties, each) is not None for each in _ADDRESSES),
        endpoints=endpoints(item),
        principal=identity_of(item) or "",
        is_user_assigned=represents_user_assigned(item),
    )


def has_own_network(item: json_members.Object) -> bool:
    """Check whether a workspace has a network of its own. A Project that reports none has its hub's."""
    return not _is_project(item) or json_members.member(item, "properties", "managedNetwork") is not None


def associated(item: json_members.Object) -> dict[AssociatedType, str]:
    """Return the ids of a workspace's associated resources. Empty for a Project, which has its hub's."""
    if _is_project(item):
        return {}
    ids = {each: json_members.link(item, "properties", each.member) for each in TYPES}
    return {each: resource_id for each, resource_id in ids.items() if resource_id}


def endpoints(item: json_members.Object) -> tuple[PlacedEndpoint, ...]:
    """Return the approved private endpoints in a workspace's body."""
    return tuple(approved_endpoints(json_members.member(item, "properties", "privateEndpointConnections")))


def _is_project(item: json_members.Object) -> bool:
    is_named_so = (json_members.text(item, "kind") or "").lower() == "project"
    return is_named_so or bool(json_members.named(item, "properties", "hubResourceId"))


def _reports_connections(properties: Any) -> bool:
    """Return whether the list has the private endpoint connections or counts none of them.

    Azure leaves `privateEndpointConnections` out if there are none, and then counts `privateLinkCount` 0
    (recorded 2025-11). Without properties, the workspace itself is read.
    """
    if not isinstance(properties, dict):
        return True
    has_them = json_members.objects(properties, "privateEndpointConnections") is not None
    return has_them or properties.get("privateLinkCount") == 0


def rules_by_name(items: Iterable[json_members.Object]) -> dict[str, Any]:
    """Return the properties of the items of an outboundRules list by their names."""
    return {str(item.get("name")): item.get("properties") for item in items}


def fingerprint(rules: Mapping[str, Any]) -> int:
    """Return a hash of the deciding properties of rules, given as name to properties. Valid in this process only."""
    deciding = [
        (name, tuple(map(rule.get, _DECIDING)) if isinstance(rule, dict) else (rule,))
        for name, rule in sorted(rules.items())
    ]
    return hash(json_members.content(deciding))


class WorkspaceReader:
    """Reads the workspaces of one subscription, many at once."""

    def __init__(
        self,
        arm: Arm,
        versions: ApiVersions,
        associated: AssociatedReader,
        networks: NetworkReader,
        roles: RoleReader,
        subscription_id: str,
        *,
        collection: Collection,
        keep: Keep,
    ) -> None:
        """Read of each workspace what `collection` names, and hand it to `keep`."""
        self._arm = arm
        self._versions = versions
        self._associated = associated
        self._networks = networks
        self._roles = roles
        self._subscription_id = subscription_id
        self.wanted = collection
        self._keep = keep
        self._lists = [
            each
            for each in CHILDREN
            if not each.is_in_body and not each.below and is_wanted(each, collection.kinds)
        ]
        self._places = asyncio.Semaphore(1 + WORKSPACES_AT_ONCE // (1 + len(self._lists)))

    async def read(self, workspace: Listed) -> None:
        """Read the workspace's lists at once, as soon as there is a place for it."""
        async with self._places, asyncio.TaskGroup() as group:
            for child in self._lists:
                group.create_task(self._with_nested(child, workspace.id))
            await self._network(workspace)

    @property
    def wants_associated(self) -> bool:
        """Return whether associated resources are read."""
        return ASSOCIATED in self.wanted.kinds

    async def read_associated(self, workspaces: Sequence[Listed]) -> None:
        """Read the associated resources of all workspaces of the subscription."""
        await self._associated.read_all(self._subscription_id, [each.associated for each in workspaces])

    async def _with_nested(self, child: ChildType, workspace_id: str) -> None:
        """Read a list, and the wanted lists below each of its items."""
        items = _items(await self._list(child, workspace_id, workspace_id))
        async with asyncio.TaskGroup() as group:
            for nested in self._nested_in(child):
                for parent_id in dict.fromkeys(json_members.without_slash(item["id"]) for item in items):
                    group.create_task(self._list(nested, workspace_id, parent_id))

    def _nested_in(self, child: ChildType) -> Iterable[ChildType]:
        return (each for each in CHILDREN if each.below == child.kind and is_wanted(each, self.wanted.kinds))

    async def _network(self, workspace: Listed) -> None:
        rules, found = None, workspace.endpoints
        if _RULES.kind in self.wanted.kinds and workspace.has_own_network and not workspace.is_off:
            rules = await self._read_rules(workspace)
        if rules and workspace.principal and ROLE_ASSIGNMENTS in self.wanted.kinds:
            own = () if workspace.is_user_assigned else (workspace.id, *workspace.associated.values())
            judged = targets(rules, but=own, with_azures_own=workspace.is_user_assigned)
            await self._roles.read(workspace.principal, judged)
        if workspace.is_bare or self.wanted.asks_everybody or contradicts(workspace, rules):
            details = await self._details(workspace.id)
            if isinstance(details, Payload) and details.status == 200:
                found = endpoints(details.document) or found
                if self.wants_associated:
                    await self._associated.read(associated(details.document))
        lacks_connections = workspace.has_own_network and not workspace.reports_connections
        if _CONNECTIONS.kind in self.wanted.kinds and lacks_connections:
            listed = await self._list(_CONNECTIONS, workspace.id, workspace.id)
            found = tuple(approved_endpoints(_items(listed)))
        if PRIVATE_ENDPOINTS in self.wanted.kinds:
            await self._networks.read(found)

    async def _read_rules(self, workspace: Listed) -> Mapping[str, Any] | None:
        """Return the rules of the outboundRules list, as name to properties. None if it was not read completely.

        A workspace that reports no managed network may lack the list, too.
        """
        if not shows_managed_network(workspace.api_version):
            path = _RULES.list_path(workspace.id)
            self._keep(_too_old(self._ask(_RULES.kind, workspace.id, path, workspace.api_version)))
            return None
        answers = await self._list(
            _RULES, workspace.id, workspace.id, may_be_missing=not workspace.reports_network
        )
        if any(isinstance(answer, Gap) for answer in answers):
            return None
        return rules_by_name(_items(answers))

    async def _list(
        self, child: ChildType, workspace_id: str, parent_id: str, *, may_be_missing: bool = False
    ) -> Sequence[Payload | Gap]:
        """Keep and return every page of a list."""
        path = child.list_path(parent_id)

        async def first_page(version: str) -> Payload | Gap:
            ask = self._ask(child.kind, workspace_id, path, version, may_be_missing=may_be_missing)
            return await self._arm.get(ask)

        if child.api_version:
            first = await first_page(child.api_version)
        else:
            first = await self._versions.settled(f"workspaces/{child.path}", first_page)
        answers = [answer async for answer in self._arm.pages(first)]
        for answer in answers:
            self._keep(answer)
        return answers

    async def _details(self, workspace_id: str) -> Payload | Gap:
        answer = await self._versions.settled(
            "workspaces",
            lambda version: self._arm.get(self._ask("workspace", workspace_id, workspace_id, version)),
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


def contradicts(workspace: Listed, rules: Mapping[str, Any] | None) -> bool:
    """Check whether the list of rules shows that the list of workspaces is wrong about the managed network."""
    if rules is None:
        return False
    in_body = workspace.rules if workspace.reports_network else fingerprint({})
    return in_body is not None and fingerprint(rules) != in_body


def _items(answers: Sequence[Payload | Gap]) -> list[json_members.Object]:
    pages = [answer for answer in answers if isinstance(answer, Payload)]
    return [item for page in pages for _, item in items_on(page).items]


def _too_old(ask: Ask) -> Gap:
    return gaps.gap(
        ask,
        "ApiVersionTooOld",
        f"The newest api-version this cloud offers, {ask.api_version}, cannot show managed networks.",
        "Nothing can close this before the cloud offers api-version 2023-10-01 or newer.",
    )
