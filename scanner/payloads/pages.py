"""Reads the pages of lists: their items, their next link, and whether an item belongs to the list.

The reader, the tables and the evidence all take the items of a page from here. So the reader asks for the items that
become rows, and for no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from checks.network.resource_ids import ResourceId, is_name, resource_id
from scanner.payloads.json_members import Object, member, named, spelled, text, without_slash, without_tenant
from scanner.payloads.payload import Payload

MALFORMED, FOREIGN = "MalformedItem", "AnswersSomethingElse"

_WORKSPACES = "microsoft.machinelearningservices/workspaces"
_TYPES = {"subscriptions": "", "workspaces": _WORKSPACES, "networkAcls": _WORKSPACES}
"""The type of the items of a list. The kind of any other list is the last part of its type."""

_ROLES = "roleAssignments"
_ASSIGNMENTS = "/providers/microsoft.authorization/roleassignments/"
_GROUPS = "/providers/microsoft.management/managementgroups/"

_DESCENDANT_SUBSCRIPTION = "/subscriptions"


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """Why some items of a page are not used: the code and the message of their gap."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Items:
    """The items of a page that can be used, each with its position, and why the others cannot.

    `member` is the name of the array as Azure spelled it.
    """

    member: str
    items: tuple[tuple[int, Object], ...]
    flaws: tuple[Flaw, ...] = ()


def values(document: Any) -> list[Any] | None:
    """Return the array of a page, or None if it has none."""
    found = member(document, spelled(document, "value"))
    return found if isinstance(found, list) else None


def next_link(document: Any) -> Any:
    """Return the link to the next page, whatever its type, or None if there is none."""
    return member(document, spelled(document, "nextLink"))


def objects_on(page: Payload) -> list[Object]:
    """Return the objects in the array of a page, whatever they are about."""
    return [item for item in values(page.document) or () if isinstance(item, dict)]


def items_on(page: Payload) -> Items:
    """Return the items of a page that have a well-formed id and belong to the list that was asked for.

    An id belongs if it is below the list's scope and has the list's type. An item of an export only needs an id.
    """
    found = values(page.document) or []
    is_live = not page.url.startswith("file:")
    below = f"{without_tenant(without_slash(page.scope)).lower()}/"
    used: list[tuple[int, Object]] = []
    foreign: list[str] = []
    for position, item in enumerate(found):
        identity = identity_of(page.kind, item)
        is_above = page.kind == _ROLES and identity is not None and is_assigned_above(identity, page.scope)
        parsed = resource_id(identity) if identity and is_live else None
        if identity is None or (is_live and parsed is None and not is_above):
            continue
        if not is_live or is_above or (parsed and _belongs(identity, parsed, page.kind, below)):
            used.append((position, item))
        else:
            foreign.append(identity)
    return Items(
        member=spelled(page.document, "value"), items=tuple(used), flaws=tuple(_flaws(found, used, foreign))
    )


def _belongs(identity: str, parsed: ResourceId, kind: str, below: str) -> bool:
    wanted = _TYPES.get(kind, f"/{kind.lower()}")
    is_of_type = (
        parsed.resource_type.endswith(wanted) if wanted else not parsed.resource_type and not parsed.group
    )
    return is_of_type and identity.lower().startswith(below)


def is_assigned_above(identity: str, scope: str) -> bool:
    """Check whether the id is that of a role assignment at the scope or above it, up to the root of the tenant."""
    place, separator, name = identity.lower().rpartition(_ASSIGNMENTS)
    is_place = (
        not place or place.startswith(_GROUPS) or f"{without_slash(scope).lower()}/".startswith(f"{place}/")
    )
    return bool(separator) and is_name(name) and is_place


def _flaws(found: Sized, used: Sized, foreign: Sequence[str]) -> Iterator[Flaw]:
    malformed = len(found) - len(used) - len(foreign)
    if malformed:
        message = f"{malformed} of {len(found)} items have no id, or one that is no resource id."
        yield Flaw(code=MALFORMED, message=message)
    if foreign:
        message = f"{len(foreign)} of {len(found)} items belong to another list, such as {foreign[0]}."
        yield Flaw(code=FOREIGN, message=message)


def identity_of(kind: str, item: Any) -> str | None:
    """Return the id of an item without slashes at its end, or None if it has none.

    A subscription may have either of two members. If they differ, it has no id.
    """
    identity = named(item, "id")
    if kind != "subscriptions" or not isinstance(item, dict):
        return without_slash(identity) if identity else None
    subscription_id = named(item, "subscriptionId")
    if not subscription_id:
        return without_slash(identity) if identity else None
    by_member = f"/subscriptions/{subscription_id}"
    is_same = identity is None or without_slash(identity).lower() == by_member.lower()
    return by_member if is_same else None


def subscriptions_below(page: Payload) -> set[str]:
    """Return the lower-cased ids of the subscriptions on a page of a management group's descendants."""
    return {
        name.lower()
        for item in objects_on(page)
        if (text(item, "type") or "").lower().endswith(_DESCENDANT_SUBSCRIPTION)
        and (name := text(item, "name"))
        and is_name(name)
    }
