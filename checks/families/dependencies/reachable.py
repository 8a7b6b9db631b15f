"""RES: the resources a workspace depends on, and who may reach them; see also `associated_protection`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from checks.contract.isolation import APPROVED, MODE_READS, effective_mode, is_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged, judged_pairs, of_workspace, says, subscription_of
from checks.contract.words import DEPENDENCY_ACCESS
from checks.families import frameworks, pages
from checks.families.dependencies import firewall, perimeters, protection, regions
from checks.families.dependencies.facts import (
    CLOSED_READS,
    READ,
    denies_by_default,
    has_role,
    is_closed,
    is_enforced,
    is_read,
    why_unknown,
)
from checks.fixes.dependencies import (
    REGISTRY_TIER_RAISED,
    SERVICE_ENDPOINTS_REMOVED,
    TRUSTED_SERVICES_ADMITTED,
)
from checks.fixes.protection import DEPENDENCY_RESTORED
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check
from checks.network.targets import same_id


@check(
    id="RES005",
    title="Trusted Microsoft services may pass the firewall",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(
        *READ,
        "associated_resources.default_action",
        "associated_resources.bypass",
        "associated_resources.resource_access_rules",
        "associated_resources.perimeter_status",
        "associated_resources.perimeter_access_mode",
        "associated_resources.perimeter_subscriptions",
    ),
    follows=("RES013",),
    remediation=TRUSTED_SERVICES_ADMITTED,
    controls=frameworks.INBOUND,
    references=(
        f"{pages.MANAGED_NETWORK}#secured-associated-resources",
        pages.STORAGE_NETWORK,
        pages.REGISTRY_TRUSTED,
    ),
)
def trusted_services_may_pass_the_firewall(tables: Tables, _params: Params) -> Answers:
    """Machine Learning connects as a trusted service, so a firewall that refuses trusted services breaks the workspace.

    Asked where the default action is Deny, or a network security perimeter is Enforced: `networkAcls.bypass`, for a
    registry `networkRuleBypassOptions`, has to name AzureServices, or `resourceAccessRules` has to name the
    workspace, which is stricter. An Enforced perimeter does not honour the bypass: then an inbound rule for the
    workspace's subscription has to exist. A default action of Allow, or none at all, refuses nobody. A bypass that
    was not reported or holds an undocumented word, or a resource that does not exist or was not read, is unknown.
    """
    resources = tables.associated_resources
    bypass = resources["bypass"]
    admits = judged(bypass, _admits_trusted_services)
    named = judged_pairs(resources["resource_access_rules"], resources["workspace_id"], _names)
    enforced = is_enforced(resources)
    surely = enforced.fillna(value=False).astype(bool)
    within = judged_pairs(
        resources["perimeter_subscriptions"], resources["workspace_id"], _admits_subscription
    )
    passed = (admits | named.fillna(value=False)).mask(surely, within).where(enforced.notna())
    return answer(
        known=passed.notna(),
        passed=passed,
        applies=has_role(resources, "storage", "vault", "registry")
        & (denies_by_default(resources) | enforced),
        observed=("bypass " + bypass.fillna("not reported")).mask(surely, "perimeter Enforced"),
        expected="bypass AzureServices, or the workspace in resourceAccessRules",
        failed="The {part} of {resource} {refusal}.",
        values={
            "part": pd.Series("firewall", index=bypass.index).mask(surely, "Enforced perimeter"),
            "refusal": ("refuses trusted services: bypass " + bypass).mask(
                surely,
                "does not honour the bypass, and no inbound rule admits the workspace's subscription",
            ),
        },
        unknown=why_unknown(
            resources,
            "The default action, the bypass or the perimeter was not reported, or is an undocumented word.",
        ),
        not_applicable="The resource has no firewall of this kind, or it refuses nobody.",
    )


def _admits_trusted_services(bypass: str) -> bool | None:
    """Return whether the list names AzureServices. None if it does not, and has a word that is not documented."""
    words = {word.lower() for word in items(bypass)}
    if "azureservices" in words:
        return True
    return False if words <= {"logging", "metrics", "none"} else None


def _names(rules: str, workspace_id: str) -> bool:
    """Return whether a resource access rule, perhaps with `*` in it, names the workspace."""
    return any(fnmatchcase(same_id(workspace_id), same_id(rule)) for rule in items(rules))


def _admits_subscription(subscriptions: str, workspace_id: str) -> bool:
    return subscription_of(workspace_id) in map(subscription_of, items(subscriptions))


@check(
    id="RES006",
    title="No service endpoint beside a private endpoint",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(
        *READ,
        "associated_resources.public_network_access",
        "associated_resources.virtual_network_rules",
        "associated_resources.approved_private_endpoints",
    ),
    follows=("RES013",),
    remediation=SERVICE_ENDPOINTS_REMOVED,
    controls=frameworks.INBOUND,
    references=(f"{pages.MANAGED_NETWORK}#limitations",),
    looks_at="row",
)
def no_service_endpoint_beside_a_private_endpoint(tables: Tables, _params: Params) -> Answers:
    """A managed network cannot use a resource that has a service endpoint and a private endpoint at once.

    A storage account or key vault with virtual network rules and an approved private endpoint fails; with either
    alone it passes. While public access is Disabled the rules have no effect, so the check does not apply. A
    registry has no such rules at the api-version read. A count that was not reported is unknown unless the other
    one settles it, as is a resource that was not read.
    """
    resources = tables.associated_resources
    rules, endpoints = resources["virtual_network_rules"], resources["approved_private_endpoints"]
    clash = (rules.gt(0) & endpoints.gt(0)).where(is_read(resources).fillna(value=False))
    seen = "virtual network rules: " + _counted(rules) + ", private endpoints: " + _counted(endpoints)
    return answer(
        known=clash.notna(),
        passed=~clash,
        applies=has_role(resources, "storage", "vault")
        & ~says(resources["public_network_access"].fillna("Enabled"), "Disabled", among=DEPENDENCY_ACCESS),
        observed=seen,
        expected="virtual network rules or approved private endpoints, not both",
        failed="{resource} has both a service endpoint and a private endpoint: {seen}.",
        values={"seen": seen},
        unknown=why_unknown(
            resources,
            "The public access, the virtual network rules or the private endpoints were not reported, or the access "
            "is an undocumented word.",
        ),
        not_applicable="Only storage accounts and key vaults have virtual network rules, and none while their public "
        "access is Disabled.",
    )


def _counted(counts: pd.Series) -> pd.Series:
    return counts.astype("string").fillna("not reported")


@check(
    id="RES007",
    title="Registry tier supports private endpoints",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*CLOSED_READS, "associated_resources.sku", *MODE_READS),
    remediation=REGISTRY_TIER_RAISED,
    controls=frameworks.INBOUND,
    references=(pages.REGISTRY_NETWORK,),
    follows=("RES013",),
    looks_at="row",
)
def registry_tier_supports_private_endpoints(tables: Tables, _params: Params) -> Answers:
    """A registry below the Premium tier cannot have a private endpoint, so a closed network cannot reach it.

    Asked where the registry is closed to the public or the workspace allows only approved outbound: the
    sku has to be Premium. A sku that was not reported or not read is unknown.
    """
    resources = tables.associated_resources
    mode = of_workspace(effective_mode(tables.workspaces), resources)
    sku = resources["sku"].where(is_read(resources).fillna(value=False))
    return answer(
        known=sku.notna(),
        passed=says(sku, "Premium", among=("Basic", "Classic", "Standard", "Premium")),
        applies=has_role(resources, "registry") & (is_closed(resources) | is_mode(mode, APPROVED)),
        observed="sku " + sku.fillna("not reported"),
        expected="sku Premium",
        failed="The registry {resource} is of the tier {sku}.",
        unknown=why_unknown(
            resources,
            "The sku, the access or the isolation mode was not reported, or is an undocumented word.",
        ),
        not_applicable="It is no registry, or it is public and the workspace may go to the internet.",
    )


@check(
    id="RES013",
    title="The dependency exists and is readable",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=READ,
    remediation=DEPENDENCY_RESTORED,
    references=(pages.ASSOCIATED_RESOURCES,),
    looks_at="row",
)
def dependency_exists_and_is_readable(tables: Tables, _params: Params) -> Answers:
    """A workspace without its storage or vault fails with unrelated errors, and the audit cannot judge it.

    A resource that was read passes. A resource that does not exist (404) fails. The answer is unknown, with
    Azure's error, if the reader may not read the resource, for example in another subscription or tenant.
    """
    resources = tables.associated_resources
    status = resources["read_status"]
    return answer(
        known=says(status, "read", "missing"),
        passed=says(status, "read"),
        observed=status.replace("unreadable", "not read"),
        expected="read",
        failed="Azure knows no resource {resource_id} (404).",
        unknown=why_unknown(resources, "The audit does not record whether the resource was read."),
    )


CHECKS: tuple[Check, ...] = (
    *firewall.CHECKS,
    trusted_services_may_pass_the_firewall,
    no_service_endpoint_beside_a_private_endpoint,
    registry_tier_supports_private_endpoints,
    *protection.CHECKS,
    dependency_exists_and_is_readable,
    *perimeters.CHECKS,
    *regions.CHECKS,
)

DESCRIPTION = "resources that the workspace depends on"
