"""Translates a workspace, as LIST or GET returns it, into its row. A value that Azure does not report is None."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from scanner.payloads.json_members import (
    Object,
    flag,
    joined,
    key,
    last_part,
    link,
    link_or_null,
    member,
    named,
    objects,
    place_of,
    text,
    text_or_null,
    without_slash,
)
from scanner.scope.workspaces import tags_of
from scanner.tables.associated import TYPES
from scanner.tables.role_assignments import identity_of
from scanner.tables.rows import Row

SHOWS_MANAGED_NETWORK = "2023-10-01"
"""The first stable version with `properties.managedNetwork` and `outboundRules`."""

SHOWS_DATASTORES_AUTH_MODE = "2025-06-01"
"""The first stable version with that member of `properties` (resource type definitions, 2026-08)."""

WORKSPACE_MEMBERS: Mapping[str, str] = {
    f"workspaces.{column}": member
    for member, columns in {
        "publicNetworkAccess": ("public_network_access",),
        "networkAcls": ("network_acls_default_action", "ip_rules"),
        "managedNetwork": (
            *("managed_network_reported", "isolation_mode", "managed_network_status", "spark_ready"),
            *("firewall_sku", "managed_network_kind", "firewall_public_ip_address"),
            "changeable_isolation_modes",
        ),
        "serverlessComputeSettings": (
            *("serverless_compute_configured", "serverless_compute_custom_subnet"),
            "serverless_compute_no_public_ip",
        ),
        "encryption": ("encryption_status",),
        "systemDatastoresAuthMode": ("system_datastores_auth_mode",),
        "hbiWorkspace": ("hbi_workspace",),
        "imageBuildCompute": ("image_build_compute",),
        "allowPublicAccessWhenBehindVnet": ("allow_public_access_when_behind_vnet",),
        "v1LegacyMode": ("v1_legacy_mode",),
        "identity": ("identity_type",),
        "primaryUserAssignedIdentity": ("primary_user_assigned_identity",),
        **{each.member: (each.column,) for each in TYPES},
    }.items()
    for column in columns
}
"""The member of a workspace or of its `properties` that a column needs.

