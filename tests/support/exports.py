"""What people export, made from what the emulator answered: the same tenant through every format.

How `az ml` distorts was settled from azure-ai-ml 1.27.1 and 1.35.2 (which leaks the names of Python enums).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scanner.payloads.payload import Payload

Document = dict[str, Any]

_PLAIN = {
    "storage_account": "storageAccount",
    "key_vault": "keyVault",
    "container_registry": "containerRegistry",
    "application_insights": "applicationInsights",
    "hbi_workspace": "hbiWorkspace",
    "image_build_compute": "imageBuildCompute",
    "public_network_access": "publicNetworkAccess",
    "primary_user_assigned_identity": "primaryUserAssignedIdentity",
    "hub_id": "hubResourceId",
}


def written(folder: Path, files: Mapping[str, Any]) -> Path:
    """The folder, with every file in it: bytes as they are, anything else as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return folder


def workspaces(payloads: Iterable[Payload]) -> list[Document]:
    """The workspaces as last told, a GET before a LIST, sorted by id."""
    told: dict[str, Document] = {}
    for payload in sorted(payloads, key=lambda payload: payload.kind == "workspace"):
        if payload.kind in ("workspaces", "workspace") and payload.status == 200:
            items = payload.document["value"] if payload.kind == "workspaces" else [payload.document]
            told |= {item["id"].lower(): item for item in items}
    return [told[key] for key in sorted(told)]


def arm_files(payloads: Iterable[Payload]) -> dict[str, Any]:
    """Every body as `az rest` saves it; a list named for its workspace, since it may be empty."""
    files: dict[str, Any] = {}
    for position, payload in enumerate(payloads):
        if payload.kind not in ("provider", "descendants") and payload.status == 200:
            folder = payload.scope.split("/")[4] if payload.scope.count("/") > 4 else "tenant"
            files[f"{folder}/{payload.scope.split('/')[-1]}.{position}.{payload.kind}.json"] = payload.body
    return files


def graph_file(payloads: Iterable[Payload]) -> Document:
    """What `az graph query` prints for all workspaces."""
    rows = [
        item | {"tenantId": "t", "subscriptionId": item["id"].split("/")[2], "type": item["type"].lower()}
        for item in workspaces(payloads)
    ]
    return {"count": len(rows), "data": rows, "skip_token": None, "total_records": len(rows)}


def resource_list(payloads: Iterable[Payload]) -> list[Document]:
    """What `az resource list` prints: no properties."""
    return [
        item | {"properties": None, "resourceGroup": item["id"].split("/")[4]}
        for item in workspaces(payloads)
    ]


def az_ml_files(payloads: Iterable[Payload], *, leaks: bool) -> dict[str, Any]:
    """What `az ml workspace list` and `outbound-rule list` of each workspace print."""
    kept = list(payloads)
    files: dict[str, Any] = {"workspaces.json": [az_ml(item, leaks=leaks) for item in workspaces(kept)]}
    for payload in kept:
        if payload.kind == "outboundRules" and payload.status == 200:
            rules = [_listed(item["name"], item["properties"]) for item in payload.document["value"]]
            name = f"{payload.scope.split('/')[4]}/{payload.scope.split('/')[-1]}.outbound-rules.json"
            files[name] = files.get(name, []) + rules
    return files


def az_ml(item: Document, *, leaks: bool = False) -> Document:
    """One workspace as `az ml workspace show` prints it; nothing that is null is printed."""
    properties = item["properties"]
    network, key = properties.get("managedNetwork"), properties.get("encryption")
    encrypted = key if key and key.get("status") == "Enabled" else None
    acls, identity = properties.get("networkAcls"), item.get("identity")
    mode = properties.get("systemDatastoresAuthMode")
    printed = {
        **{name: item.get(name) for name in ("id", "name", "location", "tags")},
        **{name: properties.get(member) for name, member in _PLAIN.items()},
        "resource_group": item["id"].split("/")[4],
        "resourceGroup": item["id"].split("/")[4],
        "display_name": item["name"],
        "system_datastores_auth_mode": _leaked("SystemDatastoresAuthMode", mode) if leaks else mode,
        "network_acls": acls and _acls(acls, leaks=leaks),
        "identity": identity and {"type": _snake(identity["type"]), "principal_id": "p", "tenant_id": "t"},
        "customer_managed_key": encrypted and {"key_uri": "https://vault.example/keys/k"},
        "managed_network": network and _network(network, leaks=leaks),
        "associated_workspaces": [] if item.get("kind") == "Hub" else None,
    }
    return {name: value for name, value in printed.items() if value is not None}


def _acls(acls: Document, *, leaks: bool) -> Document:
    action = acls.get("defaultAction")
    return {
        "default_action": _leaked("DefaultActionType", action) if leaks else action,
        "ip_rules": acls.get("ipRules") or [],
    }


def _network(network: Document, *, leaks: bool) -> Document:
    rules = [_shown(name, rule, leaks=leaks) for name, rule in (network.get("outboundRules") or {}).items()]
    status = network.get("status") or {}
    printed = {
        "isolation_mode": _snake(network["isolationMode"]),
        "outbound_rules": rules,
        "firewall_sku": network.get("firewallSku") and _snake(network["firewallSku"]),
        "network_id": network.get("networkId"),
        "status": {"spark_ready": status.get("sparkReady"), "status": status.get("status")},
    }
    return {name: value for name, value in printed.items() if value is not None}


def _shown(name: str, rule: Document, *, leaks: bool) -> Document:
    """A rule of `workspace show`."""
    status = rule.get("status")
    return {
        "name": name,
        "type": {"FQDN": "fqdn"}.get(rule["type"], _snake(rule["type"])),
        "category": _snake(rule.get("category") or "UserDefined"),
        "destination": _destination(rule["destination"]),
        **({"status": _leaked("RuleStatus", status) if leaks else status} if status else {}),
    }


def _listed(name: str, rule: Document) -> Document:
    """A rule of `outbound-rule list`."""
    shown = {
        "name": name,
        "type": rule["type"],
        "category": rule.get("category"),
        "status": rule.get("status"),
    }
    return shown | {"destination": _destination(rule["destination"])}


def _destination(destination: Any) -> Any:
    if not isinstance(destination, dict):
        return destination
    return {
        _snake(name): value for name, value in destination.items() if name not in ("action", "sparkStatus")
    }


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", word).lower().replace(",_", ",")


def _leaked(enum: str, word: str | None) -> str | None:
    return word and f"{enum}.{_snake(word).upper()}"
