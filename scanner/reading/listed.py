"""What a list tells of a workspace, as far as it decides what else is asked of it.

A subscription may have thousands of workspaces that wait for their turn: they wait without the page that
told them, which is ten times as large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner.payloads import json_members
from scanner.reading.api_versions import shows_managed_network

ROLE_OF_MEMBER: Mapping[str, str] = {
    "storageAccount": "storage",
    "keyVault": "vault",
    "containerRegistry": "registry",
    "applicationInsights": "insights",
}
"""The member of a workspace's `properties` that names the resource, and what it is to the workspace."""

_DECIDING = ("type", "destination", "status", "category")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A workspace as its list, read at `api_version`, tells it.

    A Project that reports no network has its hub's. `leaves_out` says whether its properties lack any that
    is wanted, where workspace and version have it. `associated` is what it names, by role. `rules` is the
    fingerprint of those its body tells, None where it tells none.
    """

    id: str
    api_version: str
    leaves_out: bool
    associated: Mapping[str, str]
    rules: int | None
    has_own_network: bool
    reports_network: bool
    is_plainly_off: bool
    connections_are_told: bool

    def disagrees(self, rules: int) -> bool:
        """Whether the rules in the workspace's body have not this fingerprint."""
        return self.rules is not None and self.rules != rules


def listed(item: json_members.Object, api_version: str, members: frozenset[str]) -> Listed:
    """What the item of a list, which has an id, tells; of its properties these `members` are wanted."""
    properties = item.get("properties")
    network = json_members.member(properties, "managedNetwork")
    rules = json_members.member(network, "outboundRules")
    has_own_network = is_independent(item) or network is not None
    can_show = shows_managed_network(api_version) and has_own_network
    return Listed(
        id=item["id"],
        api_version=api_version,
        leaves_out=not isinstance(properties, dict) or (can_show and not members <= properties.keys()),
        associated=associated(item),
        rules=fingerprint(rules) if isinstance(rules, dict) else None,
        has_own_network=has_own_network,
        reports_network=network is not None,
        is_plainly_off=(json_members.text(network, "isolationMode") or "").lower() == "disabled",
        connections_are_told=_connections_are_told(properties),
    )


def associated(item: json_members.Object) -> dict[str, str]:
    """The resources a workspace names, by role; none of a Project, which has its hub's."""
    if not is_independent(item):
        return {}
    named = {role: json_members.named(item, "properties", member) for member, role in ROLE_OF_MEMBER.items()}
    return {role: resource_id for role, resource_id in named.items() if resource_id}


def fingerprint(rules: Mapping[str, Any]) -> int:
    """Of rules, given as name to properties: a hash of what decides about them, in this process."""
    return hash(json_members.content([(name, _deciding(rules[name])) for name in sorted(rules)]))


def _deciding(rule: Any) -> tuple[object, ...]:
    return tuple(map(rule.get, _DECIDING)) if isinstance(rule, dict) else (rule,)


def is_independent(item: json_members.Object) -> bool:
    """Whether the workspace is no hub-based Project."""
    is_project = (json_members.text(item, "kind") or "").lower() == "project"
    return not (is_project or json_members.named(item, "properties", "hubResourceId"))


def _connections_are_told(properties: Any) -> bool:
    """Whether the list either carries the connections or counts none of them.

    Azure leaves `privateEndpointConnections` out where there are none and then counts
    `privateLinkCount` 0 (recorded 2025-11). Where there are no properties, the workspace itself is asked.
    """
    if not isinstance(properties, dict):
        return True
    return (
        isinstance(properties.get("privateEndpointConnections"), list)
        or properties.get("privateLinkCount") == 0
    )
