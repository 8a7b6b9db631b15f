"""RES001 to RES004: the resources a workspace depends on are closed to the public."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import says
from checks.contract.words import ACCESS, DEPENDENCY_ACCESS
from checks.families import frameworks, pages
from checks.families.dependencies.facts import (
    PERIMETER_READS,
    PUBLIC_READS,
    READ,
    PublicSide,
    access_of,
    has_role,
    is_read,
    public_opening,
    why_unknown,
)
from checks.fixes.access.closed_dependencies import (
    INSIGHTS_CLOSED,
    REGISTRY_CLOSED,
    STORAGE_CLOSED,
    VAULT_CLOSED,
)
from checks.frames import pd
from checks.model import Answers, Check, Params, Remediation, Severity, answer, check


def _closed_to_the_public(resources: pd.DataFrame, role: str, what: str, params: PublicSide) -> Answers:
    opening = public_opening(resources, params)
    is_open = opening["is_open"]
    if "anonymous_pull_enabled" in resources.columns:
        access = resources["public_network_access"]
        is_off = says(access.fillna("Enabled"), "Disabled", among=DEPENDENCY_ACCESS)
        admits = resources["anonymous_pull_enabled"] & ~is_off
        opening = opening.assign(
            what=opening["what"].mask(
                admits.fillna(value=False) & ~is_open.fillna(value=False),
                "lets anonymous clients at the selected addresses pull images",
            )
        )
        is_open = is_open | admits
    return answer(
        known=is_open.notna(),
        passed=~is_open,
        applies=has_role(resources, role),
        observed=access_of(resources),
        expected=f"no public access, or addresses no wider than /{params.min_prefix} and at most "
        f"{params.max_addresses:,} in all",
        failed=f"The {what} {{resource}} is open: {{opening}}.",
        values={"opening": opening["what"]},
        passes=_perimeter_note(resources),
        unknown=why_unknown(
            resources,
            "publicNetworkAccess, defaultAction, the address rules or "
            + ("anonymousPullEnabled" if role == "registry" else "the network security perimeter")
            + " was not reported, could not be read or is an undocumented word.",
        ),
        not_applicable=f"The resource is not the workspace's {what}.",
    )


def _perimeter_note(resources: pd.DataFrame) -> pd.Series:
    text = pd.Series("", index=resources.index, dtype="string")
    if "perimeter_status" not in resources.columns:
        return text
    is_missing = says(resources["perimeter_status"], "missing") | resources["perimeter_status"].isna()
    return text.mask(
        is_missing.fillna(value=False),
        "Its network security perimeter could not be read; this check counts it as having none.",
    )


def _with_a_perimeter(noun: str, absent: str) -> str:
    """Return what decides for a resource that can have a network security perimeter."""
    return f"""

    The {noun}'s own rules and its network security perimeter decide together. Without a perimeter, Disabled passes;
    otherwise `networkAcls.defaultAction` Deny passes if the union of `ipRules` holds no network wider than
    *min_prefix* and no more than *max_addresses* addresses, and an absent firewall allows everybody. A perimeter's
    inbound rules admit traffic even if public access is Disabled or SecuredByPerimeter; in Enforced mode they are the
    only ones that count. A rule for a whole subscription fails unless *allowed_subscriptions* has it. {absent} that
    does not exist or was not read, an undocumented word, and a perimeter that could not be read are unknown.
    """


_REGISTRY_DECISION = """

    `publicNetworkAccess` Disabled passes. Otherwise `networkRuleSet.defaultAction` Deny passes if the union of
    `ipRules` holds no network wider than *min_prefix* and no more than *max_addresses* addresses, and if
    `anonymousPullEnabled` is false; an absent rule set allows everybody. Azure reports the flag from api-version
    2025-04-01 on, and selected addresses without it are unknown. Registries have no network security perimeter
    (2026-11), so SecuredByPerimeter is unknown here, as is a registry that does not exist or was not read and an
    undocumented word.
    """


def _closed_check(
    *,
    id: str,
    role: str,
    what: str,
    rationale: str,
    also_reads: tuple[str, ...],
    remediation: Remediation,
    references: tuple[str, ...],
) -> Check:
    """Return the check that the resource with this role, called `what`, is closed to the public."""

    def is_closed_to_the_public(tables: Tables, params: PublicSide) -> Answers:
        return _closed_to_the_public(tables.associated_resources, role, what, params)

    is_closed_to_the_public.__doc__ = rationale
    return check(
        id=id,
        title=f"{what.capitalize()} closed to the public",
        over="associated_resources",
        severity=Severity.HIGH,
        reads=(*PUBLIC_READS, *also_reads),
        remediation=remediation,
        controls=frameworks.INBOUND,
        references=references,
        params=PublicSide,
        follows=("RES013",),
        looks_at="row",
    )(is_closed_to_the_public)


storage_account_is_closed_to_the_public = _closed_check(
    id="RES001",
    role="storage",
    what="storage account",
    rationale="An open storage account exposes a private workspace, because the account holds its data, models and "
    "code." + _with_a_perimeter("account", "An account"),
    also_reads=PERIMETER_READS,
    remediation=STORAGE_CLOSED,
    references=(pages.STORAGE_NETWORK, pages.SECURED_WORKSPACE, pages.PERIMETER_TRANSITION),
)

key_vault_is_closed_to_the_public = _closed_check(
    id="RES002",
    role="vault",
    what="key vault",
    rationale="The vault holds the secrets of the workspace's connections; if it is open, a stolen token reads them."
    + _with_a_perimeter("vault", "A vault"),
    also_reads=PERIMETER_READS,
    remediation=VAULT_CLOSED,
    references=(pages.KEY_VAULT_NETWORK, pages.SECURED_WORKSPACE, pages.PERIMETER_TRANSITION),
)

container_registry_is_closed_to_the_public = _closed_check(
    id="RES003",
    role="registry",
    what="container registry",
    rationale="The registry holds images that run with the workspace's rights, so anyone who can push an image can "
    "run code." + _REGISTRY_DECISION,
    also_reads=("associated_resources.anonymous_pull_enabled",),
    remediation=REGISTRY_CLOSED,
    references=(pages.REGISTRY_NETWORK, pages.SECURED_WORKSPACE, pages.ANONYMOUS_PULL),
)


@check(
    id="RES004",
    title="Application Insights closed to public ingestion and query",
    over="associated_resources",
    severity=Severity.LOW,
    reads=(*READ, "associated_resources.ingestion_access", "associated_resources.query_access"),
    remediation=INSIGHTS_CLOSED,
    controls=frameworks.INBOUND,
    references=(pages.APPLICATION_INSIGHTS_ACCESS, pages.PERIMETER_TRANSITION),
    follows=("RES013",),
    looks_at="row",
)
def application_insights_is_closed_to_the_public(tables: Tables, _params: Params) -> Answers:
    """Telemetry quotes inputs and errors: public query exposes them, and public ingestion lets anyone forge them.

    `publicNetworkAccessForIngestion` and `publicNetworkAccessForQuery` both have to be Disabled; either Enabled
    fails. SecuredByPerimeter is unknown, because the rules of the component's perimeter decide and were not read, as is
    access that was not reported unless the other one fails, and a component that does not exist or was not read.
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
        failed="Application Insights {resource} is open: {seen}.",
        values={"seen": seen},
        unknown=why_unknown(
            resources,
            "Access for ingestion or for query was not reported or is an undocumented word, or a perimeter that was "
            "not read governs it.",
        ),
        not_applicable="The resource is not the workspace's Application Insights.",
    )


def _is_shut(access: pd.Series) -> pd.Series:
    return says(access, "Disabled", among=ACCESS)


CHECKS: tuple[Check, ...] = (
    storage_account_is_closed_to_the_public,
    key_vault_is_closed_to_the_public,
    container_registry_is_closed_to_the_public,
    application_insights_is_closed_to_the_public,
)
