"""OBR016: private-endpoint rules whose target the workspace identity may not approve."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged, judged_pairs, of_workspace, texts
from checks.families import frameworks, pages
from checks.families.outbound.facts import CUSTOMER_READS, has_type, is_customers, is_of_workspace
from checks.fixes.outbound import IDENTITY_MAY_APPROVE
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.approvers import may_approve
from checks.network.targets import same_id

_ASSIGNED_BY_AZURE = (
    "The rule is no private endpoint, or Azure assigns the roles that its target needs by itself."
)


_OWN = ("storage_account", "key_vault", "container_registry", "application_insights")
"""The columns of `workspaces` with the resources on which Azure assigns roles to a system-assigned identity."""


@check(
    id="OBR016",
    title="The workspace identity may approve the private endpoint",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(
        *CUSTOMER_READS,
        "outbound_rules.service_resource_id",
        "outbound_rules.target_roles",
        "workspaces.identity_type",
        "workspaces.primary_user_assigned_identity",
        *(f"workspaces.{name}" for name in _OWN),
    ),
    remediation=IDENTITY_MAY_APPROVE,
    controls=frameworks.OUTBOUND,
    references=(
        f"{pages.MANAGED_NETWORK}#private-endpoints",
        pages.MANAGED_IDENTITY,
        pages.BUILT_IN_ROLES,
        pages.ROLE_ASSIGNMENTS,
    ),
)
def workspace_identity_may_approve(tables: Tables, _params: Params) -> Answers:
    """Azure leaves a private endpoint pending if the workspace identity has no role that approves it on the target.

    Since 2025-04-30 Azure assigns the role Azure AI Enterprise Network Connection Approver to no identity. The check
    asks of all private-endpoint rules if the identity is user-assigned. If it is system-assigned, Azure assigns its
    roles on the workspace and its own resources, so the check asks of the customer's rules to other targets. A role
    counts if it is assigned on the target or above it. Owner, Contributor and the contributor of the target's provider
    count as well, because they have the action privateEndpointConnectionsApproval. The approver role does not cover
    Data Factory, Databricks, MariaDB and Function Apps. An endpoint that was approved by hand fails too, because Azure
    needs the role again when it builds the network again. Role assignments that could not be read, a role that the
    check does not know, a condition, and a group that Azure did not resolve are unknown. No shipped policy chooses
    this check, because the scan needs one more action to read role assignments, and asks once for each target.
    """
    rules = tables.outbound_rules
    target, roles = rules["service_resource_id"], rules["target_roles"]
    approves = judged_pairs(roles, target, may_approve)
    shown = texts(roles, lambda found: found or "no role")
    return answer(
        known=approves.notna(),
        passed=approves,
        applies=has_type(rules, "PrivateEndpoint")
        & ((is_customers(rules) & ~_is_own(tables)) | _is_user_assigned(tables)),
        observed=shown + " on " + target.fillna("a target not reported"),
        expected="the role Azure AI Enterprise Network Connection Approver, or another that approves there",
        failed="The workspace identity has {shown} on {target} that approves private endpoints.",
        values={
            "shown": texts(roles, lambda found: f"only roles ({found})" if found else "no role"),
            "target": target,
        },
        unknown="The role assignments of the workspace identity on the target were not all read, or one of them may or "
        "may not approve: a role that this check does not know, a condition, or a group.",
        not_applicable=_ASSIGNED_BY_AZURE,
    )


def _is_own(tables: Tables) -> pd.Series:
    """Return for each rule whether its target is the workspace itself or one of its own resources.

    `<NA>` if it is none of those that are known, and one is not known.
    """
    rules = tables.outbound_rules
    target = texts(rules["service_resource_id"], same_id)
    is_own = target.eq(texts(rules["workspace_id"], same_id))
    return is_own | is_of_workspace(rules["service_resource_id"], rules, tables.workspaces[[*_OWN]])


def _is_user_assigned(tables: Tables) -> pd.Series:
    """Return for each rule whether a user-assigned identity represents its workspace. `<NA>` if that is not known."""
    workspaces = tables.workspaces
    has_primary = judged(workspaces["primary_user_assigned_identity"], bool)
    is_only_kind = judged(workspaces["identity_type"], _is_only_user_assigned)
    return of_workspace(has_primary | is_only_kind, tables.outbound_rules)


def _is_only_user_assigned(types: str) -> bool | None:
    """Return whether user-assigned is the only kind of identity. None for an undocumented word."""
    kinds = {kind.lower() for kind in items(types)}
    return kinds == {"userassigned"} if kinds <= {"systemassigned", "userassigned", "none"} else None
