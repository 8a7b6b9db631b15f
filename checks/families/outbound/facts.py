"""What all OBR checks ask of a rule first: whose it is, what type it has, whether it opens anything."""

from __future__ import annotations

import pandas as pd

from checks.contract.three_valued import says

CUSTOMER_READS = ("outbound_rules.category", "outbound_rules.type")
"""What a check that asks `is_customers` and `has_type` has to say it reads."""

ADDRESS_READS = ("outbound_rules.action", "outbound_rules.service_tag", "outbound_rules.address_prefixes")
"""What decides where a service-tag rule leads: prefixes override the tag, Deny is no opening."""

AZURES_OWN = "The rule is Azure's own, or of another type than this check is about, or denies."


def is_customers(rules: pd.DataFrame) -> pd.Series:
    """Per rule whether a customer made it, by its category alone; `<NA>` for an undocumented category."""
    category = rules["category"]
    known = says(category, "UserDefined", "Required", "Recommended", "Dependency")
    return says(category, "UserDefined").where(known)


def has_type(rules: pd.DataFrame, type_: str) -> pd.Series:
    """Per rule whether it is of that type; `<NA>` for a type Azure has not documented."""
    return says(rules["type"], type_).where(says(rules["type"], "FQDN", "PrivateEndpoint", "ServiceTag"))


def opens(rules: pd.DataFrame) -> pd.Series:
    """Per rule whether it lets traffic out; only a service-tag rule can deny.

    `<NA>` where its action was not reported or is an undocumented word.
    """
    action = rules["action"]
    denies = says(action, "Deny").where(says(action, "Allow", "Deny"))
    return ~(has_type(rules, "ServiceTag") & denies)


def leads_to(rules: pd.DataFrame) -> pd.Series:
    """Per service-tag rule where it leads: its address prefixes, which override the tag, else its tag."""
    prefixes = rules["address_prefixes"]
    return prefixes.mask(prefixes.eq("").fillna(value=False), rules["service_tag"])
