"""Decides which subscriptions are in scope, and names the rule that leaves out each other one.

The reader, the tables and `azml-audit verify` call it, so that all three decide alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from scanner.scope.globs import first_matching
from scanner.scope.wanted import Wanted

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class SubscriptionFacts:
    """The facts about a subscription that the rules need. None is not reported."""

    name: str = ""
    state: str | None = None
    quota_id: str | None = None
    tenant_id: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A rule of the scope, as a scope file writes it, and what it decided by."""

    rule: str
    why: str

    @property
    def text(self) -> str:
        """One sentence for reports."""
        return f"Left out by {self.rule}: {self.why}."


def is_id(word: str) -> bool:
    """Return whether the word is the id of a subscription."""
    return _ID.fullmatch(word) is not None


def named(word: str, facts: Mapping[str, SubscriptionFacts]) -> Set[str]:
    """Return the lower-cased ids of the subscriptions with this id or exact name."""
    if is_id(word):
        return {word.lower()}
    return {key for key, each in facts.items() if each.name == word}


def selected(
    wanted: Wanted, facts: Mapping[str, SubscriptionFacts], below: Mapping[str, Set[str]]
) -> Set[str]:
    """Return the lower-cased ids of the subscriptions that are asked for, before any is left out.

    `facts` are known by lower-cased id, and `below` are the subscriptions below each lower-cased management group.
    """
    if not wanted.limits_subscriptions:
        return facts.keys()
    groups = {group.lower() for group in wanted.management_groups}
    by_group = {key for group in groups for key in below.get(group, ())}
    return by_group | {key for word in wanted.subscriptions for key in named(word, facts)}


def left_out_by(
    wanted: Wanted, key: str, facts: Mapping[str, SubscriptionFacts], below: Mapping[str, Set[str]]
) -> LeftOut | None:
    """Return the first rule that leaves out a subscription, None if it is in scope.

    A state or a quotaId that Azure did not report matches no rule, so the subscription stays in scope.
    """
    if key not in selected(wanted, facts, below):
        asked = [("subscriptions", wanted.subscriptions), ("management_groups", wanted.management_groups)]
        rule = "; ".join(f"{name}: {_listed(words)}" for name, words in asked if words)
        return LeftOut(rule=rule, why="it is not among them")
    found = facts.get(key, SubscriptionFacts())
    for word in wanted.excluded:
        if key in named(word, facts):
            return LeftOut(rule=f"exclude.subscriptions: {word}", why="it is named")
    for group in wanted.excluded_management_groups:
        if key in below.get(group.lower(), ()):
            return LeftOut(rule=f"exclude.management_groups: {group}", why="it is below the group")
    for state in wanted.excluded_states:
        if (found.state or "").lower() == state.lower():
            return LeftOut(rule=f"exclude.states: {state}", why=f"its state is {found.state}")
    glob = first_matching(found.quota_id, wanted.excluded_quota_ids)
    if glob is not None:
        return LeftOut(rule=f"exclude.quota_ids: {glob}", why=f"its quotaId is {found.quota_id}")
    return None


def undecided(wanted: Wanted, found: SubscriptionFacts) -> Sequence[str]:
    """Return a note for each rule that could not decide, because Azure did not report what it asks for."""
    notes = []
    if wanted.excluded_states and not found.state:
        notes.append("Azure did not report the state, so exclude.states leaves the subscription in scope.")
    if wanted.excluded_quota_ids and not found.quota_id:
        notes.append(
            "Azure did not report the quotaId, so exclude.quota_ids leaves the subscription in scope."
        )
    return notes


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return ", ".join(words[:_MOST_NAMED]) + more
