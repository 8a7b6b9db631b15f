"""What lies below a workspace, as rows: connections, computes, endpoints, deployments and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from scanner.payloads import json_members

Row = dict[str, Any]

_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


def connection_row(workspace_id: str, item: json_members.Object) -> Row:
    """A private endpoint connection, from a workspace's body or from its own list."""
    name = json_members.text(item, "name") or "unnamed"
    identity = json_members.named(item, "id") or f"{workspace_id}/privateEndpointConnections/{name}"
    state = json_members.member(item, "properties", "privateLinkServiceConnectionState")
    return {
        "connection_id": identity,
        "workspace_id": workspace_id,
        "connection": json_members.text(item, "name") or json_members.last_part(identity),
        "status": json_members.named(state, "status"),
        "description": json_members.text(state, "description"),
        "private_endpoint_id": json_members.text_or_null(item, "properties", "privateEndpoint", "id"),
        "provisioning_state": json_members.text(item, "properties", "provisioningState"),
        "created_at": json_members.text(item, "systemData", "createdAt"),
    }


def compute_row(workspace_id: str, item: json_members.Object) -> Row:
    """A compute; its own properties are nested once more, and null where Azure has none."""
    outer = item.get("properties")
    inner = json_members.member(outer, "properties")
    return {
        "compute_id": item["id"],
        "workspace_id": workspace_id,
        "compute": json_members.text(item, "name") or json_members.last_part(item["id"]),
        "compute_type": json_members.named(outer, "computeType"),
        "compute_location": json_members.named(outer, "computeLocation"),
        "is_attached": json_members.flag(outer, "isAttachedCompute"),
        "attached_resource_id": json_members.named(outer, "resourceId"),
        "disable_local_auth": json_members.flag(outer, "disableLocalAuth"),
        "provisioning_state": json_members.text(outer, "provisioningState"),
        "created_on": json_members.text(outer, "createdOn"),
        "subnet_id": json_members.text_or_null(inner, "subnet", "id"),
        "enable_node_public_ip": json_members.flag(inner, "enableNodePublicIp"),
        "public_ip_address": json_members.text_or_null(inner, "connectivityEndpoints", "publicIpAddress"),
        "remote_login_port_public_access": json_members.named(inner, "remoteLoginPortPublicAccess"),
        "ssh_public_access": json_members.named(inner, "sshSettings", "sshPublicAccess"),
        "is_latest_os_image_version": json_members.flag(inner, "osImageMetadata", "isLatestOsImageVersion"),
    }


def endpoint_row(workspace_id: str, item: json_members.Object, *, endpoint_type: str) -> Row:
    """An endpoint of one of the three types."""
    return {
        "endpoint_id": item["id"],
        "workspace_id": workspace_id,
        "endpoint": json_members.text(item, "name") or json_members.last_part(item["id"]),
        "endpoint_type": endpoint_type,
        "kind": json_members.named(item, "kind"),
        "compute_id": json_members.text_or_null(item, "properties", "compute"),
        "public_network_access": json_members.named(item, "properties", "publicNetworkAccess"),
        "auth_mode": json_members.named(item, "properties", "authMode"),
        "provisioning_state": json_members.text(item, "properties", "provisioningState"),
    }


def deployment_row(workspace_id: str, item: json_members.Object) -> Row:
    """A deployment of an online endpoint, whose id is the front of its own."""
    return {
        "deployment_id": item["id"],
        "workspace_id": workspace_id,
        "endpoint_id": item["id"].rsplit("/", 2)[0],
        "deployment": json_members.text(item, "name") or json_members.last_part(item["id"]),
        "egress_public_network_access": json_members.named(item, "properties", "egressPublicNetworkAccess"),
        "endpoint_compute_type": json_members.named(item, "properties", "endpointComputeType"),
    }


def setting_row(workspace_id: str, item: json_members.Object) -> Row:
    """A diagnostic setting: which logs it takes, and where it sends them."""
    properties = item.get("properties")
    logs = json_members.objects(properties, "logs")
    enabled = [log for log in logs or () if log.get("enabled") is True]
    names = [
        json_members.named(log, "category") or json_members.named(log, "categoryGroup") or "unnamed"
        for log in enabled
    ]
    told = isinstance(properties, dict)
    return {
        "setting_id": item["id"],
        "workspace_id": workspace_id,
        "setting": json_members.text(item, "name") or json_members.last_part(item["id"]),
        "enabled_logs": None if logs is None else ", ".join(names),
        "sinks": ", ".join(sink for sink in _SINKS if json_members.named(properties, sink)) if told else None,
    }


CHILDREN: Mapping[str, tuple[str, Callable[[str, json_members.Object], Row]]] = {
    "privateEndpointConnections": ("private_endpoint_connections", connection_row),
    "computes": ("computes", compute_row),
    "onlineEndpoints": ("endpoints", partial(endpoint_row, endpoint_type="online")),
    "batchEndpoints": ("endpoints", partial(endpoint_row, endpoint_type="batch")),
    "serverlessEndpoints": ("endpoints", partial(endpoint_row, endpoint_type="serverless")),
    "deployments": ("online_deployments", deployment_row),
    "diagnosticSettings": ("diagnostic_settings", setting_row),
}
"""Kind of payload to the table its items belong to and the function that makes their rows."""
