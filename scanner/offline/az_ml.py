"""Translates what `az ml workspace` prints into the shape of Azure Resource Manager.

The command leaves some members out although their absence would mean something (no customer-managed key, no
registry, no error). `NOT_SHOWN` takes their place, and the tables read it as "not reported".

Settled from azure-ai-ml 1.27.1 and 1.35.2: members are in snake_case; enums are in snake_case or PascalCase,
depending on the command, or are printed as the name of a Python enum's member.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scanner.payloads.json_members import Object, named, text

NOT_SHOWN: Mapping[str, Any] = {}

_ENUM_MEMBER = re.compile(r"^[A-Z][A-Za-z]*\.([A-Z][A-Z0-9_]*)$")
_SPELLINGS = (
    *("Enabled", "Disabled", "Allow", "Deny", "AccessKey", "Identity", "UserDelegationSAS"),
    *("AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Standard", "Basic"),
    *("FQDN", "PrivateEndpoint", "ServiceTag"),
    *("Required", "Recommended", "UserDefined", "Dependency"),
    *("Inactive", "Active", "Provisioning", "Deleting", "Failed"),
    *("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"),
    *("Default", "Hub", "Project", "FeatureStore"),
)
_PLAIN = (
    *("storageAccount", "keyVault", "containerRegistry", "applicationInsights", "publicNetworkAccess"),
    *("allowPublicAccessWhenBehindVnet", "privateLinkCount", "hbiWorkspace", "imageBuildCompute"),
    *("primaryUserAssignedIdentity", "systemDatastoresAuthMode", "v1LegacyMode", "hubResourceId"),
    "provisioningState",
)
_HUB_MEMBERS = ("workspacehub", "hubid")
_DESTINATION = (
    *("serviceResourceId", "subresourceTarget", "sparkEnabled", "serviceTag", "protocol", "portRanges"),
    *("addressPrefixes", "action"),
)
_ENUMS = frozenset({"publicNetworkAccess", "systemDatastoresAuthMode"})
_RULE_TYPES = ("FQDN", "PrivateEndpoint", "ServiceTag")
_ABSENCE_MATTERS = ("encryption", "containerRegistry", "primaryUserAssignedIdentity")


def folded(name: str) -> str:
    """Return a member's or enum's name without case, underscores and spaces."""
    return name.replace("_", "").replace(" ", "").lower()


_SPELLING_OF = {folded(spelling): spelling for spelling in _SPELLINGS}
_OF_WORKSPACES = frozenset(
    {
        *map(folded, _PLAIN),
        *_HUB_MEMBERS,
        *("managednetwork", "networkacls", "discoveryurl", "customermanagedkey", "displayname"),
    }
)


def is_workspace(row: Object) -> bool:
    """Return whether an object with a workspace's id is printed by the command: flat, without `properties`."""
    return "properties" not in row and not _OF_WORKSPACES.isdisjoint(_by_folded_name(row))


def is_rule(row: Object) -> bool:
    """Return whether an object is an outbound rule as the command prints it."""
    members = _by_folded_name(row)
    return {"name", "type", "destination"} <= members.keys() and _spelled(members["type"]) in _RULE_TYPES


def workspace(row: Object) -> Object:
    """Return the workspace as an item of Azure's own list."""
    members = _by_folded_name(row)
    kind = _kind(members)
    identity = members.get("identity")
    return {
        "id": row["id"],
        **{name: members.get(name) for name in ("name", "location", "tags")},
        "identity": _identity(identity) if isinstance(identity, dict) else NOT_SHOWN,
        **({"kind": kind} if kind else {}),
        "properties": _properties(members),
    }


def _identity(printed: Object) -> Object:
    members = _by_folded_name(printed)
    users = members.get("userassignedidentities")
    if isinstance(users, dict):
        users = {
            id: {"principalId": _by_folded_name(each).get("principalid")} if isinstance(each, dict) else each
            for id, each in users.items()
        }
    return printed | {
        "type": _spelled(members.get("type")),
        "principalId": members.get("principalid"),
        "userAssignedIdentities": users,
    }


def with_not_shown(item: Object) -> Object:
    """Return an item in ARM's shape that a query may have cut, with `NOT_SHOWN` for members that matter."""
    properties = item.get("properties")
    if isinstance(properties, dict):
        properties = dict.fromkeys(_ABSENCE_MATTERS, NOT_SHOWN) | properties
    return {"identity": NOT_SHOWN} | item | {"properties": properties}


def rule_item(row: Object, workspace_id: str) -> Object:
    """Return a rule of `az ml workspace outbound-rule list` as an item of Azure's own list."""
    name = named(row, "name")
    identity = {"id": f"{workspace_id}/outboundRules/{name}", "name": name} if name else {}
    return identity | {"properties": rule(row)}


