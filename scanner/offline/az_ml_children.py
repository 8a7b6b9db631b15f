"""Translates the computes, endpoints and deployments that `az ml` prints into the shape of Resource Manager.

`formats` calls it. Settled from the schemas and entities of azure-ai-ml 1.35.2 (`_schema/compute`,
`_schema/_endpoint`, `_schema/_deployment`): members are flat and in snake_case, enums are in lower case, and the ids
of other resources begin with `azureml:`. A row of `az ml compute list`:

    {"id": "…/computes/cpu", "type": "amlcompute", "enable_node_public_ip": true, "ssh_public_access_enabled": true}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scanner.offline.az_ml import folded
from scanner.payloads.json_members import Object

_PREFIX = "azureml:"
_COMPUTE_TYPES = {
    "amlcompute": "AmlCompute",
    "computeinstance": "ComputeInstance",
    "kubernetes": "Kubernetes",
    "virtualmachine": "VirtualMachine",
    "synapsespark": "SynapseSpark",
}
_WORDS = {
    **{"enabled": "Enabled", "disabled": "Disabled", "managed": "Managed", "kubernetes": "Kubernetes"},
    **{"key": "Key", "amltoken": "AMLToken", "aadtoken": "AADToken"},
}
_MARKS: Mapping[str, frozenset[str]] = {
    "computes": frozenset({"type", "enablenodepublicip", "createdon", "size"}),
    "onlineEndpoints": frozenset({"authmode", "scoringuri", "publicnetworkaccess", "traffic"}),
    "batchEndpoints": frozenset({"authmode", "scoringuri", "defaults"}),
    "deployments": frozenset({"endpointname", "egresspublicnetworkaccess", "instancetype"}),
}
"""Folded names of flat members. Resource Manager has none of them beside an id, but for `type`."""


def is_child(kind: str, row: Object) -> bool:
    """Check whether a row of this kind is printed by the command.

    An endpoint and a Kubernetes compute have `properties` there too: the customer's own, or the cluster's.
    """
    members = _folded(row)
    has_provider_type = "/" in str(members.get("type") or "/")
    shown = {name for name in members if name != "type" or not has_provider_type}
    return not _MARKS.get(kind, frozenset()).isdisjoint(shown)


def child(kind: str, row: Object) -> Object:
    """Return the row as an item of Azure's own list. A member that the command does not show is left out."""
    members = _folded(row)
    own = {name: row[name] for name in ("id", "name", "location", "kind") if row.get(name) is not None}
    return own | {"properties": _shown(_PROPERTIES[kind](members))}


def _compute(members: Object) -> Object:
    network = _folded(members.get("networksettings"))
    image = _folded(members.get("osimagemetadata"))
    compute_type = _word(members.get("type"), _COMPUTE_TYPES)
    subnet, address = network.get("subnet"), network.get("publicipaddress")
    inner = {
        "subnet": {"id": subnet} if subnet else None,
        "enableNodePublicIp": members.get("enablenodepublicip"),
        "connectivityEndpoints": {"publicIpAddress": address} if address else None,
        "osImageMetadata": _shown({"isLatestOsImageVersion": image.get("islatestosimageversion")}) or None,
        **_ssh(members.get("sshpublicaccessenabled"), is_cluster=compute_type == "AmlCompute"),
    }
    return {
        "computeType": compute_type,
        "computeLocation": members.get("computelocation"),
        "resourceId": members.get("resourceid"),
        "provisioningState": members.get("provisioningstate"),
        "createdOn": members.get("createdon"),
        "properties": _shown(inner),
    }


def _ssh(is_open: Any, *, is_cluster: bool) -> Object:
    """Return the member behind `ssh_public_access_enabled`, if the value proves one.

    For a cluster, the command also prints false for NotSpecified and for no value.
    """
    if not isinstance(is_open, bool):
        return {}
    word = "Enabled" if is_open else "Disabled"
    if is_cluster:
        return {"remoteLoginPortPublicAccess": word} if is_open else {}
    return {"sshSettings": {"sshPublicAccess": word}}


def _endpoint(members: Object) -> Object:
    return {
        "publicNetworkAccess": _word(members.get("publicnetworkaccess"), _WORDS),
        "authMode": _word(members.get("authmode"), _WORDS),
        "compute": _without_prefix(members.get("compute")),
        "provisioningState": members.get("provisioningstate"),
    }


def _deployment(members: Object) -> Object:
    return {
        "egressPublicNetworkAccess": _word(members.get("egresspublicnetworkaccess"), _WORDS),
        "endpointComputeType": _word(members.get("type"), _WORDS),
        "provisioningState": members.get("provisioningstate"),
    }


_PROPERTIES: Mapping[str, Callable[[Object], Object]] = {
    "computes": _compute,
    "onlineEndpoints": _endpoint,
    "batchEndpoints": _endpoint,
    "deployments": _deployment,
}


def _folded(row: Any) -> Object:
    return {folded(name): value for name, value in row.items()} if isinstance(row, dict) else {}


def _shown(members: Object) -> Object:
    return {name: value for name, value in members.items() if value is not None}


def _word(value: Any, spellings: Mapping[str, str]) -> Any:
    """Return a word as Azure spells it. Other values stay as they are; the checks judge them."""
    return spellings.get(folded(value), value) if isinstance(value, str) else value


def _without_prefix(value: Any) -> Any:
    return value.removeprefix(_PREFIX) if isinstance(value, str) else value
