"""What a list tells of a workspace, as far as it decides what else is asked of it.

A subscription may have thousands of workspaces that wait for their turn: they wait without the page that
told them, which is ten times as large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner import wire
from scanner.api_versions import shows_managed_network

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

    `members` are the names of its properties, None where it has none. `associated` is what it names, by
    role. `rules` is the fingerprint of those its body tells, None where it tells none.
    """

    id: str
    api_version: str
    members: frozenset[str] | None
    associated: Mapping[str, str]
    rules: int | None
    is_independent: bool
    reports_network: bool
    is_plainly_off: bool
    connections_are_told: bool

    @property
    def has_own_network(self) -> bool:
        """Whether the workspace has a network of its own: a Project that reports none has its hub's."""
        return self.is_independent or self.reports_network

    def leaves_out(self, members: frozenset[str]) -> bool:
        """Whether any of these properties is missing where workspace and version have it."""
        if self.members is None:
            return True
        can_show = shows_managed_network(self.api_version) and self.has_own_network
        return can_show and not members <= self.members

    def disagrees(self, rules: int) -> bool:
        """Whether the rules in the workspace's body have not this fingerprint."""
        return self.rules is not None and self.rules != rules


def listed(item: wire.Object, api_version: str) -> Listed:
    """What the item of a list, which has an id, tells."""
    properties = item.get("properties")
    network = wire.member(properties, "managedNetwork")
    rules = wire.member(network, "outboundRules")
    return Listed(
        id=item["id"],
        api_version=api_version,
        members=frozenset(properties) if isinstance(properties, dict) else None,
        associated=associated(item),
        rules=fingerprint(rules) if isinstance(rules, dict) else None,
        is_independent=is_independent(item),
        reports_network=network is not None,
        is_plainly_off=(wire.text(network, "isolationMode") or "").lower() == "disabled",
        connections_are_told=_connections_are_told(properties),
    )


def associated(item: wire.Object) -> dict[str, str]:
    """The resources a workspace names, by role; none of a Project, which has its hub's."""
    if not is_independent(item):
        return {}
    named = {role: wire.named(item, "properties", member) for member, role in ROLE_OF_MEMBER.items()}
    return {role: resource_id for role, resource_id in named.items() if resource_id}


def fingerprint(rules: Mapping[str, Any]) -> int:
    """Of rules, given as name to properties: a hash of what decides about them, in this process."""
    return hash(wire.content([(name, _deciding(rules[name])) for name in sorted(rules)]))


def _deciding(rule: Any) -> tuple[object, ...]:
    return tuple(map(rule.get, _DECIDING)) if isinstance(rule, dict) else (rule,)


def is_independent(item: wire.Object) -> bool:
    """Whether the workspace is no hub-based Project."""
    is_project = (wire.text(item, "kind") or "").lower() == "project"
    return not (is_project or wire.named(item, "properties", "hubResourceId"))


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