def rule(row: Object) -> Object:
    """Return the properties of a rule. The command shows neither its action nor why it failed."""
    members = _by_folded_name(row)
    kind = _spelled(members.get("type"))
    destination = members.get("destination")
    if isinstance(destination, dict):
        shown = _members(destination, _DESTINATION)
        unshown = dict.fromkeys(("addressPrefixes", "action"), NOT_SHOWN) if kind == "ServiceTag" else {}
        destination = unshown | shown
    return _without_none(
        {
            "type": kind,
            "category": _spelled(members.get("category")),
            "status": _spelled(members.get("status")),
            "destination": destination,
            "errorInformation": NOT_SHOWN,
        }
    )


def _kind(members: Object) -> str | None:
    if named(members, "kind"):
        return str(_spelled(members["kind"]))
    if any(named(members, name) for name in _HUB_MEMBERS):
        return "Project"
    return "Hub" if "associatedworkspaces" in members else None


def _properties(members: Object) -> Object:
    plain = _members(members, _PLAIN)
    for name in _HUB_MEMBERS:
        if name in members:
            plain.setdefault("hubResourceId", members[name])
    nested = {
        "networkAcls": _network_acls(members.get("networkacls")),
        "managedNetwork": _managed_network(members.get("managednetwork")),
        "encryption": _encryption(members.get("customermanagedkey")),
        "serverlessComputeSettings": _serverless(members.get("serverlesscompute")),
    }
    enums = {name: _spelled(plain[name]) for name in _ENUMS & plain.keys()}
    return dict.fromkeys(_ABSENCE_MATTERS, NOT_SHOWN) | plain | enums | _without_none(nested)


def _network_acls(value: Any) -> Object | None:
    if not isinstance(value, dict):
        return None
    members = _by_folded_name(value)
    action = _spelled(members.get("defaultaction"))
    return _without_none({"defaultAction": action, "ipRules": members.get("iprules")})


def _encryption(value: Any) -> Object | None:
    """Return the encryption. The command prints a key if encryption is enabled, and nothing otherwise."""
    if not isinstance(value, dict) or not value:
        return None
    members = _by_folded_name(value)
    key = {"keyVaultArmId": members.get("keyvault"), "keyIdentifier": members.get("keyuri")}
    return {"status": "Enabled", "keyVaultProperties": key}


def _serverless(value: Any) -> Object | None:
    if not isinstance(value, dict):
        return None
    members = _by_folded_name(value)
    names = {"customsubnet": "serverlessComputeCustomSubnet", "nopublicip": "serverlessComputeNoPublicIP"}
    return {member: members[name] for name, member in names.items() if name in members}


def _managed_network(value: Any) -> Object | None:
    if not isinstance(value, dict):
        return None
    members = _by_folded_name(value)
    status = _by_folded_name(members["status"]) if isinstance(members.get("status"), dict) else {}
    return _without_none(
        {
            "isolationMode": _spelled(members.get("isolationmode")),
            "firewallSku": _spelled(members.get("firewallsku")),
            "networkId": members.get("networkid"),
            "status": {"status": _spelled(status.get("status")), "sparkReady": status.get("sparkready")},
            "outboundRules": _rules(members.get("outboundrules")),
        }
    )


def _rules(value: Any) -> Object | None:
    """Return the rules by name. None without any: the command prints an empty list if it got no rules, too."""
    if isinstance(value, dict):
        named_rules = list(value.items())
    else:
        rows = value if isinstance(value, list) else []
        named_rules = [(text(row, "name") or "", row) for row in rows]
    rules: Object = {}
    for position, (name, row) in enumerate(named_rules):
        free_name = name if name and name not in rules else f"{name}#{position}"
        rules[free_name] = rule(row) if isinstance(row, dict) else row
    return rules or None


def _by_folded_name(row: Object) -> Object:
    return {folded(name): value for name, value in row.items()}


def _members(row: Object, names: Iterable[str]) -> Object:
    """Return the members that have one of ARM's names, under that name."""
    members = _by_folded_name(row)
    return {name: members[folded(name)] for name in names if folded(name) in members}


def _without_none(row: Object) -> Object:
    return {name: value for name, value in row.items() if value is not None}


def _spelled(value: Any) -> Any:
    """Return an enum's value as Azure spells it. Other values stay as they are; the checks judge them."""
    if not isinstance(value, str):
        return value
    match = _ENUM_MEMBER.match(value)
    return _SPELLING_OF.get(folded(match.group(1) if match else value), value)
