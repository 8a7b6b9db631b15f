"""What Azure does with a write to a workspace, by its contract and its documentation."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from scanner.emulator.tenants.builders import Place, Site, guid, system_assigned
from scanner.emulator.tenants.network import APPROVED, INTERNET
from scanner.emulator.tenants.rules import required_rules
from scanner.emulator.tenants.tenant import Document, Resource
from tests.support.fixes.world.writes import Refused, merged, replaced

PATCH_MEMBERS = frozenset(
    {
        *("applicationInsights", "containerRegistry", "description", "enableDataIsolation", "encryption"),
        *("featureStoreSettings", "friendlyName", "imageBuildCompute", "managedNetwork"),
        *("primaryUserAssignedIdentity", "publicNetworkAccess", "serverlessComputeSettings"),
        *("serviceManagedResourcesSettings", "systemDatastoresAuthMode", "v1LegacyMode"),
        *("allowRoleAssignmentOnRG", "networkAcls"),
    }
)
"""WorkspacePropertiesUpdateParameters of azure-ai-ml 1.35.2's client (2025-12-01), and the two members that the
same package adds for the preview versions."""

_OFF = "Disabled"


def written_workspace(
    workspace: Resource, method: str, body: Document, running: Collection[str]
) -> dict[str, Any]:
    """Return the new `body` and `rules`. `running` are computes and endpoints that isolation would cut off."""
    before = workspace.body
    if method == "PATCH":
        unknown = set(body.get("properties") or {}) - PATCH_MEMBERS
        if unknown:
            raise Refused(400, "ValidationError", f"PATCH does not know properties {sorted(unknown)}")
    after = merged(before, body) if method == "PATCH" else replaced(before, body)
    _keep_required_rules(workspace, after, body)
    _check_isolation(before, after, running)
    acls = (body.get("properties") or {}).get("networkAcls")
    if acls is not None and "ipAllowlist" in after["properties"]:
        after["properties"]["ipAllowlist"] = [rule["value"] for rule in acls.get("ipRules") or []]
    if (after.get("identity") or {}).get("type", "None").startswith("System"):
        after["identity"] = {**system_assigned(before["id"]), **after["identity"]}
    network = after["properties"].get("managedNetwork") or {}
    rules = None if workspace.rules is None else (network.get("outboundRules") or {})
    return {"body": after, "rules": rules if _names_rules(body) else workspace.rules}


def created_workspace(path: str, body: Document) -> Document:
    """Return a workspace that a PUT creates, with what Azure adds."""
    after: Document = {
        "id": path,
        "name": path.rpartition("/")[2],
        "type": "Microsoft.MachineLearningServices/workspaces",
        "kind": "Default",
        **copy.deepcopy(body),
    }
    if (after.get("identity") or {}).get("type", "None").startswith("System"):
        after["identity"] = {**system_assigned(path), **after["identity"]}
    network = after["properties"].get("managedNetwork") or {}
    if network.get("isolationMode", _OFF) != _OFF:
        network |= {"status": {"status": "Inactive", "sparkReady": False}, "networkId": guid("network", path)}
    after["properties"]["provisioningState"] = "Succeeded"
    return after


def _names_rules(body: Document) -> bool:
    return "outboundRules" in ((body.get("properties") or {}).get("managedNetwork") or {})


def _keep_required_rules(workspace: Resource, after: Document, body: Document) -> None:
    """A map of rules replaces the user's rules. Azure keeps its own."""
    if not _names_rules(body):
        return
    network = workspace.body["properties"].get("managedNetwork") or {}
    known = (network.get("outboundRules") or {}) if workspace.rules is None else dict(workspace.rules)
    own = {name: rule for name, rule in known.items() if rule.get("category") not in (None, "UserDefined")}
    sent = body["properties"]["managedNetwork"]["outboundRules"] or {}
    after["properties"]["managedNetwork"]["outboundRules"] = {**own, **copy.deepcopy(sent)}


def _mode(document: Document) -> str:
    network = (document.get("properties") or {}).get("managedNetwork") or {}
    return str(network.get("isolationMode") or _OFF)


