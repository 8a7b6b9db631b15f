"""What `az ml workspace` prints, in the shape of Azure Resource Manager.

A member that the command leaves out although its absence would say something (no encryption of its own, no
registry, no error) is put in as `NOT_SHOWN`, which the tables read as "not reported".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.offline.words import members, word
from scanner.payloads import json_members

NOT_SHOWN: Mapping[str, Any] = {}

_PLAIN = {
    "storageaccount": "storageAccount",
    "keyvault": "keyVault",
    "containerregistry": "containerRegistry",
    "applicationinsights": "applicationInsights",
    "publicnetworkaccess": "publicNetworkAccess",
    "allowpublicaccesswhenbehindvnet": "allowPublicAccessWhenBehindVnet",
    "privatelinkcount": "privateLinkCount",
    "hbiworkspace": "hbiWorkspace",
    "imagebuildcompute": "imageBuildCompute",
    "primaryuserassignedidentity": "primaryUserAssignedIdentity",
    "systemdatastoresauthmode": "systemDatastoresAuthMode",
    "v1legacymode": "v1LegacyMode",
    "hubid": "hubResourceId",
    "workspacehub": "hubResourceId",
    "hubresourceid": "hubResourceId",
    "provisioningstate": "provisioningState",
}
_ENUMS = frozenset({"publicNetworkAccess", "systemDatastoresAuthMode"})
_TELLING = frozenset(
    {*_PLAIN, "managednetwork", "networkacls", "discoveryurl", "customermanagedkey", "displayname"}
)
_ABSENCE_SAYS = ("encryption", "containerRegistry")


def is_workspace(row: json_members.Object) -> bool:
    """Whether an object with a workspace's id is one as the command prints it: flat, without `properties`."""
    return "properties" not in row and not _TELLING.isdisjoint(members(row))


def is_rule(row: json_members.Object) -> bool:
    """Whether an object is an outbound rule as the command prints it."""
    told = members(row)
    kind = word(told.get("type"))
    return {"name", "type", "destination"} <= told.keys() and kind in (
        "FQDN",
        "PrivateEndpoint",
        "ServiceTag",
    )


def workspace(row: json_members.Object) -> json_members.Object:
    """The workspace as a list of Azure's would carry it."""
    told = members(row)
    kind = _kind(told)
    return {
        "id": row["id"],
        "name": told.get("name"),
        "location": told.get("location"),
        "tags": told.get("tags"),
        "identity": _identity(told.get("identity")),
        **({"kind": kind} if kind else {}),
        "properties": _properties(told),
    }


def with_unsaid(item: json_members.Object) -> json_members.Object:
    """An item in ARM's shape that a query may have cut, with `NOT_SHOWN` for what is absent and would say."""
    properties = item.get("properties")
    if isinstance(properties, dict):
        properties = dict.fromkeys(_ABSENCE_SAYS, NOT_SHOWN) | properties
    return {"identity": NOT_SHOWN} | item | {"properties": properties}


def rule_item(row: json_members.Object, workspace_id: str) -> json_members.Object:
    """One rule of `az ml workspace outbound-rule list` as an item of Azure's own list."""
    name = row.get("name")
    if not isinstance(name, str) or not name:
        return {"properties": rule(row)}
    return {"id": f"{workspace_id}/outboundRules/{name}", "name": name, "properties": rule(row)}


def rule(row: json_members.Object) -> json_members.Object:
    """The properties of a rule; the command shows neither its action nor why it failed."""
    told = members(row)
    shown = {
        "type": word(told.get("type")),
        "category": word(told.get("category")),
        "status": word(told.get("status")),
        "destination": _destination(told.get("destination"), word(told.get("type"))),
        "errorInformation": NOT_SHOWN,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _kind(told: json_members.Object) -> str | None:
    if json_members.named(told, "kind"):
        return str(word(told["kind"]))
    if json_members.named(told, "hubid") or json_members.named(told, "workspacehub"):
        return "Project"
    return "Hub" if "associatedworkspaces" in told else None


def _properties(told: json_members.Object) -> json_members.Object:
    plain = {member: told[name] for name, member in _PLAIN.items() if name in told}
    enums = {member: word(plain[member]) for member in _ENUMS & plain.keys()}
    nested = {
        "networkAcls": _network_acls(told.get("networkacls")),
        "managedNetwork": _managed_network(told.get("managednetwork")),
        "encryption": _encryption(told.get("customermanagedkey")),
        "serverlessComputeSettings": _serverless(told.get("serverlesscompute")),
    }
    shown = plain | enums | {name: value for name, value in nested.items() if value is not None}
    return dict.fromkeys(_ABSENCE_SAYS, NOT_SHOWN) | shown


def _identity(value: Any) -> Any:
    if not isinstance(value, dict):
        return NOT_SHOWN
    return value | {"type": word(members(value).get("type"))}


def _network_acls(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    told = members(value)
    shown = {"defaultAction": word(told.get("defaultaction")), "ipRules": told.get("iprules")}
    return {name: each for name, each in shown.items() if each is not None}


def _encryption(value: Any) -> Any:
    """The command prints a key where encryption is enabled, and nothing at all otherwise."""
    if not isinstance(value, dict) or not value:
        return None
    told = members(value)
    key = {"keyVaultArmId": told.get("keyvault"), "keyIdentifier": told.get("keyuri")}
    return {"status": "Enabled", "keyVaultProperties": key}


def _serverless(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    told = members(value)
    names = {"customsubnet": "serverlessComputeCustomSubnet", "nopublicip": "serverlessComputeNoPublicIP"}
    return {member: told[name] for name, member in names.items() if name in told}


def _managed_network(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    told = members(value)
    status = members(told["status"]) if isinstance(told.get("status"), dict) else {}
    shown = {
        "isolationMode": word(told.get("isolationmode")),
        "firewallSku": word(told.get("firewallsku")),
        "networkId": told.get("networkid"),
        "status": {"status": word(status.get("status")), "sparkReady": status.get("sparkready")},
        "outboundRules": _rules(told.get("outboundrules")),
    }
    return {name: each for name, each in shown.items() if each is not None}


def _rules(value: Any) -> json_members.Object | None:
    """Name to rule. None for no rules at all, which the command also prints where it was told of none."""
    if isinstance(value, dict):
        named = list(value.items())
    else:
        named = [(_name(each), each) for each in value] if isinstance(value, list) else []
    rules: json_members.Object = {}
    for position, (name, each) in enumerate(named):
        free = name if name and name not in rules else f"{name}#{position}"
        rules[free] = rule(each) if isinstance(each, dict) else each
    return rules or None


def _name(row: Any) -> str:
    return json_members.text(row, "name") or ""


def _destination(value: Any, type_: Any) -> Any:
    if not isinstance(value, dict):
        return value
    told = members(value)
    names = {
        "serviceresourceid": "serviceResourceId",
        "subresourcetarget": "subresourceTarget",
        "sparkenabled": "sparkEnabled",
        "servicetag": "serviceTag",
        "protocol": "protocol",
        "portranges": "portRanges",
        "addressprefixes": "addressPrefixes",
        "action": "action",
    }
    shown = {member: told[name] for name, member in names.items() if name in told}
    return {"addressPrefixes": NOT_SHOWN} | shown if type_ == "ServiceTag" else shown
