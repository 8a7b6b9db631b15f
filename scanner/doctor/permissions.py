"""Lists the actions that a scan needs, and writes the custom role that allows only these.

The actions are from Azure's lists for its resource providers ("Azure permissions for AI + machine learning"
and others, 2024-02). `workspaces/outboundRules/read` is newer than that list; a posture scanner publishes it
in its role (2026-08). `Microsoft.Insights/diagnosticSettings/read` is the action that refusals name. Azure
refuses a whole role for one action that it does not know, so `needed` can leave actions out.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.suggestions import did_you_mean
from scanner.errors import UsageError
from scanner.payloads.answers import (
    NETWORK_PROVIDER,
    PERIMETERS,
    PRIVATE_ENDPOINTS,
    ROLE_ASSIGNMENTS,
    VIRTUAL_NETWORKS,
)
from scanner.policies import LoadedPolicy, management_groups
from scanner.reading.collection import EVERYTHING, Collection, collection_for
from scanner.tables.associated import ASSOCIATED, TYPES
from scanner.tables.children import CHILDREN, WORKSPACES
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.role_assignments import ROLES_TYPE

_GROUP = re.compile(r"/providers/Microsoft\.Management/managementGroups/[^/]+", re.IGNORECASE)
_BELOW_SUBSCRIPTIONS = re.compile(r"/subscriptions/[^/]+(/resourceGroups/[^/]+)?", re.IGNORECASE)
_GROUP_PREFIX = "/providers/Microsoft.Management/managementGroups/"
_MAX_NAME = 128

_REGISTRATION = "Microsoft.Resources/subscriptions/providers/read"

ALWAYS: Mapping[str, str] = {
    "Microsoft.Resources/subscriptions/read": "the subscriptions; without it none is listed",
    _REGISTRATION: (
        "whether Machine Learning is registered, and which api-versions the cloud offers if one is refused"
    ),
    f"{WORKSPACES}/read": "the workspaces",
}
"""The actions of every scan, and what each reads."""

_LISTING, _, _WORKSPACES = ALWAYS

GROUPS: Mapping[str, str] = {
    "Microsoft.Management/managementGroups/descendants/read": (
        "which subscriptions are below a management group"
    )
}
"""The action that management groups need. A role with it can be assigned in one management group only."""

DISCOVERY: Mapping[str, str] = {
    "Microsoft.ResourceGraph/resources/read": (
        "the workspaces that Resource Graph knows; without it Azure may refuse the queries of `--discover`"
    )
}
"""The action that Azure publishes for the queries of Resource Graph. A scan with `--discover arm` needs none."""

OF_KIND: Mapping[str, Mapping[str, str]] = {
    **{child.kind: child.actions for child in CHILDREN},
    ASSOCIATED: {f"{each.resource_type}/read": each.reads for each in TYPES},
    PERIMETERS: {
        each.perimeters_action: f"the network security perimeters around {each.reads.partition(',')[0]}"
        for each in TYPES
        if each.perimeters
    },
    PRIVATE_ENDPOINTS: {f"{NETWORK_TYPES[PRIVATE_ENDPOINTS]}/read": "the private endpoints of workspaces"},
    VIRTUAL_NETWORKS: {
        f"{NETWORK_TYPES[VIRTUAL_NETWORKS]}/read": "the virtual networks around private endpoints"
    },
    NETWORK_PROVIDER: {_REGISTRATION: ALWAYS[_REGISTRATION]},
    ROLE_ASSIGNMENTS: {
        f"{ROLES_TYPE}/read": "the roles of workspace identities on targets of private endpoints"
    },
}
"""Kind of payload (`scanner.reading.collection.KIND_OF`) to its actions, and what each reads."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """The actions that a scan by some policies needs.

    `actions` maps each action to what it reads, `left_out` each action that the role is to do without. `scopes` lists
    where the role can be assigned.
    """

    name: str
    actions: Mapping[str, str]
    scopes: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


def needed(
    policies: Sequence[LoadedPolicy],
    *,
    collect_all: bool = False,
    groups: Sequence[str] = (),
    scopes: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Need:
    """Return what a scan by these policies of these management groups needs, `without` some actions.

    Without `scopes`, the scope is the management group or a placeholder. Raises UsageError for scopes that no
    custom role can have, and for an action that the role does not have.
    """
    chosen = [each.check for policy in policies for each in policy.checks]
    collection = EVERYTHING if collect_all else collection_for(chosen)
    by_policy = ["<management-group-id>"] if management_groups(policies) else []
    with_groups = [*groups] or by_policy
    usual = [f"{_GROUP_PREFIX}{group}" for group in with_groups] or ["/subscriptions/<subscription-id>"]
    actions = {**actions_for(collection, with_groups=bool(with_groups)), **DISCOVERY}
    left_out = {_named(action, actions): "" for action in without}
    return Need(
        name=", ".join(policy.policy.name for policy in policies) + (" --collect all" if collect_all else ""),
        actions={action: reads for action, reads in actions.items() if action not in left_out},
        left_out={action: actions[action] for action in left_out},
        scopes=_assignable([*scopes] or usual, with_groups=bool(with_groups)),
    )


def _named(action: str, actions: Mapping[str, str]) -> str:
    """Return the action of the role that is spelled so, in any case. Raises UsageError if there is none."""
    spelled = {each.lower(): each for each in actions}
    if action.lower() not in spelled:
        raise UsageError(
            f"--without {action}: the role does not have this action. {did_you_mean(action, actions)}"
            "`azml-audit permissions` with the same policies and without this option lists the actions."
        )
    return spelled[action.lower()]


def consequences(policies: Sequence[LoadedPolicy], need: Need) -> Iterator[str]:
    """Yield a sentence for each action that the role does without: what is not read, and which checks that affects."""
    checks = {chosen.check.id: chosen.check for policy in policies for chosen in policy.checks}
    for action, reads in need.left_out.items():
        kinds = {kind for kind, actions in OF_KIND.items() if action in actions}
        affected = sorted(id for id, check in checks.items() if kinds & collection_for([check]).kinds)
        yield f"Without {action} the scan does not read {reads.partition(';')[0]}. {_affected(action, affected)}"


def _affected(action: str, checks: Sequence[str]) -> str:
    if action in DISCOVERY:
        return "Scan with --discover arm if Azure refuses the queries. No check becomes unknown."
    if checks:
        return f"These checks can become unknown: {', '.join(checks)}."
    if action in (_LISTING, _WORKSPACES):
        return "The scan then finds no workspace, so no check is answered."
    return "No check becomes unknown, but the scan reports a gap."


def actions_for(collection: Collection, *, with_groups: bool = False) -> Mapping[str, str]:
    """Return the actions that this collection needs: those of every scan first, the others sorted."""
    of_kinds = {action: reads for kind in collection.kinds for action, reads in OF_KIND[kind].items()}
    return {**ALWAYS, **(GROUPS if with_groups else {}), **dict(sorted(of_kinds.items()))}


def _assignable(scopes: Iterable[str], *, with_groups: bool) -> tuple[str, ...]:
    checked = [scope.rstrip("/") for scope in scopes]
    for scope in checked:
        if not _GROUP.fullmatch(scope) and not _BELOW_SUBSCRIPTIONS.fullmatch(scope):
            raise UsageError(
                f"--scope {scope or '/'}: a custom role needs a subscription, a resource group or a management "
                f"group. Write /subscriptions/ID or {_GROUP_PREFIX}ID."
            )
    groups = [scope for scope in checked if _GROUP.fullmatch(scope)]
    if len(groups) > 1:
        raise UsageError(
            f"{len(groups)} management groups, but a custom role can be assigned in one only. Give --scope "
            f"{_GROUP_PREFIX}ID once, for the group above them all, or print a role for each."
        )
    if with_groups and not groups:
        raise UsageError(
            f"--scope {checked[0]}: only a role that is assigned in a management group can read what is below "
            f"it. Add --scope {_GROUP_PREFIX}ID."
        )
    return tuple(checked)


def role(need: Need) -> dict[str, Any]:
    """Return the custom role as `az role definition create` reads it."""
    return {
        "Name": role_name(need),
        "IsCustom": True,
        "Description": f"Allows azml-audit to read for --policy {need.name}. Allows no changes."[:1024],
        "Actions": list(need.actions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": list(need.scopes),
    }


def role_name(need: Need) -> str:
    """Return the name of the role, shortened to Azure's limit."""
    return f"azml-audit {need.name}"[:_MAX_NAME]


def as_json(need: Need) -> str:
    """Return the role definition as indented JSON."""
    return json.dumps(role(need), indent=2)


def as_commands(need: Need) -> str:
    """Return the commands that create the role and assign it in each scope."""
    create = f"az role definition create --role-definition {shlex.quote(as_json(need))}"
    assign = (
        "az role assignment create --assignee-object-id '<object-id>' "
        f"--assignee-principal-type ServicePrincipal --role {shlex.quote(role_name(need))}"
    )
    return "\n".join([create, *(f"{assign} --scope {shlex.quote(scope)}" for scope in need.scopes)])
