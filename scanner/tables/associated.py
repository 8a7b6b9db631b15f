"""The storage account, key vault, registry and Application Insights of a workspace, as table rows.

`TYPES` lists what the scanner knows of each: the reader, the permissions page, the offline formats and the
emulator derive from it. A workspace and a resource make one row, so a shared resource has several.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from checks.contract.words import CONNECTION_STATUSES
from checks.network.resource_ids import resource_id
from scanner.payloads.answers import PERIMETERS
from scanner.payloads.json_members import count, flag, key, last_part, member, named, objects, said
from scanner.payloads.payload import Gap, Payload
from scanner.tables.networks import NetworkAnswers, approved_endpoints, is_approved
from scanner.tables.perimeters import PerimeterAnswers
from scanner.tables.rows import Row

ASSOCIATED = "associatedResource"
"""The kind of payloads and gaps about associated resources."""


@dataclass(frozen=True, kw_only=True)
class AssociatedType:
    """One type of resource that a workspace names.

    `role` is what it is to the workspace. `member` of the workspace's `properties` and `column` of its row
    name it. `reads` is the text of the permissions page about its action. `perimeters` is the api-version of
    its list of network security perimeters, "" if the type can be in none.
    """

    role: str
    member: str
    column: str
    resource_type: str
    api_version: str
    reads: str
    perimeters: str = ""

    def is_id(self, identity: str) -> bool:
        """Check whether the text is a well-formed id of a resource of this type."""
        parsed = resource_id(identity)
        return parsed is not None and parsed.resource_type == self.resource_type.lower()

    @property
    def perimeters_action(self) -> str:
        """The RBAC action that reading the list of perimeters takes."""
        return f"{self.resource_type}/{PERIMETERS}/read"


TYPES = (
    AssociatedType(
        role="storage",
        member="storageAccount",
        column="storage_account",
        resource_type="Microsoft.Storage/storageAccounts",
        api_version="2024-01-01",
        reads="the storage accounts behind workspaces",
        perimeters="2024-01-01",
    ),
    AssociatedType(
        role="vault",
        member="keyVault",
        column="key_vault",
        resource_type="Microsoft.KeyVault/vaults",
        api_version="2023-07-01",
        reads="the key vaults behind workspaces, not their secrets",
        perimeters="2024-12-01-preview",  # no stable version has the list (resource type definitions, 2026-11)
    ),
    AssociatedType(
        role="registry",
        member="containerRegistry",
        column="container_registry",
        resource_type="Microsoft.ContainerRegistry/registries",
        api_version="2025-04-01",  # the first with `anonymousPullEnabled`
        reads="the container registries behind workspaces",
    ),
    AssociatedType(
        role="insights",
        member="applicationInsights",
        column="application_insights",
        resource_type="Microsoft.Insights/components",
        api_version="2020-02-02",
        reads="the Application Insights behind workspaces",
    ),
)
"""Read at pinned stable versions with every member that checks read (resource type definitions, 2026-08)."""

_BY_ROLE = sorted(TYPES, key=attrgetter("role"))
"""In the order of the table, which need not be sorted then."""

_MAX_SHOWN = 100
_NOT_ASKED = "It was not asked for."


class AssociatedRows:
    """Collects the answers about associated resources, and makes the rows of a workspace from them."""

    def __init__(self) -> None:
        """Start empty. `answers` has what was answered, by lower-cased resource id."""
        self.answers: dict[str, Payload | Gap] = {}
        self.perimeters = PerimeterAnswers()
        self.networks = NetworkAnswers()

    def add(self, answer: Payload | Gap) -> None:
        """Add an answer. If several workers asked about one resource, the order does not matter."""
        identity = key(answer.scope)
        known = self.answers.setdefault(identity, answer)
        if known is not answer:
            self.answers[identity] = min(known, answer, key=_preference)

    def all_of(self, resource_id: str) -> list[Payload | Gap]:
        """Return every answer about a resource: its own, and the pages about its perimeter."""
        own = self.answers.get(resource_id.lower())
        return [*([own] if own else []), *self.perimeters.of(resource_id)]

    def of(self, workspace: Row, connections: Sequence[Row] = ()) -> list[Row]:
        """Return the rows of one workspace. None for a Project, which uses its hub's resources.

        `connections` are the rows of the workspace's private endpoint connections.
        """
        if is_project(workspace):
            return []
        rows = []
        for each in _BY_ROLE:
            identity = workspace.get(each.column)
            if identity:
                answer = self.answers.get(key(identity))
                if isinstance(answer, Payload) and not each.is_id(identity):
                    answer = None
                rows.append(
                    {
                        "association_id": f"{workspace['workspace_id']}#{each.role}",
                        "workspace_id": workspace["workspace_id"],
                        "resource_id": identity,
                        "resource": last_part(identity),
                        "role": each.role,
                        **_read_status(answer),
                        **_posture(answer, each.role),
                        "networks_shared": self.networks.shared(connections, _endpoint_ids(answer)),
                        **self.perimeters.columns(identity),
                    }
                )
        return rows


def is_project(workspace: Mapping[str, Any]) -> bool:
    """Return whether the row is a hub-based Project's, which has its hub's network and resources."""
    return (workspace["kind"] or "").lower() == "project" or bool(workspace["hub_resource_id"])


def are_all_answered(workspace: Mapping[str, Any], answers: Container[str]) -> bool:
    """Return whether a workspace reports all four associations and `answers` has the lower-cased id of each."""
    ids = [workspace.get(each.column) for each in TYPES]
    return all(each is not None and (not each or each.lower() in answers) for each in ids)


def _preference(answer: Payload | Gap) -> tuple[bool, bool, str]:
    """Sort key of the answers about one resource: a single read, then an item of a list, then a gap."""
    if isinstance(answer, Gap):
        return True, False, answer.evidence_id
    return False, bool(answer.of_list), answer.id


def _read_status(answer: Payload | Gap | None) -> Row:
    if isinstance(answer, Payload):
        return {"read_status": "read" if answer.status == 200 else "missing", "unread_reason": ""}
    reason = f"{answer.code}: {answer.message}" if answer else _NOT_ASKED
    return {"read_status": "unreadable", "unread_reason": reason}


def facts_of(answer: Payload, role: str) -> Row:
    """Return everything that tables take from an answer about a resource."""
    return {**_posture(answer, role), "endpoints": _endpoint_ids(answer)}


def _posture(answer: Payload | Gap | None, role: str) -> Row:
    if not isinstance(answer, Payload) or answer.status != 200:
        return {}
    body = answer.document
    properties = body.get("properties")
    return {
        "public_network_access": _access(properties),
        **_firewall(properties, role),
        "approved_private_endpoints": _approved(properties),
        "location": named(body, "location"),
        "sku": named(body, "sku", "name"),
        "allow_blob_public_access": flag(properties, "allowBlobPublicAccess"),
        "allow_shared_key_access": flag(properties, "allowSharedKeyAccess"),
        "purge_protection": flag(properties, "enablePurgeProtection"),
        "admin_user_enabled": flag(properties, "adminUserEnabled"),
        "anonymous_pull_enabled": flag(properties, "anonymousPullEnabled"),
        "ingestion_access": named(properties, "publicNetworkAccessForIngestion"),
        "query_access": named(properties, "publicNetworkAccessForQuery"),
    }


def _access(properties: Any) -> str | None:
    """Return `publicNetworkAccess`. A value that is no string is returned as JSON: only absence is None."""
    value = member(properties, "publicNetworkAccess")
    return value or None if isinstance(value, str) or value is None else json.dumps(value)[:_MAX_SHOWN]


def _firewall(properties: Any, role: str) -> Row:
    """Return the firewall's columns. A registry has other member names."""
    if role == "registry":
        rules = member(properties, "networkRuleSet")
        bypass = named(properties, "networkRuleBypassOptions")
    else:
        rules = member(properties, "networkAcls")
        bypass = named(rules, "bypass")
    has_none = rules is None and isinstance(properties, dict)
    return {
        "default_action": "" if has_none else named(rules, "defaultAction"),
        "bypass": bypass,
        "ip_rules": "" if has_none else _each(rules, "ipRules", "value"),
        "resource_access_rules": "" if has_none else _each(rules, "resourceAccessRules", "resourceId"),
        "virtual_network_rules": 0 if has_none else count(rules, "virtualNetworkRules"),
    }


