"""OBR: whether the managed network reaches what the workspace depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checks.contract.isolation import APPROVED, DISABLED, MODE_READS, effective_mode, is_mode, is_on
from checks.contract.isolation import is_active as is_network_active
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, names_where, says, texts
from checks.contract.words import ACCESS
from checks.families import frameworks, pages
from checks.families.dependencies.facts import ACCESS_READS, has_role, is_plainly_open
from checks.families.outbound.facts import has_type, is_active, is_of_workspace
from checks.fixes.outbound import DEPENDENCIES_REACHED
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.targets import same_id

TARGETS: Final = (
    ("storage", "storage_account", "blob"),
    ("storage", "storage_account", "file"),
    ("vault", "key_vault", "vault"),
    ("registry", "container_registry", "registry"),
)
"""Dependencies that Azure reaches by private endpoint, as role, column of `workspaces` and sub-resource.

From "Managed virtual network", List of required rules, read 2026-11.
"""


@check(
    id="OBR011",
    title="Private associated resources have an endpoint in the managed network",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        *MODE_READS,
        "workspaces.managed_network_status",
        "workspaces.public_network_access",
        *(f"workspaces.{column}" for column in ("storage_account", "key_vault", "container_registry")),
        "workspaces.outbound_rules_known",
        "outbound_rules.type",
        "outbound_rules.status",
        "outbound_rules.service_resource_id",
        "outbound_rules.subresource_target",
        *ACCESS_READS,
    ),
    remediation=DEPENDENCIES_REACHED,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#list-of-required-rules", pages.OUTBOUND_RULE_API),
)
def private_dependencies_are_reached(tables: Tables, _params: Params) -> Answers:
    """Computes fail if they cannot reach the storage, vault, registry or API of their workspace.

    The storage account (blob and file), the key vault, the container registry and the workspace itself
    (amlworkspace) each need an active private-endpoint rule if they are closed to the public, and always in
    AllowOnlyApprovedOutbound. In AllowInternetOutbound a dependency that was not read, or does not exist, is
    unknown unless its rule exists; one that is plainly open needs none. Not applicable with isolation off, if
    nothing is private, and if rules lack in a network that Azure has not provisioned yet. Mode, rules, their
    parts or a dependency's id not reported is unknown, unless another dependency lacks its rule.
    """
    workspaces = tables.workspaces
    mode, known = effective_mode(workspaces), workspaces["outbound_rules_known"]
    waits = ~is_network_active(workspaces)
    needs_any = pd.Series(data=False, index=workspaces.index, dtype="boolean")
    reached = pd.Series(data=True, index=workspaces.index, dtype="boolean")
    lacks = {}
    for name, needed, present in _needed_and_present(tables, mode):
        lacks[name] = needed & ~present
        needs_any |= needed
        reached &= ~lacks[name]
    missing = names_where(lacks)
    unsettled = names_where({name: each.isna() for name, each in lacks.items()})
    return answer(
        known=known,
        passed=reached,
        applies=is_on(mode) & needs_any & (reached | ~waits),
        observed=("missing: " + missing).mask(missing.eq(""), "none missing").where(reached.notna()),
        expected="an active private-endpoint rule for each dependency that is private",
        failed="No active private-endpoint rule leads to " + missing + ".",
        unknown="The network's mode, status or rules, or a dependency of the workspace, was not read or has an "
        "undocumented word. " + ("Not settled: " + unsettled + ".").mask(unsettled.eq(""), ""),
        not_applicable=_why_not(mode, needs_any),
    )


def _why_not(mode: pd.Series, needs_any: pd.Series) -> pd.Series:
    reason = pd.Series("The managed network is not provisioned yet.", index=mode.index, dtype="string")
    reason = reason.mask((~needs_any).fillna(value=False), "No dependency of the workspace is private.")
    return reason.mask(says(mode, DISABLED).fillna(value=False), "The managed network is off.")


def _needed_and_present(tables: Tables, mode: pd.Series) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """Per target its name, and per workspace whether a rule for it is needed and whether one is active."""
    workspaces, rules = tables.workspaces, tables.outbound_rules
    known = workspaces["outbound_rules_known"]
    rules, active = _unless_false(rules, has_type(rules, "PrivateEndpoint") & is_active(rules))
    is_approved_only = is_mode(mode, APPROVED)
    closed = {role: _closed(tables, role) for role in dict.fromkeys(role for role, _, _ in TARGETS)}
    leads_there = {
        column: is_of_workspace(rules["service_resource_id"], rules, workspaces[[column]])
        for column in dict.fromkeys(column for _, column, _ in TARGETS)
    }
    for role, column, part in TARGETS:
        is_one = active & says(rules["subresource_target"], part) & leads_there[column]
        candidates, claim = _unless_false(rules, is_one)
        present = any_child(claim, candidates, workspaces, known=known)
        needed = workspaces[column].ne("") & (is_approved_only | closed[role])
        yield f"{role} {part}" if role != part else role, needed, present
    candidates, claim = _unless_false(rules, active & says(rules["subresource_target"], "amlworkspace"))
    leads_home = texts(candidates["service_resource_id"], same_id).eq(
        texts(candidates["workspace_id"], same_id)
    )
    is_private = says(workspaces["public_network_access"], "Disabled", among=ACCESS)
    present = any_child(claim & leads_home, candidates, workspaces, known=known)
    yield "the workspace itself (amlworkspace)", is_approved_only | is_private, present


def _unless_false(rules: pd.DataFrame, claim: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """The rules of which the claim may hold, and the claim of these."""
    may_be = claim.fillna(value=True).to_numpy(dtype=bool)
    return rules[may_be], claim[may_be]


def _closed(tables: Tables, role: str) -> pd.Series:
    """Return for each workspace whether its dependency of that role is closed. `<NA>` if its values do not decide."""
    workspaces, resources = tables.workspaces, tables.associated_resources
    these = resources[has_role(resources, role).fillna(value=False)]
    is_listed = any_child(
        pd.Series(data=True, index=these.index, dtype="boolean"),
        these,
        workspaces,
        known=pd.Series(data=True, index=workspaces.index),
    )
    return any_child(~is_plainly_open(these), these, workspaces, known=is_listed)
