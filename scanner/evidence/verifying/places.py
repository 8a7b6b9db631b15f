"""Names the place of a question: its kind and the path of its URL. The `ledger` finds answers at another place."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.evidence.deciding import place_in
from scanner.payloads import json_members
from scanner.payloads.answers import ADDRESS_RULES, NETWORK_PROVIDER, PERIMETERS, ROLE_ASSIGNMENTS, list_path
from scanner.payloads.json_members import without_tenant
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import filter_of, path_of, version_of
from scanner.reading.subscription_reader import NETWORK_NAMESPACE
from scanner.tables.associated import ASSOCIATED
from scanner.tables.children import CHILDREN, OF_KIND, PROVIDER
from scanner.tables.graph_rows import GRAPH
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.role_assignments import roles_filter, roles_path

RULES = OF_KIND["outboundRules"].kind

Place = tuple[str, str]
"""The kind of a question, and in lower case: the tenant if several are asked, the path of its URL, and its filter."""

KINDS = frozenset(
    {
        *("subscriptions", "subscription", "descendants", "workspaces", "workspace", "provider"),
        *(ASSOCIATED, PERIMETERS, GRAPH, NETWORK_PROVIDER, ADDRESS_RULES, *NETWORK_TYPES),
        *(child.kind for child in CHILDREN),
        ROLE_ASSIGNMENTS,
    }
)
"""The kinds whose URLs follow from their scopes."""

_MAY_BE_MISSING = frozenset({ASSOCIATED, PERIMETERS, *NETWORK_TYPES, RULES})
"""The kinds of questions to which a 404 may be an answer."""


def place_of(kind: str, scope: str, url: str, path: str = "") -> Place:
    """Return the place of a question. `path` is that of an item of a list; by default it is that of the URL."""
    tenant = scope[: len(scope) - len(without_tenant(scope))]
    narrowed = filter_of(url)
    place = f"{tenant}{path or path_of(url)}{f'?{narrowed}' if narrowed else ''}"
    return kind, place.lower()


def place_of_roles(target: str, principal: str) -> Place:
    """Return the place of the question about the roles of an identity on a target."""
    url = f"{json_members.quoted(roles_path(target))}?{roles_filter(principal)}"
    return place_of(ROLE_ASSIGNMENTS, target, url)


def misplacement(item: Payload | Gap) -> str:
    """Return why no question of azml-audit has this answer or gap, "" if one has."""
    if isinstance(item, Gap):
        return _gap_misplacement(item)
    ask = item.ask
    if not belongs(item):
        return f"{ask.request} does not ask for {ask.kind} of {ask.scope}."
    is_query = ask.kind == GRAPH
    if ask.method != _method(ask.kind) or bool(ask.body) != is_query:
        return f"{ask.request} is no request for {ask.kind}."
    if ask.kind in KINDS and not ask.is_later_page and version_of(ask.url) != ask.api_version:
        return f"{ask.request} does not ask at api-version {ask.api_version}."
    if ask.kind in KINDS and _subscription_of(ask.scope) != (ask.subscription_id or "").lower():
        return f"{ask.request} is not about subscription {ask.subscription_id}."
    if ask.may_be_missing and ask.kind not in _MAY_BE_MISSING:
        return f"{ask.request} may not be answered by 404."
    return _unreplaced(item)


def _gap_misplacement(gap: Gap) -> str:
    method, _, url = gap.request.partition(" ")
    if gap.asked not in KINDS or not url.startswith(("http:", "https:")):
        return ""
    path = path_of(url)
    if method != _method(gap.asked) or not any(
        path == each.lower() for each in _paths(gap.asked, gap.scope, path)
    ):
        return f"{gap.request} does not ask for {gap.asked} of {gap.scope}."
    if _subscription_of(gap.scope) != (gap.subscription_id or "").lower() and not _is_malformed(gap):
        return f"{gap.request} is not about subscription {gap.subscription_id}."
    if gap.http_status not in (None, 200):
        return f"{gap.request} was refused with status {gap.http_status}, and the refusal is missing."
    return ""


def _is_malformed(gap: Gap) -> bool:
    """Check whether the gap is about a link that is no id of a resource: it has no subscription."""
    is_link = gap.asked in (ASSOCIATED, *NETWORK_TYPES)
    return is_link and gap.subscription_id is None and json_members.subscription_of(gap.scope) is None


def _method(kind: str) -> str:
    return "POST" if kind == GRAPH else "GET"


def _unreplaced(payload: Payload) -> str:
    """Return a text if a place that is listed as replaced has no replacement."""
    for pointer in payload.redactions:
        try:
            found = f"{pointer.rpartition('/')[2]} {place_in(payload.document, pointer)}" if pointer else ""
        except (KeyError, IndexError, ValueError, TypeError):
            found = "nowhere"
        if pointer and "redacted" not in found:
            return f"its redactions name {pointer}, where nothing was replaced."
    return ""


def _subscription_of(scope: str) -> str:
    """Return the lower-cased subscription in any scope, "" if it has none."""
    parts = without_tenant(scope).lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def belongs(payload: Payload) -> bool:
    """Return whether the URL of a payload is one that is asked for its kind and scope."""
    path = path_of(payload.url)
    if payload.of_list:
        return payload.kind == ASSOCIATED and path == list_path(payload.scope)
    return payload.kind not in KINDS or any(
        path == each.lower() for each in _paths(payload.kind, payload.scope, path)
    )


def _paths(kind: str, of: str, path: str) -> Iterator[str]:
    """Yield the paths of URLs that are asked for a kind of things of a scope. `path` is the path of the URL."""
    scope = without_tenant(path_of(json_members.quoted(of)))
    if kind in ("subscriptions", "subscription", "workspace", ASSOCIATED, GRAPH, *NETWORK_TYPES):
        yield scope
    elif kind in ("descendants", PERIMETERS):
        yield f"{scope}/{kind}"
    elif kind in ("workspaces", ADDRESS_RULES):
        yield f"{scope}/providers/{PROVIDER}/workspaces"
    elif kind == NETWORK_PROVIDER:
        yield f"{scope}/providers/{NETWORK_NAMESPACE}"
    elif kind == ROLE_ASSIGNMENTS:
        yield roles_path(scope)
    elif kind == "provider":
        yield from (scope, f"{scope}/providers/{PROVIDER}")
    for child in CHILDREN:
        if child.kind == kind and not child.below:
            yield child.list_path(scope)
        elif child.kind == kind and path.startswith(f"{scope}/") and path.endswith(f"/{kind.lower()}"):
            yield path
