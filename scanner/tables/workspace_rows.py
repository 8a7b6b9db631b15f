"""Workspaces as rows: every member translated once, tri-state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scanner.payloads import json_members
from scanner.reading.api_versions import shows_managed_network

Row = dict[str, Any]

SHOWS_DATASTORES_AUTH_MODE = "2025-06-01"
"""The first stable version with that member of `properties` (resource type definitions, 2026-08)."""

WORKSPACE_MEMBERS: Mapping[str, str] = {
    f"workspaces.{column}": member
    for member, columns in {
        "publicNetworkAccess": ("public_network_access",),
        "networkAcls": ("network_acls_default_action", "ip_rules"),
        "managedNetwork": (
            "managed_network_reported",
            "isolation_mode",
            "managed_network_status",
            "spark_ready",
            "firewall_sku",
            "managed_network_kind",
            "firewall_public_ip_address",
            "changeable_isolation_modes",
        ),
        "serverlessComputeSettings": (
            "serverless_compute_configured",
            "serverless_compute_custom_subnet",
            "serverless_compute_no_public_ip",
        ),
        "encryption": ("encryption_status",),
        "systemDatastoresAuthMode": ("system_datastores_auth_mode",),
        "hbiWorkspace": ("hbi_workspace",),
        "imageBuildCompute": ("image_build_compute",),
    }.items()
    for column in columns
}
"""Which member of `properties` a column needs: where a list leaves it out, the workspace is asked itself.

`allowPublicAccessWhenBehindVnet` is not among them: neither the list nor the workspace carries it unless
it was ever set (recorded 2025-11). Nor is `privateEndpointConnections`, which has a call of its own.
"""


def workspace_row(item: dict[str, Any], api_version: str) -> Row:
    """The row of one workspace as an answer at `api_version` carries it."""
    properties = item.get("properties")
    network = json_members.member(properties, "managedNetwork")
    subscription_id, resource_group = json_members.place_of(item["id"])
    return {
        "workspace_id": item["id"],
        "workspace": json_members.text(item, "name") or item["id"].rsplit("/", 1)[-1],
        "kind": json_members.text(item, "kind"),
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "location": json_members.text(item, "location"),
        "tags": json.dumps(item["tags"], sort_keys=True) if isinstance(item.get("tags"), dict) else None,
        "api_version": api_version,
        "hub_resource_id": json_members.named(properties, "hubResourceId"),
        "judged_by": json_members.key(item["id"]),
        "public_network_access": json_members.named(properties, "publicNetworkAccess"),
        "allow_public_access_when_behind_vnet": json_members.flag(
            properties, "allowPublicAccessWhenBehindVnet"
        ),
        "network_acls_default_action": json_members.named(properties, "networkAcls", "defaultAction"),
        "ip_rules": _ip_rules(properties),
        "managed_network_reported": _managed_network_reported(properties, api_version),
        "isolation_mode": json_members.named(network, "isolationMode"),
        "managed_network_status": json_members.named(network, "status", "status"),
        "spark_ready": json_members.flag(network, "status", "sparkReady"),
        "firewall_sku": json_members.named(network, "firewallSku"),
        "managed_network_kind": json_members.named(network, "managedNetworkKind"),
        "firewall_public_ip_address": json_members.text_or_null(network, "firewallPublicIpAddress"),
        "changeable_isolation_modes": json_members.joined(
            json_members.member(network, "changeableIsolationModes")
        ),
        "private_endpoint_connections_known": _connections_known(properties),
        "encryption_status": _encryption_status(properties),
        "storage_account": json_members.text_or_null(properties, "storageAccount"),
        "key_vault": json_members.text_or_null(properties, "keyVault"),
        "container_registry": _registry(properties),
        "application_insights": json_members.text_or_null(properties, "applicationInsights"),
        "image_build_compute": json_members.text_or_null(properties, "imageBuildCompute"),
        **_serverless(properties),
        "identity_type": _identity_type(item),
        "primary_user_assigned_identity": json_members.text_or_null(
            properties, "primaryUserAssignedIdentity"
        ),
        "hbi_workspace": json_members.flag(properties, "hbiWorkspace"),
        "system_datastores_auth_mode": _datastores_auth_mode(properties, api_version),
        "v1_legacy_mode": json_members.flag(properties, "v1LegacyMode"),
        "provisioning_state": json_members.text(properties, "provisioningState"),
    }


def _managed_network_reported(properties: Any, api_version: str) -> bool | None:
    """True with a managedNetwork, False without one where the version shows it, None where it cannot tell."""
    network = json_members.member(properties, "managedNetwork")
    if isinstance(network, dict):
        return True
    can_tell = isinstance(properties, dict) and shows_managed_network(api_version)
    return False if network is None and can_tell else None


def _ip_rules(properties: Any) -> str | None:
    rules = json_members.objects(properties, "networkAcls", "ipRules")
    if rules is not None:
        return json_members.joined([str(rule.get("value", "")) for rule in rules])
    if json_members.member(properties, "networkAcls") is not None:
        return None
    return json_members.joined(json_members.member(properties, "ipAllowlist"))


def _connections_known(properties: Any) -> bool | None:
    if isinstance(json_members.member(properties, "privateEndpointConnections"), list):
        return True
    return True if json_members.member(properties, "privateLinkCount") == 0 else None


def _encryption_status(properties: Any) -> str | None:
    """ "" without encryption of its own: Azure then encrypts with keys that Microsoft manages."""
    if isinstance(properties, dict) and properties.get("encryption") is None:
        return ""
    return json_members.named(properties, "encryption", "status")


def _registry(properties: Any) -> str | None:
    """ "" where there is none, which Azure writes as null, as "" or not at all (recorded 2025-11)."""
    if isinstance(properties, dict) and "containerRegistry" not in properties:
        return ""
    return json_members.text_or_null(properties, "containerRegistry")


def _datastores_auth_mode(properties: Any, api_version: str) -> str | None:
    """ "" where a version that shows it leaves it out: Azure then uses account keys."""
    shows = isinstance(properties, dict) and api_version[:10] >= SHOWS_DATASTORES_AUTH_MODE
    if shows and properties.get("systemDatastoresAuthMode") is None:
        return ""
    return json_members.named(properties, "systemDatastoresAuthMode")


def _identity_type(item: json_members.Object) -> str | None:
    return "" if item.get("identity") is None else json_members.named(item, "identity", "type")


def _serverless(properties: Any) -> Row:
    settings = json_members.member(properties, "serverlessComputeSettings")
    if isinstance(settings, dict):
        return {
            "serverless_compute_configured": True,
            "serverless_compute_custom_subnet": json_members.text_or_null(
                settings, "serverlessComputeCustomSubnet"
            ),
            "serverless_compute_no_public_ip": json_members.flag(settings, "serverlessComputeNoPublicIP"),
        }
    told_null = (
        isinstance(properties, dict) and "serverlessComputeSettings" in properties and settings is None
    )
    return {"serverless_compute_configured": False if told_null else None}


def merged(listed: Row, details: Row) -> Row:
    """The workspace's own answer, completed by what only the list told."""
    told = {
        name: value
        for name, value in details.items()
        if value is not None and not (value == "" and listed.get(name))
    }
    merged = details | listed | told
    if listed.get("managed_network_reported"):
        merged["managed_network_reported"] = True
    return merged
