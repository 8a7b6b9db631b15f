"""The types of resource below a workspace: where each list is, which table it fills, and how.

The reader, the tabulation, the permissions page, the offline formats and the emulator derive from `CHILDREN`
what they know of a type. A new type is one `ChildType` here and its columns in `checks/contract`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial

from scanner.payloads.json_members import (
    Object,
    flag,
    key,
    last_part,
    link,
    link_or_null,
    member,
    named,
    objects,
    text,
    text_or_null,
    without_slash,
)
from scanner.tables.rows import Row

PROVIDER = "Microsoft.MachineLearningServices"
WORKSPACES = f"{PROVIDER}/workspaces"

_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


@dataclass(frozen=True, kw_only=True)
class ChildType:
    """One type of resource that is listed below every workspace.

    `path` is its type below the workspace, or its whole type if it belongs to another provider. `since` is its
    first api-version. Its items become rows of `table`, made by `row`. `known_column` is the column of
    `workspaces` that is True if the list was read completely. `reads` is the text of the permissions page
    about its action. `api_version` is set if the type is not read at the version of Machine Learning. `below`
    is the kind of the list whose items contain this list. If `is_in_body`, the workspace's body contains the
    items too, and the reader decides for each workspace whether to ask for the list.
    """

    path: str
    since: str
    table: str
    known_column: str
    reads: str
    row: Callable[[str, Object], Row] | None = None
    api_version: str | None = None
    below: str = ""
    is_in_body: bool = False

    @property
    def kind(self) -> str:
        """The kind of its payloads and gaps: the last part of its type."""
        return last_part(self.path)

    @property
    def is_extension(self) -> bool:
        """Return whether the type belongs to another provider and is attached to the workspace."""
        return self.path.startswith("Microsoft.")

    @property
    def resource_type(self) -> str:
        """The type with its provider, as Azure spells it."""
        return self.path if self.is_extension else f"{WORKSPACES}/{self.path}"

    @property
    def actions(self) -> Mapping[str, str]:
        """The RBAC actions that reading the list takes, each with what it reads; its own is the last."""
        above = OF_KIND[self.below].actions if self.below else {}
        return {**above, f"{self.resource_type}/read": self.reads}

    def list_path(self, parent_id: str) -> str:
        """The path of the list below the workspace, or below the resource of type `below`."""
        return f"{parent_id}/{f'providers/{self.path}' if self.is_extension else self.kind}"


def connection_row(workspace_id: str, item: Object) -> Row:
    """Return the row of a private endpoint connection, from a workspace's body or from its own list."""
    name = text(item, "name") or "unnamed"
    workspace_id = without_slash(workspace_id)
    identity = link(item, "id") or f"{workspace_id}/privateEndpointConnections/{name}"
    state = member(item, "properties", "privateLinkServiceConnectionState")
    return {
        "connection_id": identity,
        "workspace_id": workspace_id,
        "connection": text(item, "name") or last_part(identity),
        "status": named(state, "status"),
        "description": text(state, "description"),
        "private_endpoint_id": link_or_null(item, "properties", "privateEndpoint", "id"),
        "provisioning_state": text(item, "properties", "provisioningState"),
        "subnet_id": link(item, "properties", "privateEndpoint", "subnetArmId"),
        "created_at": text(item, "systemData", "createdAt"),
    }


def compute_row(workspace_id: str, item: Object) -> Row:
    """Return the row of a compute. Its own properties are nested once more, and null if Azure has none."""
    outer = item.get("properties")
    inner = member(outer, "properties")
    return {
        **_identity(workspace_id, item, "compute"),
        "compute_type": named(outer, "computeType"),
        "compute_location": named(outer, "computeLocation"),
        "is_attached": flag(outer, "isAttachedCompute"),
        "attached_resource_id": link(outer, "resourceId"),
        "disable_local_auth": flag(outer, "disableLocalAuth"),
        "provisioning_state": text(outer, "provisioningState"),
        "created_on": text(outer, "createdOn"),
        "subnet_id": link_or_null(inner, "subnet", "id"),
        "enable_node_public_ip": flag(inner, "enableNodePublicIp"),
        "public_ip_address": text_or_null(inner, "connectivityEndpoints", "publicIpAddress"),
        "remote_login_port_public_access": named(inner, "remoteLoginPortPublicAccess"),
        "ssh_public_access": named(inner, "sshSettings", "sshPublicAccess"),
        "is_latest_os_image_version": flag(inner, "osImageMetadata", "isLatestOsImageVersion"),
    }


def endpoint_row(workspace_id: str, item: Object, *, endpoint_type: str) -> Row:
    """Return the row of an endpoint of one of the three types."""
    return {
        **_identity(workspace_id, item, "endpoint"),
        "endpoint_type": endpoint_type,
        "kind": named(item, "kind"),
        "compute_id": link_or_null(item, "properties", "compute"),
        "public_network_access": named(item, "properties", "publicNetworkAccess"),
        "auth_mode": named(item, "properties", "authMode"),
        "provisioning_state": text(item, "properties", "provisioningState"),
    }


