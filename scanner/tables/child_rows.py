"""What lies below a workspace, as rows: connections, computes, endpoints, deployments and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from scanner import wire

Row = dict[str, Any]

_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


def connection_row(workspace_id: str, item: wire.Object) -> Row:
    """A private endpoint connection, from a workspace's body or from its own list."""
    name = wire.text(item, "name") or "unnamed"
    identity = wire.named(item, "id") or f"{workspace_id}/privateEndpointConnections/{name}"
    state = wire.member(item, "properties", "privateLinkServiceConnectionState")
    return {
        "connection_id": identity,
        "workspace_id": workspace_id,
        "connection": wire.text(item, "name") or wire.last_part(identity),
        "status": wire.named(state, "status"),
        "description": wire.text(state, "description"),
        "private_endpoint_id": wire.named(item, "properties", "privateEndpoint", "id"),
        "provisioning_state": wire.text(item, "properties", "provisioningState"),
    }


def compute_row(workspace_id: str, item: wire.Object) -> Row:
    """A compute; its own properties are nested once more, and null where Azure has none."""
    outer = item.get("properties")
    inner = wire.member(outer, "properties")
    return {
        "compute_id": item["id"],
        "workspace_id": workspace_id,
        "compute": wire.text(item, "name") or wire.last_part(item["id"]),
        "compute_type": wire.named(outer, "computeType"),
        "compute_location": wire.named(outer, "computeLocation"),
        "is_attached": wire.flag(outer, "isAttachedCompute"),
        "attached_resource_id": wire.named(outer, "resourceId"),
        "disable_local_auth": wire.flag(outer, "disableLocalAuth"),
        "provisioning_state": wire.text(outer, "provisioningState"),
        "subnet_id": wire.text_or_null(inner, "subnet", "id"),
        "enable_node_public_ip": wire.flag(inner, "enableNodePublicIp"),
        "public_ip_address": wire.text_or_null(inner, "connectivityEndpoints", "publicIpAddress"),
        "remote_login_port_public_access": wire.named(inner, "remoteLoginPortPublicAccess"),
        "ssh_public_access": wire.named(inner, "sshSettings", "sshPublicAccess"),
        "is_latest_os_image_version": wire.flag(inner, "osImageMetadata", "isLatestOsImageVersion"),
    }


def endpoint_row(workspace_id: str, item: wire.Object, *, endpoint_type: str) -> Row:
    """An endpoint of one of the three types."""
    return {
        "endpoint_id": item["id"],
        "workspace_id": workspace_id,
        "endpoint": wire.text(item, "name") or wire.last_part(item["id"]),
        "endpoint_type": endpoint_type,
        "public_network_access": wire.named(item, "properties", "publicNetworkAccess"),
        "auth_mode": wire.named(item, "properties", "authMode"),
        "provisioning_state": wire.text(item, "properties", "provisioningState"),
    }


def deployment_row(workspace_id: str, item: wire.Object) -> Row:
    """A deployment of an online endpoint, whose id is the front of its own."""
    return {
        "deployment_id": item["id"],
        "workspace_id": workspace_id,
        "endpoint_id": item["id"].rsplit("/", 2)[0],
        "deployment": wire.text(item, "name") or wire.last_part(item["id"]),
        "egress_public_network_access": wire.named(item, "properties", "egressPublicNetworkAccess"),
        "endpoint_compute_type": wire.named(item, "properties", "endpointComputeType"),
    }


def setting_row(workspace_id: str, item: wire.Object) -> Row:
    """A diagnostic setting: which logs it takes, and where it sends them."""
    properties = item.get("properties")
    logs = wire.objects(properties, "logs")
    enabled = [log for log in logs or () if log.get("enabled") is True]
    names = [wire.named(log, "category") or wire.named(log, "categoryGroup") or "unnamed" for log in enabled]
    told = isinstance(properties, dict)
    return {
        "setting_id": item["id"],
        "workspace_id": workspace_id,
        "setting": wire.text(item, "name") or wire.last_part(item["id"]),
        "enabled_logs": None if logs is None else ", ".join(names),
        "sinks": ", ".join(sink for sink in _SINKS if wire.named(properties, sink)) if told else None,
    }


CHILDREN: Mapping[str, tuple[str, Callable[[str, wire.Object], Row]]] = {
    "privateEndpointConnections": ("private_endpoint_connections", connection_row),
    "computes": ("computes", compute_row),
    "onlineEndpoints": ("endpoints", partial(endpoint_row, endpoint_type="online")),
    "batchEndpoints": ("endpoints", partial(endpoint_row, endpoint_type="batch")),
    "serverlessEndpoints": ("endpoints", partial(endpoint_row, endpoint_type="serverless")),
    "deployments": ("online_deployments", deployment_row),
    "diagnosticSettings": ("diagnostic_settings", setting_row),
}
"""Kind of payload to the table its items belong to and the function that makes their rows."""
