"""MVN004 and MVN006: whether the managed network was provisioned for the serverless Spark that the customer uses."""

from __future__ import annotations

from checks.contract.isolation import MODE_READS, effective_mode, is_active, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, children_named, says
from checks.contract.words import ACCESS
from checks.families import frameworks, pages
from checks.families.outbound.facts import has_type, is_customers
from checks.fixes.network_settings import ENDPOINT_RULE_TO_WORKSPACE, SPARK_PROVISIONED
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check

SPARK_RULE_READS = (
    "workspaces.outbound_rules_known",
    "outbound_rules.type",
    "outbound_rules.category",
    "outbound_rules.spark_enabled",
)


@check(
    id="MVN004",
    title="Serverless Spark is ready where it is used",
    over="workspaces",
    severity=Severity.LOW,
    reads=(
        "workspaces.spark_ready",
        "workspaces.managed_network_status",
        *SPARK_RULE_READS,
        "outbound_rules.rule",
    ),
    remediation=SPARK_PROVISIONED,
    references=(f"{pages.MANAGED_NETWORK}#configure-for-serverless-spark-jobs",),
    looks_at="workspace",
)
def serverless_spark_is_ready_where_used(tables: Tables, _params: Params) -> Answers:
    """Spark jobs fail in a managed network that was provisioned without Spark.

    Asked of a provisioned network in which the customer enabled a private-endpoint rule for Spark: `sparkReady` has
    to be true. Azure sets `sparkEnabled` on its own Required rules whether anybody uses Spark or not (two recorded
    bodies, 2025), so those do not count. Status or rules that were not all read, or a `sparkReady` that was not
    reported, are unknown.
    """
    workspaces, rules = tables.workspaces, tables.outbound_rules
    spark = _for_spark(rules)
    return answer(
        known=workspaces["spark_ready"].notna(),
        passed=workspaces["spark_ready"],
        applies=any_child(spark, rules, workspaces, known=workspaces["outbound_rules_known"])
        & is_active(workspaces),
        observed="sparkReady " + workspaces["spark_ready"].astype("string").str.lower(),
        expected="sparkReady true",
        failed="The network is not provisioned for Spark, but these rules are for Spark: "
        + children_named(rules["rule"], spark, rules, workspaces)
        + ".",
        unknown="The outbound rules were not all read, sparkReady was not reported, or a rule or the network's status "
        "has an undocumented word.",
        not_applicable="No private-endpoint rule of the customer's is enabled for Spark, or the network is not "
        "provisioned yet.",
    )


def _for_spark(rules: pd.DataFrame) -> pd.Series:
    """Return for each rule whether the customer made it as a private endpoint for Spark."""
    is_endpoint = has_type(rules, "PrivateEndpoint") & rules["spark_enabled"]
    return is_endpoint & is_customers(rules)


@check(
    id="MVN006",
    title="Provisioned with public access off",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        *MODE_READS,
        "workspaces.public_network_access",
        "workspaces.managed_network_status",
        *SPARK_RULE_READS,
    ),
    remediation=ENDPOINT_RULE_TO_WORKSPACE,
    controls=frameworks.MANAGED_NETWORK,
    references=(f"{pages.MANAGED_NETWORK}#configure-for-serverless-spark-jobs",),
    looks_at="workspace",
)
def provisioned_with_public_access_off(tables: Tables, _params: Params) -> Answers:
    """A network that was provisioned with public access on may lack its private endpoints to the workspace.

    Asked of an active network with rules for Spark: `publicNetworkAccess` has to be Disabled. Only
    today's value can be seen, not that of the day of provisioning. Status, mode, rules or access that
    were not reported are unknown, and so is a word Azure has not documented.
    """
    workspaces, rules = tables.workspaces, tables.outbound_rules
    access = workspaces["public_network_access"]
    spark = any_child(_for_spark(rules), rules, workspaces, known=workspaces["outbound_rules_known"])
    return answer(
        known=access.notna(),
        passed=says(access, "Disabled", among=ACCESS),
        applies=is_on(effective_mode(workspaces)) & is_active(workspaces) & spark,
        observed="publicNetworkAccess " + access.fillna("not reported"),
        expected="publicNetworkAccess Disabled",
        failed="The network was provisioned for Spark and public access is on. Azure documents that it may not create "
        "the private endpoints to the workspace then.",
        unknown="The network's mode or status, its rules, or publicNetworkAccess were not reported or have an "
        "undocumented word.",
        not_applicable="There is no active managed network with rules for Spark.",
    )
