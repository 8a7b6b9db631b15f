"""MVN: the managed virtual network that the workspace's computes run in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from checks.contract.isolation import (
    APPROVED,
    INTERNET,
    MODE_READS,
    IsolationMode,
    effective_mode,
    is_active,
    is_mode,
    is_on,
)
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, says
from checks.families import frameworks, pages
from checks.families.managed_network.provisioning import managed_network_is_provisioned
from checks.families.managed_network.registration import network_provider_is_registered
from checks.families.managed_network.spark import (
    provisioned_with_public_access_off,
    serverless_spark_is_ready_where_used,
)
from checks.families.outbound.facts import has_type
from checks.fixes.managed_network import MODE_ALLOWED, NETWORK_ON
from checks.fixes.network_settings import FIREWALL_SKU_SET, SERVERLESS_PRIVATE
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check


class AllowedModes(Params):
    """The isolation modes that a policy allows."""

    allowed_modes: tuple[IsolationMode, ...] = Field(
        default=(INTERNET, APPROVED), min_length=1, description="Isolation modes that are allowed."
    )


class FirewallTier(Params):
    """The firewall tier that a policy wants."""

    sku: Literal["Standard", "Basic"] = Field(
        default="Standard", description="The Azure Firewall tier wanted where host-name rules need one."
    )


@check(
    id="MVN001",
    title="The managed virtual network is on",
    over="workspaces",
    severity=Severity.HIGH,
    reads=MODE_READS,
    remediation=NETWORK_ON,
    controls=frameworks.MANAGED_NETWORK,
    references=(
        pages.MANAGED_MODES,
        pages.WORKSPACE_TEMPLATE,
    ),
    looks_at="row",
)
def managed_network_is_on(tables: Tables, _params: Params) -> Answers:
    """Without a managed network the rules of the workspace do not restrict the outbound traffic of its computes.

    The mode AllowInternetOutbound or AllowOnlyApprovedOutbound passes. Disabled fails, and so does a
    workspace without `managedNetwork` at an api-version that would show it. An older api-version, a
    mode left out, or a word Azure has not documented is unknown.
    """
    mode = effective_mode(tables.workspaces)
    return answer(
        known=mode.notna(),
        passed=is_on(mode),
        observed=mode,
        expected=f"{INTERNET} or {APPROVED}",
        failed="The workspace has no managed virtual network.",
        unknown="The api-version read cannot show the managed network, or its mode was not reported or is "
        "an unknown word.",
    )


@check(
    id="MVN002",
    title="The outbound mode is one the policy allows",
    over="workspaces",
    severity=Severity.HIGH,
    reads=MODE_READS,
    remediation=MODE_ALLOWED,
    controls=frameworks.ISOLATION_MODE,
    references=(
        pages.MANAGED_MODES,
        pages.WORKSPACE_TEMPLATE,
    ),
    params=AllowedModes,
    follows=("MVN001",),
    looks_at="row",
)
def outbound_mode_is_allowed(tables: Tables, params: AllowedModes) -> Answers:
    """The mode decides whether data can leave to any host or to approved ones only.

    The effective mode has to be one the policy allows; by default either mode that isolates. A mode that was not
    reported, or a word that Azure has not documented, is unknown.
    """
    mode = effective_mode(tables.workspaces)
    wanted = " or ".join(params.allowed_modes)
    return answer(
        known=mode.notna(),
        passed=is_mode(mode, *params.allowed_modes),
        observed=mode,
        expected=wanted,
        failed="The isolation mode is " + mode.fillna("") + f", and the policy allows {wanted}.",
        unknown="The api-version read cannot show the managed network, or its mode was not reported or is an unknown "
        "word.",
    )


@check(
    id="MVN005",
    title="Serverless compute has no public address or custom subnet against the managed network",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        *MODE_READS,
        "workspaces.serverless_compute_configured",
        "workspaces.serverless_compute_custom_subnet",
        "workspaces.serverless_compute_no_public_ip",
    ),
    remediation=SERVERLESS_PRIVATE,
    controls=frameworks.MANAGED_NETWORK,
    references=(
        pages.SERVERLESS_COMPUTE,
        f"{pages.MANAGED_NETWORK}#limitations",
        pages.WORKSPACE_TEMPLATE,
    ),
    looks_at="row",
)
def serverless_compute_stays_private(tables: Tables, _params: Params) -> Answers:
    """Serverless jobs in a custom subnet run outside the managed network, and their nodes may have public addresses.

    A custom subnet fails while isolation is on, which Azure does not support. With isolation off a custom subnet
    fails if `serverlessComputeNoPublicIP` is false: the flag is about nodes in a custom subnet, and Azure writes
    false for workspaces without one, so it decides nothing there. Without a custom subnet, and with settings that
    are reported as null, the check does not apply. Parts that decide and were not reported are unknown.
    """
    workspaces = tables.workspaces
    subnet = workspaces["serverless_compute_custom_subnet"]
    has_subnet = subnet.ne("")
    is_public = ~workspaces["serverless_compute_no_public_ip"] & has_subnet
    strays = has_subnet & is_on(effective_mode(workspaces))
    reason = pd.Series("", index=workspaces.index, dtype="string")
    reason = reason.mask(is_public.fillna(value=False), "Serverless compute may have a public address. ")
    against = "Azure does not support the custom subnet " + subnet + " beside the managed network."
    return answer(
        known=workspaces["serverless_compute_configured"].notna(),
        passed=~(is_public | strays),
        applies=workspaces["serverless_compute_configured"] & has_subnet,
        observed="serverlessComputeNoPublicIP "
        + workspaces["serverless_compute_no_public_ip"].astype("string").str.lower().fillna("not reported")
        + ", subnet "
        + subnet.replace("", "none").fillna("not reported"),
        expected="no public address, and no custom subnet where isolation is on",
        failed=reason + against.where(strays.fillna(value=False), ""),
        unknown="The serverless compute settings, or the isolation mode, were not reported in full, or the mode is an "
        "undocumented word.",
        not_applicable="Serverless compute has no custom subnet.",
    )


@check(
    id="MVN007",
    title="The firewall tier is the one the policy wants",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=(
        *MODE_READS,
        "workspaces.managed_network_status",
        "workspaces.firewall_sku",
        "workspaces.outbound_rules_known",
        "outbound_rules.type",
    ),
    remediation=FIREWALL_SKU_SET,
    references=(f"{pages.MANAGED_NETWORK}#pricing",),
    params=FirewallTier,
    looks_at="workspace",
)
def firewall_tier_is_the_wanted_one(tables: Tables, params: FirewallTier) -> Answers:
    """Azure creates a firewall for host-name rules, and its tier decides its price and throughput.

    Asked of a provisioned network in AllowOnlyApprovedOutbound with host-name rules, because only there does a
    firewall exist: `firewallSku` has to be the tier the policy wants, by default Standard as Azure's own. A tier
    that was not reported, or mode, status or rules that were not all read, are unknown.
    """
    workspaces, rules = tables.workspaces, tables.outbound_rules
    sku = workspaces["firewall_sku"]
    return answer(
        known=sku.notna(),
        passed=says(sku, params.sku, among=("Standard", "Basic")),
        applies=is_mode(effective_mode(workspaces), APPROVED)
        & is_active(workspaces)
        & any_child(has_type(rules, "FQDN"), rules, workspaces, known=workspaces["outbound_rules_known"]),
        observed=sku,
        expected=params.sku,
        failed="The firewall has the tier " + sku.fillna("") + f", and the policy requires {params.sku}.",
        unknown="The mode, the status or the outbound rules were not all read, firewallSku was not reported, or one "
        "of them is an undocumented word.",
        not_applicable="There is no firewall: it needs host-name rules in a provisioned AllowOnlyApprovedOutbound "
        "network.",
    )


CHECKS: tuple[Check, ...] = (
    managed_network_is_on,
    outbound_mode_is_allowed,
    managed_network_is_provisioned,
    serverless_spark_is_ready_where_used,
    serverless_compute_stays_private,
    provisioned_with_public_access_off,
    firewall_tier_is_the_wanted_one,
    network_provider_is_registered,
)

DESCRIPTION = "the managed virtual network"
