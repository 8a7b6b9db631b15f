"""OBR: the outbound rules of a managed network. This module lists their checks, and has those of health and targets."""

from __future__ import annotations

from checks.contract.isolation import APPROVED, MODE_READS, effective_mode, is_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import (
    any_child,
    children_named,
    judged_pairs,
    of_workspace,
    says,
    subscription_of,
    texts,
)
from checks.contract.words import NETWORK_STATUSES
from checks.families import frameworks, pages
from checks.families.inbound.private_endpoints import AllowedSubscriptions
from checks.families.outbound import named_hosts, openings
from checks.families.outbound.approvers import workspace_identity_may_approve
from checks.families.outbound.dependencies import private_dependencies_are_reached
from checks.families.outbound.facts import (
    AZURES_OWN,
    CUSTOMER_READS,
    has_type,
    is_active,
    is_customers,
)
from checks.families.outbound.overlaps import outbound_rules_do_not_overlap
from checks.families.outbound.required_tags import required_service_tags_are_present
from checks.families.outbound.tenants import private_endpoint_target_is_in_the_tenant
from checks.fixes.openings import TARGET_IN_ALLOWED_SUBSCRIPTION
from checks.fixes.outbound import (
    FIREWALL_AVOIDED,
    RULE_OF_VALID_TYPE,
    RULE_PROVISIONED,
    TARGET_SUPPORTED,
)
from checks.model import Answers, Check, Params, Severity, answer, check
from checks.network.targets import supports_private_endpoint


@check(
    id="OBR001",
    title="The rule is in force",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(
        "outbound_rules.status",
        "outbound_rules.error_information",
        "workspaces.managed_network_status",
    ),
    remediation=RULE_PROVISIONED,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#manually-provision-a-managed-vnet", pages.OUTBOUND_RULE_API),
    looks_at="row",
)
def outbound_rule_is_in_force(tables: Tables, _params: Params) -> Answers:
    """A rule that is listed but not in force does not allow its traffic.

    Active without error information passes, for Azure's own rules as for the customer's. Failed, error
    information, or Inactive in an active network fail. A rule that is being provisioned or deleted, or that
    waits for a network that Azure has yet to provision, is not judged. Status, error information or the
    network's status not reported is unknown.
    """
    rules = tables.outbound_rules
    status, error = rules["status"], rules["error_information"]
    network = of_workspace(tables.workspaces["managed_network_status"], rules)
    is_built = says(network, "Active", among=NETWORK_STATUSES)
    has_error = error.ne("")
    is_broken = has_error | says(status, "Failed") | (says(status, "Inactive") & is_built)
    is_moving = says(status, "Provisioning", "Deleting") | (says(status, "Inactive") & ~is_built)
    return answer(
        known=is_active(rules).notna(),
        passed=~is_broken,
        applies=~(is_moving & ~has_error),
        observed=status + (", error: " + error).mask(error.eq(""), "").fillna(""),
        expected="Active, without an error",
        failed="The rule {rule} is {status}. {error}",
        values={"error": error.fillna("")},
        unknown="The rule's status or error, or the status of its network, was not reported or is an undocumented "
        "word.",
        not_applicable="Azure is provisioning or deleting the rule, or has not provisioned its network yet.",
    )


@check(
    id="OBR002",
    title="The rule's type is valid in this mode",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(*CUSTOMER_READS, *MODE_READS),
    remediation=RULE_OF_VALID_TYPE,
    controls=frameworks.OUTBOUND,
    references=(pages.APPROVED_OUTBOUND,),
    looks_at="row",
)
def outbound_rule_type_is_valid_in_mode(tables: Tables, _params: Params) -> Answers:
    """Host-name and service-tag rules restrict nothing unless the network allows only approved outbound.

    Readers of such a rule expect a limit that Azure does not enforce. The customer's host-name or
    service-tag rule fails outside AllowOnlyApprovedOutbound; private-endpoint rules are valid in every
    mode. The check does not judge Azure's own rules. The answer is unknown if Azure did not report the
    type, the category or the mode.
    """
    rules = tables.outbound_rules
    mode = of_workspace(effective_mode(tables.workspaces), rules)
    is_endpoint = has_type(rules, "PrivateEndpoint")
    return answer(
        known=is_endpoint.notna(),
        passed=is_endpoint | is_mode(mode, APPROVED),
        applies=is_customers(rules),
        observed=rules["type"] + " in " + mode.fillna("a mode not reported"),
        expected="a private-endpoint rule, or AllowOnlyApprovedOutbound",
        failed="The {type} rule {rule} has no effect in the mode {mode}.",
        values={"mode": mode},
        unknown="The rule's type or category, or its workspace's isolation mode, was not reported or is an "
        "undocumented word.",
        not_applicable=AZURES_OWN,
    )