def deployment_row(workspace_id: str, item: Object) -> Row:
    """Return the row of a deployment. Its id begins with the id of its online endpoint."""
    return {
        **_identity(workspace_id, item, "deployment"),
        "endpoint_id": without_slash(item["id"]).rsplit("/", 2)[0],
        "egress_public_network_access": named(item, "properties", "egressPublicNetworkAccess"),
        "endpoint_compute_type": named(item, "properties", "endpointComputeType"),
    }


def setting_row(workspace_id: str, item: Object) -> Row:
    """Return the row of a diagnostic setting: which logs it takes, and where it sends them."""
    properties = item.get("properties")
    logs = objects(properties, "logs")
    enabled = [
        named(log, "category") or named(log, "categoryGroup") or "unnamed"
        for log in logs or ()
        if flag(log, "enabled")
    ]
    is_known = bool(enabled) or (logs is not None and None not in [flag(log, "enabled") for log in logs])
    sinks = ", ".join(sink for sink in _SINKS if named(properties, sink))
    return {
        **_identity(workspace_id, item, "setting"),
        "enabled_logs": ", ".join(enabled) if is_known else None,
        "sinks": sinks if isinstance(properties, dict) else None,
    }


def _identity(workspace_id: str, item: Object, noun: str) -> Row:
    """Return the columns that identify an item, which are named after what it is."""
    identity = without_slash(item["id"])
    return {
        f"{noun}_id": identity,
        "workspace_id": without_slash(workspace_id),
        noun: text(item, "name") or last_part(identity),
    }


def _endpoints(endpoint_type: str, *, since: str) -> ChildType:
    return ChildType(
        path=f"{endpoint_type}Endpoints",
        since=since,
        table="endpoints",
        row=partial(endpoint_row, endpoint_type=endpoint_type),
        known_column=f"{endpoint_type}_endpoints_known",
        reads=f"the {endpoint_type} endpoints",
    )


CHILDREN = (
    ChildType(
        path="outboundRules",
        since="2023-10-01",
        table="outbound_rules",
        known_column="outbound_rules_known",
        reads="the rules of managed networks",
        is_in_body=True,
    ),
    ChildType(
        path="computes",
        since="2018-11-19",
        table="computes",
        row=compute_row,
        known_column="computes_known",
        reads="the computes",
    ),
    _endpoints("online", since="2022-05-01"),
    ChildType(
        path="onlineEndpoints/deployments",
        since="2022-05-01",
        below="onlineEndpoints",
        table="online_deployments",
        row=deployment_row,
        known_column="online_deployments_known",
        reads="the deployments behind online endpoints",
    ),
    _endpoints("batch", since="2022-05-01"),
    _endpoints("serverless", since="2024-04-01"),
    ChildType(
        path="privateEndpointConnections",
        since="2020-03-01",
        table="private_endpoint_connections",
        row=connection_row,
        known_column="private_endpoint_connections_known",
        reads="the private endpoint connections that a list leaves out",
        is_in_body=True,
    ),
    ChildType(
        path="Microsoft.Insights/diagnosticSettings",
        since="2017-05-01-preview",
        api_version="2021-05-01-preview",  # there is no stable version (2026-08)
        table="diagnostic_settings",
        row=setting_row,
        known_column="diagnostic_settings_known",
        reads="where workspaces send their logs",
    ),
)

OF_KIND: Mapping[str, ChildType] = {child.kind: child for child in CHILDREN}


class Completeness:
    """Records which lists were asked for and which broke off, by kind and lower-cased scope."""

    def __init__(self) -> None:
        """Start with no list asked for."""
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._broken: defaultdict[str, set[str]] = defaultdict(set)

    def answered(self, kind: str, scope: str) -> None:
        """Record that Azure answered with a page of the list."""
        self._asked[kind].add(key(scope))

    def broke_off(self, kind: str, scope: str) -> None:
        """Record that some of the list is missing."""
        self._broken[kind].add(key(scope))

    def of(self, kind: str, scope: str) -> bool | None:
        """Return whether a list was read completely (True), broke off (False) or was not asked for (None)."""
        if scope in self._broken[kind]:
            return False
        return True if scope in self._asked[kind] else None

    def mark(self, workspace: Row, parents: Mapping[str, Container[str]]) -> None:
        """Fill the known columns of a workspace's row.

        `parents` holds, for every kind that other lists are below, the lower-cased ids of the workspaces that
        have a resource of that kind.
        """
        scope = key(workspace["workspace_id"])
        for child in CHILDREN:
            is_complete = self.of(child.kind, scope)
            if is_complete is None:
                is_complete = workspace.get(child.known_column)
            if is_complete is None and child.below and workspace[OF_KIND[child.below].known_column]:
                is_complete = True if scope not in parents[child.below] else None
            workspace[child.known_column] = is_complete
        if workspace["outbound_rules_known"] is None:
            is_off = (workspace["isolation_mode"] or "").lower() == "disabled"
            workspace["outbound_rules_known"] = is_off or None


def is_wanted(child: ChildType, kinds: frozenset[str]) -> bool:
    """Check whether a list is read to get these kinds: for itself, or for a list below its items."""
    nested = (each for each in CHILDREN if each.below == child.kind)
    return child.kind in kinds or any(is_wanted(each, kinds) for each in nested)
