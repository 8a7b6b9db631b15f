"""What a fix takes away from a resource that it writes, beyond what its check asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from scanner.emulator.tenants.tenant import Document
from tests.support.fixes.cases import Case

_REPORTED = frozenset(
    {
        *("principalId", "tenantId", "errorInformation", "createdOn", "modifiedOn", "status", "systemData"),
        *("sparkStatus", "ipAllowlist", "connectivityEndpoints", "etag", "provisioningState"),
        *("osImageMetadata", "state", "lastOperation", "errors", "allocationState", "currentNodeCount"),
        *("outboundRules", "privateEndpointConnections"),
    }
)
"""Members that Azure sets, and those that are resources of their own."""

_DEFAULTS: Mapping[str, Any] = {"action": "Allow", "sparkEnabled": False}
"""Values that Azure takes if a body leaves the member out."""

_SUBNET = ("properties.properties.subnet", "properties.properties.subnet.id")
_INTENDED: Mapping[str, tuple[str, ...]] = {
    "MVN005": ("properties.serverlessComputeSettings.serverlessComputeCustomSubnet",),
    **dict.fromkeys(("CMP002", "CMP003", "END005", "MVN001", "MVN002", "NET006"), _SUBNET),
}
"""What the fix of a check removes because the check asks for it."""


def lost(
    case: Case, before: Mapping[str, Document], after: Mapping[str, Document], written: Collection[str]
) -> Iterator[str]:
    """Name each member that had a value, in a resource that was written, and that is gone."""
    for key, body in before.items():
        if key in after and key in written:
            for path in _gone(body, after[key], ""):
                if path not in _INTENDED.get(case.check.id, ()):
                    yield f"{'/'.join(key.split('/')[-2:])} loses {path}"


def _gone(before: Any, after: Any, path: str) -> Iterator[str]:
    if not isinstance(before, Mapping):
        return
    for name, value in before.items():
        if name in _REPORTED or value in (None, "", [], {}) or _DEFAULTS.get(name, ...) == value:
            continue
        below = f"{path}.{name}" if path else name
        if not isinstance(after, Mapping) or after.get(name) is None:
            yield below
        else:
            yield from _gone(value, after[name], below)
