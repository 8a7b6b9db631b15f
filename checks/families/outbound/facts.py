"""Facts about a rule that several OBR checks share: who made it, its type, whether it allows, whether it counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from checks.contract.isolation import APPROVED, MODE_READS, effective_mode, is_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import of_workspace, says
from checks.contract.words import ACTIONS, RULE_STATUSES, RULE_TYPES
from checks.frames import np, pd
from checks.network.targets import same_id
from checks.vocabulary import Vocabulary

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


def is_of_workspace(ids: pd.Series, children: pd.DataFrame, own: pd.DataFrame) -> pd.Series:
    """Return for each child whether its id is one of those in the columns of `own` for its workspace.

    `<NA>` for no id, and if no column has the id and one is `<NA>`, or the table lacks the workspace. Ids are compared
    as numbers, because every workspace has its own and the strings of the children would all have to be made.
    """
    wanted = Vocabulary.of(ids, absent=None)
    numbers: dict[object, int] = {None: -1}
    named_by = np.array([numbers.setdefault(_same(id), len(numbers)) for id in wanted.pool])[wanted.codes]
    owners = Vocabulary.of(children["workspace_id"])
    places = own.index.get_indexer(pd.Index([*map(str.lower, owners.pool[:-1]), None], dtype=object))
    found, unsure = np.zeros(len(children), dtype=bool), named_by < 0
    for name in own.columns:
        held = [numbers.get(_same(id), 0) for id in Vocabulary.of(own[name], absent=None).expanded]
        holds = np.array([*held, -1])[places][owners.codes]
        found |= (holds == named_by) & (named_by > 0)
        unsure = unsure | (holds < 0)
    return pd.Series(pd.arrays.BooleanArray(found, unsure & ~found), index=children.index)


def _same(id: str | None) -> str | None:
    return None if id is None else same_id(id)
