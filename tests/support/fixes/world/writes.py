"""How a PATCH and a PUT change a document."""

from __future__ import annotations

import copy

from scanner.emulator.tenants.tenant import Document
from tests.support.fixes.templates.resource_types import resource_types

_ENVELOPE = ("id", "name", "type", "etag", "systemData", "location", "kind")
"""What a PUT keeps if the body leaves it out: parts of the id, or fixed at creation."""

_LATEST = {
    "Microsoft.MachineLearningServices/": "2025-12-01",
    "Microsoft.Storage/storageAccounts": "2024-01-01",
    "Microsoft.KeyVault/vaults": "2023-07-01",
    "Microsoft.ContainerRegistry/registries": "2025-04-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
}


class Refused(Exception):  # noqa: N818 - Azure refuses, nothing is in error here
    """Azure refuses a request: HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def merged(document: Document, change: Document) -> Document:
    """Return the document after a JSON merge patch (RFC 7396). Azure shows a member that null removed as null."""
    result = copy.deepcopy(document)
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = merged(result[name], value)
        else:
            result[name] = copy.deepcopy(value)
    return result


def replaced(document: Document, body: Document) -> Document:
    """Return the document after a PUT: what the body leaves out is gone, except what it cannot change."""
    kept = {name: document[name] for name in _ENVELOPE if name in document}
    result = {**kept, **copy.deepcopy(body), "id": document["id"]}
    for path in _read_only(str(document.get("type", ""))):
        _keep(result, document, path)
    return result


def _read_only(type_: str) -> list[tuple[str, ...]]:
    version = next((last for name, last in _LATEST.items() if type_.lower().startswith(name.lower())), "")
    name = f"{type_}@{version}"
    return resource_types().read_only(name) if name in resource_types() else []


def _keep(result: Document, before: Document, path: tuple[str, ...]) -> None:
    """Copy one member from the document before, if it had it."""
    *above, name = path
    for part in above:
        inner = before.get(part)
        if not isinstance(inner, dict):
            return
        before = inner
        if not isinstance(result.get(part), dict):
            return
        result = result[part]
    if name in before:
        result[name] = copy.deepcopy(before[name])
