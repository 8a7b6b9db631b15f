"""The roles that workspace identities have on the targets of private-endpoint rules.

Azure answers one question about one identity and one target: which roles are assigned at the target or above it. An
export has single assignments, which prove that a role is there, and never that one is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from checks.network.approvers import MAY_NOT_COUNT
from scanner.payloads.answers import ROLE_ASSIGNMENTS
from scanner.payloads.json_members import Object, key, link, member, named
from scanner.payloads.pages import is_assigned_above, items_on
from scanner.payloads.payload import Gap, Payload

ROLES_API_VERSION = "2022-04-01"
"""The first version that shows conditions ("List Azure role assignments using the REST API", 2026-11)."""

ROLES_TYPE = f"Microsoft.Authorization/{ROLE_ASSIGNMENTS}"

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ASSIGNED_TO = re.compile(rf"assignedto\('({_GUID.pattern})'\)", re.IGNORECASE)


def roles_path(target: str) -> str:
    """Return the path of the role assignments at a resource and above it."""
    return f"{target}/providers/{ROLES_TYPE}"


def roles_filter(principal: str) -> str:
    """Return the query parameter that asks for the assignments of one identity, and of groups that it is in."""
    return f"$filter=atScope()%20and%20assignedTo('{principal}')"


def identity_of(item: Object) -> str | None:
    """Return the principal id of the identity that represents a workspace, "" if it has none.

    The primary user-assigned identity comes first, then the system-assigned one, then the only user-assigned one. None
    if Azure does not show which identity it is, or its principal id.
    """
    identity = item.get("identity")
    if identity is None:
        return ""
    listed = member(identity, "userAssignedIdentities")
    users = {key(id): each for id, each in listed.items()} if isinstance(listed, dict) else {}
    types = (named(identity, "type") or "").lower()
    primary = link(item, "properties", "primaryUserAssignedIdentity")
    if users and not primary and member(item, "properties", "primaryUserAssignedIdentity") not in (None, ""):
        return None
    if represents_user_assigned(item):
        chosen = users.get(key(primary)) if primary else next(iter(users.values()), None)
        return _guid(named(chosen, "principalId")) if primary or len(users) == 1 else None
    return "" if types == "none" else _guid(named(identity, "principalId"))


def represents_user_assigned(item: Object) -> bool:
    """Return whether a user-assigned identity represents a workspace: its primary one, or the only kind it has."""
    types = (named(item, "identity", "type") or "").lower()
    has_primary = link(item, "properties", "primaryUserAssignedIdentity") is not None
    return has_primary or ("system" not in types and "user" in types)


def _guid(text: str | None) -> str | None:
    return text if text and _GUID.fullmatch(text) else None


def targets(rules: Mapping[str, Any], *, but: Iterable[str], with_azures_own: bool) -> list[str]:
    """Return the targets of the private-endpoint rules, given as name to properties, without the ids in `but`."""
    found: dict[str, str] = {}
    left_out = set(map(key, but))
    for rule in rules.values():
        target = link(member(rule, "destination"), "serviceResourceId")
        is_customers = (named(rule, "category") or "").lower() not in (
            "required",
            "recommended",
            "dependency",
        )
        if target and key(target) not in left_out and (with_azures_own or is_customers):
            found.setdefault(key(target), target)
    return list(found.values())


class RoleAnswers:
    """Collects the answers about role assignments, and the assignments of an export."""

    def __init__(self) -> None:
        """Start empty."""
        self._answers: dict[tuple[str, str], list[Payload | Gap]] = defaultdict(list)
        self._exported: list[tuple[Object, Payload]] = []
        self._known: dict[tuple[str, str], tuple[str | None, Sequence[Payload | Gap]]] = {}

    def add(self, answer: Payload | Gap) -> None:
        """Add an answer about one identity and one target, or the assignments of a file."""
        if isinstance(answer, Payload) and answer.url.startswith("file:"):
            self._exported += [(item, answer) for _, item in items_on(answer).items]
        elif principal := _asked_for(answer):
            self._answers[key(answer.scope), principal].append(answer)

    def on(self, target: str | None, principal: str | None) -> tuple[str | None, Sequence[Payload | Gap]]:
        """Return the roles of an identity on the target of a rule, and the answers that show them."""
        if not target or principal is None:
            return None, ()
        if not principal:
            return "", ()
        if not self._answers and not self._exported:
            return None, ()
        asked = key(target), principal.lower()
        if asked not in self._known:
            self._known[asked] = self._roles(*asked)
        return self._known[asked]

    def _roles(self, target: str, principal: str) -> tuple[str | None, Sequence[Payload | Gap]]:
        answers = self._answers.get((target, principal), [])
        roles = {
            _role(item) for page in answers if isinstance(page, Payload) for _, item in items_on(page).items
        }
        if answers and not any(isinstance(each, Gap) or _has_flaws(each) for each in answers):
            return ", ".join(sorted(roles)), answers
        exported = [
            (_role(item, principal), file)
            for item, file in self._exported
            if is_assigned_above(str(item["id"]), target) and _concerns(item, principal)
        ]
        roles |= {role for role, _ in exported}
        found = [*answers, *(file for _, file in exported)]
        return (", ".join(sorted({*roles, MAY_NOT_COUNT})) if roles else None), found


def _has_flaws(page: Payload) -> bool:
    return bool(items_on(page).flaws) or not isinstance(page.document.get("value"), list)


def _asked_for(answer: Payload | Gap) -> str:
    url = answer.url if isinstance(answer, Payload) else answer.request.partition(" ")[2]
    found = _ASSIGNED_TO.search(parse_qs(urlsplit(url).query).get("$filter", [""])[0])
    return found[1].lower() if found else ""


def _role(item: Object, of: str = "") -> str:
    """Return the role definition that is assigned, "?" for an assignment that may not count.

    `of` is set in an export, where nothing shows whether the identity is in a group.
    """
    properties = item.get("properties", item)
    definition = named(properties, "roleDefinitionId")
    is_another = of and principal_of(item) != of
    is_limited = member(properties, "condition") not in (None, "")
    return (
        MAY_NOT_COUNT if not definition or is_another or is_limited else definition.rpartition("/")[2].lower()
    )


def principal_of(item: Object) -> str:
    """Return the lower-cased id of the identity or group that has a role, "" if it is not shown."""
    return (named(item.get("properties", item), "principalId") or "").lower()


def _concerns(item: Object, principal: str) -> bool:
    """Return whether an assignment of an export is one of the identity, or of a group that it may be in."""
    properties = item.get("properties", item)
    return principal_of(item) == principal or (named(properties, "principalType") or "").lower() in (
        "",
        "group",
    )