If the list leaves it out, `scanner.reading.learning` decides who is read singly. `privateEndpointConnections` is not
here: it has a list of its own.
"""

FROM_HUB = frozenset(
    member for column, member in WORKSPACE_MEMBERS.items() if column.partition(".")[2] in NETWORK_COLUMNS
)
"""The members that a Project without a network of its own has from its hub, whatever its body has."""


def shows_managed_network(api_version: str) -> bool:
    """Return whether an answer at this version has the managed network, if the workspace has one."""
    return api_version[:10] >= SHOWS_MANAGED_NETWORK


def workspace_row(item: Object, api_version: str) -> Row:
    """Return the row of one workspace, from an answer at `api_version`."""
    properties = item.get("properties")
    subscription_id, resource_group = place_of(item["id"])
    return {
        "workspace_id": without_slash(item["id"]),
        "workspace": text(item, "name") or last_part(item["id"]),
        "kind": text(item, "kind"),
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "location": named(item, "location"),
        "tags": _tags(item),
        "api_version": api_version,
        "hub_resource_id": link(properties, "hubResourceId"),
        "judged_by": key(item["id"]),
        "public_network_access": named(properties, "publicNetworkAccess"),
        "allow_public_access_when_behind_vnet": flag(properties, "allowPublicAccessWhenBehindVnet"),
        **address_rules(item),
        **_network(properties, api_version),
        "private_endpoint_connections_known": _connections_known(properties),
        "encryption_status": _encryption_status(properties),
        "storage_account": link_or_null(properties, "storageAccount"),
        "key_vault": link_or_null(properties, "keyVault"),
        "container_registry": _registry(properties),
        "application_insights": link_or_null(properties, "applicationInsights"),
        "image_build_compute": text_or_null(properties, "imageBuildCompute"),
        **_serverless(properties),
        "identity_type": _identity_type(item),
        "identity_principal_id": identity_of(item),
        "primary_user_assigned_identity": _primary_identity(properties),
        "hbi_workspace": flag(properties, "hbiWorkspace"),
        "system_datastores_auth_mode": _datastores_auth_mode(properties, api_version),
        "v1_legacy_mode": flag(properties, "v1LegacyMode"),
        "provisioning_state": text(properties, "provisioningState"),
    }


def _tags(item: Object) -> str | None:
    """Return the tags as JSON. null is a workspace without tags; None if Azure shows none of both."""
    tags = tags_of(item)
    return None if tags is None else json.dumps(tags, sort_keys=True)


def _network(properties: Any, api_version: str) -> Row:
    network = member(properties, "managedNetwork")
    return {
        "managed_network_reported": _managed_network_reported(properties, api_version),
        "isolation_mode": named(network, "isolationMode"),
        "managed_network_status": named(network, "status", "status"),
        "spark_ready": flag(network, "status", "sparkReady"),
        "firewall_sku": named(network, "firewallSku"),
        "managed_network_kind": named(network, "managedNetworkKind"),
        "firewall_public_ip_address": text_or_null(network, "firewallPublicIpAddress"),
        "changeable_isolation_modes": joined(member(network, "changeableIsolationModes")),
    }


def _managed_network_reported(properties: Any, api_version: str) -> bool | None:
    """True with a managedNetwork, False without one. None if the api-version cannot show it."""
    network = member(properties, "managedNetwork")
    if isinstance(network, dict):
        return True
    can_show = isinstance(properties, dict) and shows_managed_network(api_version)
    return False if network is None and can_show else None


def _ip_rules(properties: Any) -> str | None:
    if member(properties, "networkAcls") is None:
        return joined(member(properties, "ipAllowlist"))
    rules = objects(properties, "networkAcls", "ipRules")
    return None if rules is None else joined([rule.get("value") for rule in rules])


def _connections_known(properties: Any) -> bool | None:
    if objects(properties, "privateEndpointConnections") is not None:
        return True
    return True if member(properties, "privateLinkCount") == 0 else None


def _encryption_status(properties: Any) -> str | None:
    """Return the status, or "" without customer-managed keys: Azure then uses keys of Microsoft."""
    if isinstance(properties, dict) and properties.get("encryption") is None:
        return ""
    return named(properties, "encryption", "status")


def _registry(properties: Any) -> str | None:
    """Return the registry's id, or "" for none: null, "" or no member at all (recorded 2025-11)."""
    if isinstance(properties, dict) and "containerRegistry" not in properties:
        return ""
    return link_or_null(properties, "containerRegistry")


def _datastores_auth_mode(properties: Any, api_version: str) -> str | None:
    """Return the mode, or "" if a version that shows it leaves it out: Azure then uses account keys."""
    shows = isinstance(properties, dict) and api_version[:10] >= SHOWS_DATASTORES_AUTH_MODE
    if shows and properties.get("systemDatastoresAuthMode") is None:
        return ""
    return named(properties, "systemDatastoresAuthMode")


def _identity_type(item: Object) -> str | None:
    return "" if item.get("identity") is None else named(item, "identity", "type")


def _primary_identity(properties: Any) -> str | None:
    """Return the id of the primary user-assigned identity, or "" for none: null, "" or no member at all."""
    if isinstance(properties, dict) and "primaryUserAssignedIdentity" not in properties:
        return ""
    return link_or_null(properties, "primaryUserAssignedIdentity")


def _serverless(properties: Any) -> Row:
    settings = member(properties, "serverlessComputeSettings")
    is_null = isinstance(properties, dict) and "serverlessComputeSettings" in properties and settings is None
    return {
        "serverless_compute_configured": True if isinstance(settings, dict) else False if is_null else None,
        "serverless_compute_custom_subnet": text_or_null(settings, "serverlessComputeCustomSubnet"),
        "serverless_compute_no_public_ip": flag(settings, "serverlessComputeNoPublicIP"),
    }


def address_rules(item: Object) -> Row:
    """Return the columns of the addresses that a workspace answers to."""
    properties = item.get("properties")
    return {
        "network_acls_default_action": named(properties, "networkAcls", "defaultAction"),
        "ip_rules": _ip_rules(properties),
    }


def merged(listed: Row, details: Row) -> Row:
    """Complete the row of GET with what only LIST reported."""
    reported = {
        name: value
        for name, value in details.items()
        if value is not None and not (value == "" and listed.get(name))
    }
    row = details | listed | reported
    if listed.get("managed_network_reported"):
        row["managed_network_reported"] = True
    return row
