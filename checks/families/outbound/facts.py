"""Facts about a rule that several OBR checks share: who made it, its type, whether it allows, whether it counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from checks.contract.isolation import APPROVED, MODE_READS, effective_mode, is_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import of_workspace, says
from checks.contract.words import ACTIONS, RULE_STATUSES, RULE_TYPES
from checks.frames import pd

Glob = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1)]
"""A glob of a policy on hosts, tags, prefixes or resource ids."""

CUSTOMER_READS = ("outbound_rules.category", "outbound_rules.type")
"""The columns behind `is_customers` and `has_type`."""

ADDRESS_READS = ("outbound_rules.action", "outbound_rules.service_tag", "outbound_rules.address_prefixes")
"""The columns that decide where a service-tag rule leads: prefixes override the tag, Deny is no opening."""

EFFECT_READS = MODE_READS
"""The columns behind `has_effect`."""

AZURES_OWN = "Azure made the rule, or it denies, or it is of a type that this check does not judge."
WITHOUT_EFFECT = "The rule has no effect in this isolation mode (OBR002)."


def is_customers(rules: pd.DataFrame) -> pd.Series:
    """Return for each rule whether a customer made it, by its category. `<NA>` for an undocumented category."""
    return says(
        rules["category"], "UserDefined", among=("UserDefined", "Required", "Recommended", "Dependency")
    )


def has_type(rules: pd.DataFrame, type_: str) -> pd.Series:
    """Return for each rule whether it is of that type. `<NA>` for an undocumented type."""
    return says(rules["type"], type_, among=RULE_TYPES)


def opens(rules: pd.DataFrame) -> pd.Series:
    """Return for each rule whether it allows traffic; only a service-tag rule can deny.

    A rule without an action allows: a recorded rule of 2022-12-01-preview and every `az ml` export leave it out.
    `<NA>` for an undocumented action.
    """
    action = rules["action"].fillna("Allow")
    denies = says(action, "Deny", among=ACTIONS)
    return ~(has_type(rules, "ServiceTag") & denies)


def is_active(rules: pd.DataFrame) -> pd.Series:
    """Return for each rule whether it is in force. `<NA>` for a status that is absent or undocumented."""
    return says(rules["status"], "Active", among=RULE_STATUSES)


def has_effect(tables: Tables) -> pd.Series:
    """Return for each rule whether its network honours host names and tags: AllowOnlyApprovedOutbound alone does.

    `<NA>` if the isolation mode is not known.
    """
    is_honoured = is_mode(effective_mode(tables.workspaces), APPROVED)
    return of_workspace(is_honoured, tables.outbound_rules)


def leads_to(rules: pd.DataFrame) -> pd.Series:
    """Return for each service-tag rule its address prefixes, which override the tag, or else its tag."""
    prefixes = rules["address_prefixes"]
    return prefixes.mask(prefixes.eq("").fillna(value=False), rules["service_tag"])


def not_judged(tables: Tables) -> pd.Series:
    """Return for each rule why a check of openings does not apply to it."""
    text = pd.Series(AZURES_OWN, index=tables.outbound_rules.index, dtype="string")
    customers = is_customers(tables.outbound_rules).fillna(value=False)
    return text.mask(customers & ~has_effect(tables).fillna(value=True), WITHOUT_EFFECT)
