"""The action and the scope that Azure wants for a request, and a test whether a role's actions contain it.

A request for a type wants `<provider>/<type>/read`, one for a list the same action over what holds the list
(resource provider operations and recorded 403s, read in November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.emulator.routes import PERIMETERS, Target
from scanner.emulator.versions import MACHINE_LEARNING, NETWORK_TYPES, ROLE_ASSIGNMENTS
from scanner.tables.associated import TYPES
from scanner.tables.children import CHILDREN

_TYPE_OF_ROUTE = {
    "descendants": "managementGroups/descendants",
    "provider": "subscriptions/providers",
}
_SPELLED = {
    part.lower(): part
    for resource_type in (
        *("Microsoft.Resources", "Microsoft.Management", "Microsoft.ResourceGraph", MACHINE_LEARNING),
        *(child.resource_type for child in CHILDREN),
        *(each.resource_type for each in TYPES),
        PERIMETERS,
        *NETWORK_TYPES,
        ROLE_ASSIGNMENTS,
    )
    for part in resource_type.split("/")
}


def action_of(target: Target) -> str:
    """The action, spelled as Azure spells it."""
    namespace, _, name = target.resource_type.partition("/")
    return f"{spelled(namespace)}/{_TYPE_OF_ROUTE.get(target.route, spelled(name))}/read"


def scope_of(target: Target) -> str:
    """The scope over which the action is wanted."""
    if target.route == "descendants":
        return f"/providers/Microsoft.Management/managementGroups/{target.scope}"
    if target.route == "provider":
        return target.spelled[: len(target.scope)]
    return target.spelled[: len(target.scope)] if target.is_list and target.scope else target.spelled


def spelled(lowered: str) -> str:
    """A namespace or type in Azure's spelling, as far as it is known."""
    return "/".join(_SPELLED.get(part, part) for part in lowered.split("/"))


def holds(actions: Iterable[str], wanted: str) -> bool:
    """Return whether any of a role's actions matches the wanted one; `*` in an action matches any text."""
    return any(re.fullmatch(_pattern(action), wanted, re.IGNORECASE) for action in actions)


def _pattern(action: str) -> str:
    return ".*".join(re.escape(part) for part in action.split("*"))
