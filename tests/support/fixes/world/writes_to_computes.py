"""What Azure does with a write to a compute: most of it is fixed at creation."""

from __future__ import annotations

from typing import Any

from scanner.emulator.tenants.tenant import Document, Resource
from tests.support.fixes.world.writes import Refused, merged

CREATED = "2026-11-20T09:00:00.0000000Z"
"""When a compute is created that a fix creates: after everything in the demo tenant."""

MANAGED_COMPUTES = ("AmlCompute", "ComputeInstance")
"""The kinds that Azure creates in a managed network."""

_CHANGEABLE = frozenset({"scaleSettings", "idleTimeBeforeShutdown", "schedules", "applicationSharingPolicy"})
_FIXED = ("computeLocation", "disableLocalAuth", "computeType", "resourceId")


def written_compute(
    workspace: Document, path: str, known: Resource | None, method: str, body: Document
) -> Document:
    """Return the compute after the write. Raises Refused if the write changes what is fixed at creation."""
    if known is not None:
        _check_fixed(known.body["properties"], body.get("properties") or {})
        return merged(known.body, body)
    if method == "PATCH":
        raise Refused(404, "ResourceNotFound", f"{path} does not exist")
    return _created(workspace, path, body)


def _check_fixed(before: Document, change: Document) -> None:
    fixed = {name: (before.get(name), change[name]) for name in _FIXED if name in change}
    inner, changed = before.get("properties") or {}, change.get("properties") or {}
    fixed |= {
        name: (inner.get(name), value)
        for name, value in changed.items()
        if name not in _CHANGEABLE and value is not None
    }
    different = sorted(name for name, (old, new) in fixed.items() if not _equal(old, new))
    if different:
        raise Refused(409, "Conflict", f"the compute exists; Azure does not change {', '.join(different)}")


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return all(_equal(old.get(name), value) for name, value in new.items())
    return str(old).lower() == str(new).lower()


def _created(workspace: Document, path: str, body: Document) -> Document:
    properties: Document = dict(body["properties"])
    kind = properties["computeType"]
    inner = dict(properties.get("properties") or {})
    inner.setdefault("enableNodePublicIp", True)
    if kind == "ComputeInstance":
        address = "20.61.14.80" if inner["enableNodePublicIp"] else None
        inner["connectivityEndpoints"] = {"publicIpAddress": address, "privateIpAddress": "10.0.0.5"}
        inner["osImageMetadata"] = {"isLatestOsImageVersion": True}
        inner.setdefault("sshSettings", {"sshPublicAccess": "Disabled"})
    else:
        inner.setdefault("remoteLoginPortPublicAccess", "NotSpecified")
    return {
        "id": path,
        "name": path.rpartition("/")[2],
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": body.get("location") or workspace["location"],
        "tags": body.get("tags") or {},
        **({"identity": body["identity"]} if body.get("identity") else {}),
        "properties": {
            **properties,
            "createdOn": CREATED,
            "modifiedOn": CREATED,
            "provisioningState": "Succeeded",
            "isAttachedCompute": properties.get("resourceId") is not None,
            "computeLocation": properties.get("computeLocation") or workspace["location"],
            "properties": inner,
        },
    }
