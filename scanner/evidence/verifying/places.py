"""Names the place of a question: its kind and the path of its URL. The `ledger` finds answers at another place."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.payloads import json_members
from scanner.payloads.answers import ADDRESS_RULES, NETWORK_PROVIDER, PERIMETERS, list_path
from scanner.payloads.json_members import without_tenant
from scanner.payloads.payload import Payload
from scanner.payloads.questions import path_of
from scanner.reading.subscription_reader import NETWORK_NAMESPACE
from scanner.tables.associated import ASSOCIATED
from scanner.tables.children import CHILDREN, PROVIDER
from scanner.tables.graph_rows import GRAPH
from scanner.tables.networks import NETWORK_TYPES

Place = tuple[str, str]
"""The kind of a question and the lower-cased path of its URL."""

KINDS = frozenset(
    {
        *("subscriptions", "subscription", "descendants", "workspaces", "workspace", "provider"),
        *(ASSOCIATED, PERIMETERS, GRAPH, NETWORK_PROVIDER, ADDRESS_RULES, *NETWORK_TYPES),
        *(child.kind for child in CHILDREN),
    }
)
"""The kinds whose URLs follow from their scopes."""


def belongs(payload: Payload) -> bool:
    """Return whether the URL of a payload is one that is asked for its kind and scope."""
    path = path_of(payload.url)
    if payload.of_list:
        return payload.kind == ASSOCIATED and path == list_path(payload.scope)
    return payload.kind not in KINDS or any(path == each.lower() for each in _paths(payload, path))


def _paths(payload: Payload, path: str) -> Iterator[str]:
    kind, scope = payload.kind, without_tenant(path_of(json_members.quoted(payload.scope)))
    if kind in ("subscriptions", "subscription", "workspace", ASSOCIATED, GRAPH, *NETWORK_TYPES):
        yield scope
    elif kind in ("descendants", PERIMETERS):
        yield f"{scope}/{kind}"
    elif kind in ("workspaces", ADDRESS_RULES):
        yield f"{scope}/providers/{PROVIDER}/workspaces"
    elif kind == NETWORK_PROVIDER:
        yield f"{scope}/providers/{NETWORK_NAMESPACE}"
    elif kind == "provider":
        yield from (scope, f"{scope}/providers/{PROVIDER}")
    for child in CHILDREN:
        if child.kind == kind and not child.below:
            yield child.list_path(scope)
        elif child.kind == kind and path.startswith(f"{scope}/") and path.endswith(f"/{kind.lower()}"):
            yield path
