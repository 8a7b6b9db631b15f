"""OBR015: private-endpoint rules whose target is in another tenant."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import subscription_of, texts
from checks.families import frameworks, pages
from checks.families.outbound.facts import AZURES_OWN, CUSTOMER_READS, has_type, is_customers
from checks.fixes.openings import TARGET_IN_OWN_TENANT
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check


@check(
    id="OBR015",
    title="Private-endpoint targets stay in the tenant",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(
        *CUSTOMER_READS,
        "outbound_rules.service_resource_id",
        "subscriptions.subscription_id",
        "subscriptions.tenant_id",
    ),
    remediation=TARGET_IN_OWN_TENANT,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#private-endpoints", pages.SUBSCRIPTIONS_API),
)
def private_endpoint_target_is_in_the_tenant(tables: Tables, _params: Params) -> Answers:
    """A private endpoint may lead to a resource of another tenant, and data can leave through it.

    Asked of the customer's private-endpoint rules: the subscription in the target's resource id has to belong to the
    tenant of the workspace's subscription. Azure lists the tenant of each subscription that the identity sees, also of
    one that another tenant delegated. A target in a subscription that is not listed is unknown, and so is a target or a
    tenant that was not reported. No shipped policy chooses this check; OBR013 names allowed subscriptions instead.
    """
    rules = tables.outbound_rules
    own, other = (
        _tenant_of(rules[column], tables.subscriptions) for column in ("workspace_id", "service_resource_id")
    )
    same = texts(own, str.lower).eq(texts(other, str.lower))
    return answer(
        known=same.notna(),
        passed=same,
        applies=is_customers(rules) & has_type(rules, "PrivateEndpoint"),
        observed=rules["service_resource_id"],
        expected="a target in the tenant {own}",
        values={"own": own.fillna("of the workspace"), "other": other.fillna("")},
        failed="The target of the rule {rule} is in the tenant {other}, and its workspace in {own}.",
        unknown="The rule's type, category or target was not reported or is an undocumented word, or a subscription "
        "or its tenant was not listed.",
        not_applicable=AZURES_OWN,
    )


def _tenant_of(ids: pd.Series, subscriptions: pd.DataFrame) -> pd.Series:
    """Return for each resource id the tenant of its subscription. `<NA>` if that is not listed."""
    tenants = dict(zip(subscriptions["subscription_id"].str.lower(), subscriptions["tenant_id"], strict=True))
    found = texts(ids, lambda id: str(tenants.get(subscription_of(id) or "", pd.NA)))
    return found.mask(found.isin(["<NA>", ""]))
