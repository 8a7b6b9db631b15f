"""Match a path to a call: its route name, resource type and subscription."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scanner.emulator.versions import (
    MANAGEMENT_GROUPS,
    NETWORK_TYPES,
    PROVIDERS,
    RESOURCE_GRAPH,
    ROLE_ASSIGNMENTS,
    SUBSCRIPTIONS,
    WORKSPACES,
)
from scanner.tables.associated import TYPES
from scanner.tables.children import CHILDREN

ASSOCIATED_LIST = "associatedList"
"""The route of a list of all storage accounts, vaults, registries or components of a subscription."""
PERIMETERS = "networkSecurityPerimeterConfigurations"
ROLES = "roleAssignments"
METADATA = "metadata"
TOKEN = "token"  # noqa: S105 - a route's name
GRAPH = "resourceGraph"
FIRST_PAGE = "MA=="
"""The skip token that leads Resource Graph's answer back to its first row."""

UNAUTHENTICATED = frozenset({METADATA, TOKEN})

_WORKSPACE_TYPE = WORKSPACES.lower()
_ROUTE_OF_TYPE = {
    **{child.resource_type.lower(): child.kind for child in CHILDREN},
    **{each.resource_type.lower(): "associated" for each in TYPES},
    **{f"{each.resource_type}/{PERIMETERS}".lower(): PERIMETERS for each in TYPES if each.perimeters},
    **{each.lower(): each.rpartition("/")[2] for each in (*NETWORK_TYPES, ROLE_ASSIGNMENTS)},
}

ROUTES = (
    *("subscriptions", "subscription", "descendants", "workspaces", "workspace"),
    *(child.kind for child in CHILDREN),
    *(
        "associated",
        ASSOCIATED_LIST,
        PERIMETERS,
        "privateEndpoints",
        "virtualNetworks",
        ROLES,
        "provider",
        GRAPH,
        METADATA,
        TOKEN,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The call that a path names.

    `spelled` is the path as the client wrote it, `path` the same in lower case, neither with a slash at the
    end. `scope` is the part of `path` that names what holds the thing asked for, `resource_type` is
    lower-cased; `route` is "" where ARM has no such type.
    """

    route: str
    path: str
    resource_type: str
    scope: str = ""
    subscription: str | None = None
    is_list: bool = False
    spelled: str = ""


def target_of(path: str) -> Target:
    """Return the call that this decoded path names. As in ARM, case does not matter."""
    spelled = path.rstrip("/")
    return replace(_target(spelled.lower()), spelled=spelled)


def _target(path: str) -> Target:
    segments = path.split("/")[1:] or [""]
    if path == "/metadata/endpoints":
        return Target(route=METADATA, path=path, resource_type="")
    if segments[1:] in (["oauth2", "v2.0", "token"], ["v2.0", ".well-known", "openid-configuration"]):
        return Target(route=TOKEN, path=path, resource_type="")
    if segments[0] == "subscriptions" and len(segments) <= 2:
        return _subscriptions(path, segments)
    if "/providers/" in path:
        return _provided(path, segments)
    return Target(route="", path=path, resource_type="", subscription=_subscription(segments))


def _subscriptions(path: str, segments: list[str]) -> Target:
    if len(segments) == 1:
        return Target(route="subscriptions", path=path, resource_type=SUBSCRIPTIONS.lower(), is_list=True)
    return Target(
        route="subscription", path=path, resource_type=SUBSCRIPTIONS.lower(), subscription=segments[1]
    )


def _provided(path: str, segments: list[str]) -> Target:
    scope, _, tail = path.rpartition("/providers/")
    namespace, *rest = tail.split("/")
    subscription = _subscription(segments)
    if not rest:
        return Target(
            route="provider",
            path=path,
            resource_type=PROVIDERS.lower(),
            scope=scope,
            subscription=subscription,
        )
    if f"{namespace}/{rest[0]}" == MANAGEMENT_GROUPS.lower() and rest[2:] == ["descendants"]:
        return Target(
            route="descendants",
            path=path,
            resource_type=MANAGEMENT_GROUPS.lower(),
            scope=rest[1],
            is_list=True,
        )
    if tail == RESOURCE_GRAPH.lower():
        return Target(route=GRAPH, path=path, resource_type=tail)
    is_list = len(rest) % 2 == 1
    resource_type = "/".join([namespace, *rest[0::2]])
    return Target(
        route=_route(resource_type, is_list),
        path=path,
        resource_type=resource_type,
        scope=scope if len(rest) <= 2 else path.rsplit("/", 1 if is_list else 2)[0],
        subscription=subscription,
        is_list=is_list,
    )


def _route(resource_type: str, is_list: bool) -> str:
    if resource_type == _WORKSPACE_TYPE:
        return "workspaces" if is_list else "workspace"
    route = _ROUTE_OF_TYPE.get(resource_type, "")
    return ASSOCIATED_LIST if is_list and route == "associated" else route


def _subscription(segments: list[str]) -> str | None:
    return segments[1] if segments[0] == "subscriptions" and len(segments) > 1 else None