def _each(rules: Any, name: str, of_rule: str) -> str | None:
    """Return one member of every rule, joined by ", ". "" if the list is absent or null, None if it is no list.

    A rule without that member is shown as "?", so that it is not read as no rule.
    """
    if isinstance(rules, dict) and rules.get(name) is None:
        return ""
    listed = objects(rules, name)
    return None if listed is None else ", ".join(said(each.get(of_rule)) or "?" for each in listed)


def _endpoint_ids(answer: Payload | Gap | None) -> list[str] | None:
    """Return the private endpoints of the approved connections. None if their number is not known."""
    if not isinstance(answer, Payload) or answer.status != 200:
        return None
    properties = answer.document.get("properties")
    endpoints = approved_endpoints(member(properties, "privateEndpointConnections"))
    return [each.id for each in endpoints] if len(endpoints) == _approved(properties) else None


def _approved(properties: Any) -> int | None:
    """Count the approved connections. 0 if the member is absent: Azure leaves it out if there are none.

    None if a connection has no documented status, because it may be approved.
    """
    if not isinstance(properties, dict):
        return None
    connections = objects(properties, "privateEndpointConnections")
    if connections is None:
        return 0 if properties.get("privateEndpointConnections") is None else None
    states = [
        named(each, "properties", "privateLinkServiceConnectionState", "status") for each in connections
    ]
    known = {status.lower() for status in CONNECTION_STATUSES}
    are_known = all((state or "").lower() in known for state in states)
    return sum(is_approved(state) for state in states) if are_known else None