def _check_isolation(before: Document, after: Document, running: Collection[str]) -> None:
    old, new = _mode(before), _mode(after)
    if old == new:
        return
    if new == _OFF or (old, new) == (APPROVED, INTERNET):
        raise Refused(400, "ValidationError", f"isolation mode {old} cannot become {new}")
    if old == _OFF and running:
        raise Refused(400, "ValidationError", f"isolation goes on only without {sorted(running)}")
    network = after["properties"]["managedNetwork"]
    network["networkId"] = guid("network", after["id"])
    network["changeableIsolationModes"] = [APPROVED] if new == INTERNET else []
    if old == _OFF:
        network["status"] = {"status": "Inactive", "sparkReady": False}


def is_unprovisioned(workspace: Document) -> bool:
    """Return whether the managed network waits: Azure creates it with the first compute, or when asked to."""
    network = (workspace.get("properties") or {}).get("managedNetwork") or {}
    return _mode(workspace) != _OFF and (network.get("status") or {}).get("status") == "Inactive"


def provisioned(
    workspace: Resource, body: Document, written: Collection[str], private: Collection[str]
) -> dict[str, Any]:
    """Return the `body` and `rules` after the managed network was provisioned.

    `written` are lower-cased ids of other resources: a failed rule recovers if they contain a role on its target.
    `private` are those of resources without public access: Azure adds its endpoints to them.
    """
    after = copy.deepcopy(workspace.body)
    network = after["properties"].get("managedNetwork") or {}
    if _mode(after) == _OFF:
        raise Refused(400, "ValidationError", "the workspace has no managed network to provision")
    rules = dict(network.get("outboundRules") or {}) if workspace.rules is None else dict(workspace.rules)
    rules = {**_required(after, rules, private), **rules}
    is_spark = bool(body.get("includeSpark")) or (network.get("status") or {}).get("sparkReady") is True
    network["status"] = {"status": "Active", "sparkReady": is_spark}
    network["outboundRules"] = {name: _settled(rule, written) for name, rule in rules.items()}
    return {"body": after, "rules": None if workspace.rules is None else network["outboundRules"]}


def _settled(rule: Document, written: Collection[str]) -> Document:
    if rule.get("status") == "Failed" and not _may_approve(rule, written):
        return rule
    return {**rule, "status": "Active", "errorInformation": None}


def _may_approve(rule: Document, written: Collection[str]) -> bool:
    destination = rule.get("destination")
    target = str(destination.get("serviceResourceId", "")).lower() if isinstance(destination, dict) else ""
    return bool(target) and any(
        each.startswith(f"{target}/providers/microsoft.authorization/roleassignments/") for each in written
    )


def _required(workspace: Document, known: Document, private: Collection[str]) -> Document:
    """Return the rules that Azure adds: service tags in the strict mode, and endpoints to what is private."""
    segments = workspace["id"].split("/")
    place = Place(subscription=segments[2], group=segments[4], location=workspace["location"])
    present = {_destination(rule) for rule in known.values()}
    site, links = Site(place=place, name=workspace["name"]), workspace["properties"]
    linked = {
        site.storage: links.get("storageAccount"),
        site.vault: links.get("keyVault"),
        site.registry: links.get("containerRegistry"),
    }
    chosen = {}
    for name, rule in required_rules(site).items():
        target = rule["destination"].get("serviceResourceId")
        if not linked.get(target, True):
            continue
        destination = {
            **rule["destination"],
            **({"serviceResourceId": linked[target]} if target in linked else {}),
        }
        rule = {**rule, "destination": destination}
        if rule["type"] == "ServiceTag":
            is_needed = _mode(workspace) == APPROVED
        else:
            is_needed = _mode(workspace) == APPROVED or destination["serviceResourceId"].lower() in private
        if is_needed and _destination(rule) not in present:
            is_own = destination.get("subresourceTarget") == "amlworkspace"
            spark = {"sparkEnabled": True} if is_own else {}
            chosen[name] = {**rule, "destination": {**destination, **spark}}
    return chosen


def _destination(rule: Document) -> tuple[str, ...]:
    """Return what a rule opens, to compare it with another."""
    destination = rule.get("destination")
    if not isinstance(destination, dict):
        return (str(destination),)
    names = ("serviceTag", "protocol", "serviceResourceId", "subresourceTarget")
    return tuple(str(destination.get(name, "")).lower() for name in names)