@check(
    id="OBR009",
    title="The private endpoint's target is supported",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(*CUSTOMER_READS, "outbound_rules.service_resource_id", "outbound_rules.subresource_target"),
    remediation=TARGET_SUPPORTED,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#private-endpoints", pages.PRIVATE_ENDPOINT),
    looks_at="row",
)
def private_endpoint_target_is_supported(tables: Tables, _params: Params) -> Answers:
    """Azure never creates a private endpoint to an unsupported target, so the rule carries no traffic.

    Resource type and sub-resource of a customer's private-endpoint rule have to be on the documented
    list; an Application Gateway's sub-resource is a name of its owner's and any is taken. A target or
    sub-resource that was not reported, or an id that cannot be read, is unknown.
    """
    rules = tables.outbound_rules
    target, part = rules["service_resource_id"], rules["subresource_target"]
    supported = judged_pairs(target, part, supports_private_endpoint)
    shown = target.fillna("not reported") + ", sub-resource " + part.fillna("not reported")
    return answer(
        known=supported.notna(),
        passed=supported,
        applies=is_customers(rules) & has_type(rules, "PrivateEndpoint"),
        observed=shown,
        expected="a resource type and sub-resource that managed networks support",
        failed="The rule {rule} has an unsupported target: {shown}.",
        values={"shown": shown},
        unknown="The rule's type, category, target or sub-resource was not reported, or is an undocumented word.",
        not_applicable=AZURES_OWN,
    )


@check(
    id="OBR012",
    title="Host-name rules are worth their firewall",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=("workspaces.outbound_rules_known", "outbound_rules.type", "outbound_rules.rule"),
    remediation=FIREWALL_AVOIDED,
    references=(f"{pages.MANAGED_NETWORK}#pricing",),
    looks_at="workspace",
)
def host_name_rules_are_absent(tables: Tables, _params: Params) -> Answers:
    """Azure creates a firewall for the first host-name rule, which costs more than most small workspaces.

    Any host-name rule fails, of the customer or of Azure: the finding is about cost and not a weakness.
    The answer is unknown if the reader could not read all rules, or if one has no type.
    """
    workspaces, rules = tables.workspaces, tables.outbound_rules
    is_host = has_type(rules, "FQDN")
    names = children_named(rules["rule"], is_host, rules, workspaces)
    any_host = any_child(is_host, rules, workspaces, known=workspaces["outbound_rules_known"])
    return answer(
        known=workspaces["outbound_rules_known"],
        passed=~any_host,
        observed=names.mask(names.eq(""), "no host-name rules").where(any_host.notna()),
        expected="no host-name rules, or the decision that they are worth it",
        failed="Azure bills a firewall for these host-name rules: " + names + ".",
        unknown="The outbound rules were not all read, or the type of one of them was not reported or is an "
        "undocumented word.",
    )


@check(
    id="OBR013",
    title="Private-endpoint targets stay in allowed subscriptions",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, "outbound_rules.service_resource_id"),
    remediation=TARGET_IN_ALLOWED_SUBSCRIPTION,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#private-endpoints",),
    params=AllowedSubscriptions,
    looks_at="row",
)
def private_endpoint_target_is_in_allowed_subscription(
    tables: Tables, params: AllowedSubscriptions
) -> Answers:
    """A private endpoint can lead into a foreign subscription, and data can leave through it.

    The subscription in the target's resource id of a customer's private-endpoint rule has to be one
    the policy allows; while it names none the check does not apply. A target that was not reported, or
    holds no subscription, is unknown.
    """
    rules = tables.outbound_rules
    target = rules["service_resource_id"]
    subscription = texts(target, lambda id: subscription_of(id) or "")
    return answer(
        known=subscription.ne(""),
        passed=says(subscription, *params.allowed_subscriptions),
        applies=bool(params.allowed_subscriptions) & is_customers(rules) & has_type(rules, "PrivateEndpoint"),
        observed=target,
        expected="a target in {allowed}",
        failed="The target of the rule {rule} is in the subscription {subscription}, which is not allowed.",
        values={
            "allowed": ", ".join(params.allowed_subscriptions) or "any subscription",
            "subscription": subscription,
        },
        unknown="The rule's type, category or target was not reported, or is an undocumented word.",
        not_applicable=AZURES_OWN
        if params.allowed_subscriptions
        else "The policy names no allowed subscriptions.",
    )


CHECKS: tuple[Check, ...] = (
    outbound_rule_is_in_force,
    outbound_rule_type_is_valid_in_mode,
    required_service_tags_are_present,
    named_hosts.storage_is_reached_by_private_endpoint,
    openings.outbound_rule_does_not_allow_data_exfiltration,
    named_hosts.host_name_is_no_wider_than_needed,
    openings.ports_and_protocol_are_narrow,
    openings.outbound_rule_is_approved,
    private_endpoint_target_is_supported,
    outbound_rules_do_not_overlap,
    private_dependencies_are_reached,
    host_name_rules_are_absent,
    private_endpoint_target_is_in_allowed_subscription,
    named_hosts.host_name_is_well_formed,
    private_endpoint_target_is_in_the_tenant,
    workspace_identity_may_approve,
)

DESCRIPTION = "outbound rules"
