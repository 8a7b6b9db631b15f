"""RES001 to RES004: the resources a workspace depends on are closed to the public."""

from __future__ import annotations

import pandas as pd

from checks.contract.tables import Tables
from checks.contract.three_valued import says
from checks.families import frameworks, pages
from checks.families.dependencies.facts import (
    CLOSED_READS,
    READ,
    access_of,
    has_role,
    is_closed,
    is_read,
    why_unknown,
)
from checks.fixes.dependencies import INSIGHTS_CLOSED, REGISTRY_CLOSED, STORAGE_CLOSED, VAULT_CLOSED
from checks.model import Answers, Check, Params, Severity, answer, check


def _closed_to_the_public(resources: pd.DataFrame, role: str, what: str) -> Answers:
    closed = is_closed(resources)
    return answer(
        known=closed.notna(),
        passed=closed,
        applies=has_role(resources, role),
        observed=access_of(resources),
        expected="publicNetworkAccess Disabled or SecuredByPerimeter, or defaultAction Deny",
        failed=f"The {what} " + resources["resource"] + " answers to every address on the internet.",
        unknown=why_unknown(
            resources, "publicNetworkAccess or defaultAction is a word this check knows not."
        ),
        not_applicable=f"The resource is not the workspace's {what}.",
    )


@check(
    id="RES001",
    title="Storage account closed to the public",
    over="associated_resources",
    severity=Severity.HIGH,
    reads=CLOSED_READS,
    remediation=STORAGE_CLOSED,
    controls=frameworks.INBOUND,
    references=(pages.STORAGE_NETWORK, pages.SECURED_WORKSPACE),
    looks_at="row",
)
def storage_account_is_closed_to_the_public(tables: Tables, _params: Params) -> Answers:
    """A private workspace over an open storage account is open: data, models and code lie in the account.

    `publicNetworkAccess` Disabled or SecuredByPerimeter passes, and so does `networkAcls.defaultAction`
    Deny, which leaves selected networks only. Anything else fails, a firewall that is absent included: it
    allows. An account that does not exist, was not read, or says an undocumented word is unknown.
    """
    return _closed_to_the_public(tables.associated_resources, "storage", "storage account")


@check(
    id="RES002",
    title="Key vault closed to the public",
    over="associated_resources",
    severity=Severity.HIGH,
    reads=CLOSED_READS,
    remediation=VAULT_CLOSED,
    controls=frameworks.INBOUND,
    references=(pages.KEY_VAULT_NETWORK, pages.SECURED_WORKSPACE),
    looks_at="row",
)
def key_vault_is_closed_to_the_public(tables: Tables, _params: Params) -> Answers:
    """The vault holds the secrets of the workspace's connections; open, a stolen token is enough for them.

    `publicNetworkAccess` Disabled or SecuredByPerimeter passes, and so does `networkAcls.defaultAction`
    Deny, which leaves selected networks only. Anything else fails, a firewall that is absent included: it
    allows. A vault that does not exist, was not read, or says an undocumented word is unknown.
    """
    return _closed_to_the_public(tables.associated_resources, "vault", "key vault")


@check(
    id="RES003",
    title="Container registry closed to the public",
    over="associated_resources",
    severity=Severity.HIGH,
    reads=CLOSED_READS,
    remediation=REGISTRY_CLOSED,
    controls=frameworks.INBOUND,
    references=(pages.REGISTRY_NETWORK, pages.SECURED_WORKSPACE),
    looks_at="row",
)
def container_registry_is_closed_to_the_public(tables: Tables, _params: Params) -> Answers:
    """The registry holds the images that run with the workspace's rights; who can push can run code.

    `publicNetworkAccess` Disabled or SecuredByPerimeter passes, and so does `networkRuleSet.defaultAction`
    Deny, which leaves selected networks only. Anything else fails, a rule set that is absent included: it
    allows. A registry that does not exist, was not read, or says an undocumented word is unknown.
    """
    return _closed_to_the_public(tables.associated_resources, "registry", "container registry")


@check(
    id="RES004",
    title="Application Insights closed to public ingestion and query",
    over="associated_resources",
    severity=Severity.LOW,
    reads=(*READ, "associated_resources.ingestion_access", "associated_resources.query_access"),
    remediation=INSIGHTS_CLOSED,
    controls=frameworks.INBOUND,
    references=(pages.APPLICATION_INSIGHTS_ACCESS,),
    looks_at="row",
)
def application_insights_is_closed_to_the_public(tables: Tables, _params: Params) -> Answers:
    """Telemetry quotes inputs and errors; who can query it reads them, who can send it forges them.

    `publicNetworkAccessForIngestion` and `publicNetworkAccessForQuery` both have to be Disabled or
    SecuredByPerimeter; either Enabled fails. One that was not reported is unknown unless the other fails,
    as is a component that does not exist or was not read.
    """
    resources = tables.associated_resources
    ingestion, query = resources["ingestion_access"], resources["query_access"]
    closed = (_is_shut(ingestion) & _is_shut(query)).where(is_read(resources).fillna(value=False))
    seen = "ingestion " + ingestion.fillna("not reported") + ", query " + query.fillna("not reported")
    return answer(
        known=closed.notna(),
        passed=closed,
        applies=has_role(resources, "insights"),
        observed=seen,
        expected="ingestion and query Disabled",
        failed="Application Insights " + resources["resource"] + " is open: " + seen + ".",
        unknown=why_unknown(resources, "Access for ingestion or for query was not reported."),
        not_applicable="The resource is not the workspace's Application Insights.",
    )


def _is_shut(access: pd.Series) -> pd.Series:
    shut = says(access, "Disabled", "SecuredByPerimeter")
    return shut.where(says(access, "Enabled", "Disabled", "SecuredByPerimeter"))


CHECKS: tuple[Check, ...] = (
    storage_account_is_closed_to_the_public,
    key_vault_is_closed_to_the_public,
    container_registry_is_closed_to_the_public,
    application_insights_is_closed_to_the_public,
)
