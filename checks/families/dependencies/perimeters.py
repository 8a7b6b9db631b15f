"""RES014 to RES016: the network security perimeter around a dependency."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged, says, subscription_of
from checks.families import frameworks, pages
from checks.families.dependencies.facts import (
    PERIMETER_READS,
    READ,
    PublicSide,
    has_role,
    is_read,
    why_unknown,
)
from checks.fixes.perimeters import PERIMETER_ENFORCED, PERIMETER_NARROWED, PERIMETER_PROVISIONED
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check
from checks.network.ip_ranges import opening_defect
from checks.network.perimeters import ENFORCED, LEARNING

_ROLES = ("storage", "vault")
_UNKNOWN = (
    "Its network security perimeter could not be read, or a part of it that decides was not reported or is an "
    "undocumented word."
)


def _has_perimeter(resources: pd.DataFrame) -> pd.Series:
    """Return for each row whether the resource has an association. `<NA>` if that could not be read.

    A list that does not exist in this cloud, and one that nobody asked for, count as no association.
    """
    status, mode = resources["perimeter_status"], resources["perimeter_access_mode"]
    has_one = mode.ne("").where(says(status, "read").fillna(value=False))
    has_one = has_one.mask(status.isna() | says(status, "missing").fillna(value=False), False)
    return has_one.where(is_read(resources).fillna(value=False)).astype("boolean")


def _why_not(resources: pd.DataFrame) -> pd.Series:
    """Return for each row why a check of perimeters does not apply to it."""
    text = pd.Series("Only storage accounts and key vaults are asked.", index=resources.index, dtype="string")
    return text.mask(
        has_role(resources, *_ROLES).fillna(value=False),
        "The resource is associated with no network security perimeter.",
    )


@check(
    id="RES014",
    title="The perimeter's inbound rules are narrow",
    over="associated_resources",
    severity=Severity.HIGH,
    reads=(*READ, *PERIMETER_READS),
    remediation=PERIMETER_NARROWED,
    controls=frameworks.INBOUND,
    references=(pages.PERIMETER, pages.PERIMETER_TRANSITION),
    params=PublicSide,
    follows=("RES001", "RES002", "RES013"),
    looks_at="row",
)
def perimeter_inbound_rules_are_narrow(tables: Tables, params: PublicSide) -> Answers:
    """A perimeter's inbound rule opens the resource even if its public network access is Disabled.

    Asked of storage accounts and key vaults with a network security perimeter: the union of all inbound address
    prefixes may hold no network wider than *min_prefix* and no more than *max_addresses* addresses, and no rule may
    admit a whole subscription unless *allowed_subscriptions* has it. A perimeter that could not be read is unknown.
    """
    resources = tables.associated_resources
    prefixes, subscriptions = resources["perimeter_prefixes"], resources["perimeter_subscriptions"]
    too_wide = judged(prefixes, lambda joined: _too_wide(joined, params))
    foreign = judged(subscriptions, lambda joined: bool(_foreign(joined, params)))
    shown = "prefixes " + _or_none(prefixes) + ", subscriptions " + _or_none(subscriptions)
    return answer(
        known=(too_wide | foreign).notna(),
        passed=~(too_wide | foreign),
        applies=has_role(resources, *_ROLES) & _has_perimeter(resources),
        observed=shown,
        expected=f"prefixes no wider than /{params.min_prefix} and at most {params.max_addresses:,} addresses, no "
        "subscription that the policy does not allow",
        failed="The perimeter of {resource} admits {shown}.",
        values={"shown": shown},
        unknown=why_unknown(resources, _UNKNOWN),
        not_applicable=_why_not(resources),
    )


def _too_wide(joined: str, params: PublicSide) -> bool | None:
    defect = opening_defect(items(joined), min_prefix=params.min_prefix, max_addresses=params.max_addresses)
    return None if defect is None else defect != ""


def _foreign(joined: str, params: PublicSide) -> set[str | None]:
    return {subscription_of(each) for each in items(joined)} - set(params.allowed_subscriptions)


def _or_none(joined: pd.Series) -> pd.Series:
    return joined.replace("", "none").fillna("not reported")


@check(
    id="RES015",
    title="The perimeter is enforced",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*READ, *PERIMETER_READS),
    remediation=PERIMETER_ENFORCED,
    controls=frameworks.INBOUND,
    references=(pages.PERIMETER_TRANSITION,),
    follows=("RES013",),
    looks_at="row",
)
def perimeter_is_enforced(tables: Tables, _params: Params) -> Answers:
    """In Learning mode a perimeter only logs the traffic that it would refuse.

    Asked of storage accounts and key vaults with a network security perimeter: the access mode Enforced passes,
    Learning and Audit fail. Another word, or a perimeter that could not be read, is unknown.
    """
    resources = tables.associated_resources
    mode = resources["perimeter_access_mode"]
    return answer(
        known=says(mode, ENFORCED, *LEARNING),
        passed=says(mode, ENFORCED),
        applies=has_role(resources, *_ROLES) & _has_perimeter(resources),
        observed=mode.replace("", "no perimeter"),
        expected="Enforced",
        failed="The perimeter of {resource} is in the mode {perimeter_access_mode}.",
        unknown=why_unknown(resources, _UNKNOWN),
        not_applicable=_why_not(resources),
    )


@check(
    id="RES016",
    title="The perimeter is provisioned without issues",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*READ, *PERIMETER_READS, "associated_resources.perimeter_issues"),
    remediation=PERIMETER_PROVISIONED,
    controls=frameworks.INBOUND,
    references=(pages.PERIMETER,),
    follows=("RES013",),
    looks_at="row",
)
def perimeter_is_provisioned_without_issues(tables: Tables, _params: Params) -> Answers:
    """A perimeter does not protect a resource that did not receive its configuration.

    Asked of storage accounts and key vaults with a network security perimeter: a provisioning state of Succeeded
    without provisioning issues passes; an issue or another documented state fails. An undocumented state, and a
    perimeter that could not be read, are unknown.
    """
    resources = tables.associated_resources
    issues = resources["perimeter_issues"]
    return answer(
        known=issues.notna(),
        passed=issues.eq(""),
        applies=has_role(resources, *_ROLES) & _has_perimeter(resources),
        observed=_or_none(issues),
        expected="Succeeded, without provisioning issues",
        failed="The perimeter of {resource} has provisioning issues: {perimeter_issues}.",
        unknown=why_unknown(resources, _UNKNOWN),
        not_applicable=_why_not(resources),
    )


CHECKS: tuple[Check, ...] = (
    perimeter_inbound_rules_are_narrow,
    perimeter_is_enforced,
    perimeter_is_provisioned_without_issues,
)
