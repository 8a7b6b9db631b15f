"""Associated resources as rows, one for each workspace and resource."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scanner.payloads import json_members
from scanner.payloads.payload import Gap, Payload

Row = dict[str, Any]

COLUMN_OF_ROLE: Mapping[str, str] = {
    "storage": "storage_account",
    "vault": "key_vault",
    "registry": "container_registry",
    "insights": "application_insights",
}
"""The column of `workspaces` that names the resource of a role."""

_MAX_SHOWN = 100
_NOT_ASKED = "It was not asked for."


class AssociatedRows:
    """What was answered about associated resources, and the rows that workspaces make of it."""

    def __init__(self) -> None:
        """Nothing answered yet; `answers` holds what was, by lower-cased resource id."""
        self.answers: dict[str, Payload | Gap] = {}

    def add(self, answer: Payload | Gap) -> None:
        """Take in an answer; of several about one resource the order decides nothing."""
        key = json_members.key(answer.scope)
        known = self.answers.setdefault(key, answer)
        if known is not answer:
            self.answers[key] = min(known, answer, key=_preference)

    def of(self, workspace: Row) -> list[Row]:
        """The rows of one workspace; none of a Project, which has its hub's resources."""
        if (workspace["kind"] or "").lower() == "project" or workspace["hub_resource_id"]:
            return []
        rows = []
        for role, column in COLUMN_OF_ROLE.items():
            resource_id = workspace.get(column)
            if resource_id:
                answer = self.answers.get(resource_id.lower())
                rows.append(
                    _identity(workspace, role, resource_id) | _read_status(answer) | _posture(answer, role)
                )
        return rows


def _preference(answer: Payload | Gap) -> tuple[bool, str]:
    """Of several answers about one resource, which workers may have asked each: one that tells it."""
    return isinstance(answer, Gap), answer.evidence_id if isinstance(answer, Gap) else answer.id


def _identity(workspace: Row, role: str, resource_id: str) -> Row:
    return {
        "association_id": f"{workspace['workspace_id']}#{role}",
        "workspace_id": workspace["workspace_id"],
        "resource_id": resource_id,
        "resource": json_members.last_part(resource_id),
        "role": role,
    }


def _read_status(answer: Payload | Gap | None) -> Row:
    if isinstance(answer, Payload):
        return {"read_status": "read" if answer.status == 200 else "missing", "unread_reason": ""}
    reason = f"{answer.code}: {answer.message}" if answer else _NOT_ASKED
    return {"read_status": "unreadable", "unread_reason": reason}


def _posture(answer: Payload | Gap | None, role: str) -> Row:
    if not isinstance(answer, Payload) or answer.status != 200:
        return {}
    body = answer.document
    properties = body.get("properties")
    return {
        "public_network_access": _word(properties, "publicNetworkAccess"),
        **_firewall(properties, role),
        "approved_private_endpoints": _approved(properties),
        "location": json_members.named(body, "location"),
        "sku": json_members.named(body, "sku", "name"),
        "allow_blob_public_access": json_members.flag(properties, "allowBlobPublicAccess"),
        "allow_shared_key_access": json_members.flag(properties, "allowSharedKeyAccess"),
        "purge_protection": json_members.flag(properties, "enablePurgeProtection"),
        "admin_user_enabled": json_members.flag(properties, "adminUserEnabled"),
        "anonymous_pull_enabled": json_members.flag(properties, "anonymousPullEnabled"),
        "ingestion_access": json_members.named(properties, "publicNetworkAccessForIngestion"),
        "query_access": json_members.named(properties, "publicNetworkAccessForQuery"),
    }


def _word(properties: Any, name: str) -> str | None:
    """The word; None where it is absent, which says something, so that what is no word is shown as JSON."""
    value = json_members.member(properties, name)
    return value or None if isinstance(value, str) or value is None else json.dumps(value)[:_MAX_SHOWN]


def _firewall(properties: Any, role: str) -> Row:
    """The firewall's members; a registry names them differently."""
    if role == "registry":
        rules = json_members.member(properties, "networkRuleSet")
        bypass = json_members.named(properties, "networkRuleBypassOptions")
    else:
        rules = json_members.member(properties, "networkAcls")
        bypass = json_members.named(rules, "bypass")
    has_none = rules is None and isinstance(properties, dict)
    return {
        "default_action": "" if has_none else json_members.named(rules, "defaultAction"),
        "bypass": bypass,
        "ip_rules": "" if has_none else _each(rules, "ipRules", "value"),
        "resource_access_rules": "" if has_none else _each(rules, "resourceAccessRules", "resourceId"),
        "virtual_network_rules": 0 if has_none else json_members.count(rules, "virtualNetworkRules"),
    }


def _each(rules: Any, name: str, member: str) -> str | None:
    """Return one member of every rule, joined by ", ". "" where the list is absent or null, None where it is no list.

    A rule without that member is shown as "?", so that it is not read as no rule.
    """
    if isinstance(rules, dict) and rules.get(name) is None:
        return ""
    listed = json_members.objects(rules, name)
    return None if listed is None else ", ".join(json_members.named(each, member) or "?" for each in listed)


def _approved(properties: Any) -> int | None:
    """How many approved connections; 0 where the member is absent, which is how Azure writes none.

    None where a connection says nothing of its status, for it may be approved.
    """
    if not isinstance(properties, dict):
        return None
    connections = json_members.objects(properties, "privateEndpointConnections")
    if connections is None:
        return 0 if properties.get("privateEndpointConnections") is None else None
    states = [
        json_members.text(each, "properties", "privateLinkServiceConnectionState", "status")
        for each in connections
    ]
    if None in states:
        return None
    return sum(str(state).lower() == "approved" for state in states)
