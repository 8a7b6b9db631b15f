"""Finds the subscriptions to audit: all that are visible, or those named by id, name or management group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from checks.network.resource_ids import is_name
from checks.suggestions import did_you_mean
from scanner.azure.arm import Arm
from scanner.errors import ScopeError
from scanner.payloads import gaps, json_members
from scanner.payloads.pages import items_on, subscriptions_below
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.scope.subscriptions import SubscriptionFacts, is_id, left_out_by, selected
from scanner.scope.wanted import Wanted
from scanner.tables.subscriptions import facts_of, listed_id

SUBSCRIPTIONS_API_VERSION = "2022-12-01"
MANAGEMENT_GROUPS_API_VERSION = "2023-04-01"
_GROUP = re.compile(r"[\w().-]{1,90}", re.ASCII)
_FIND_GROUP = "Give its id, not its display name; az account management-group list shows both."


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription that the identity sees. Names are not unique, ids are."""

    id: str
    facts: SubscriptionFacts

    @property
    def key(self) -> str:
        """The id, lower-cased."""
        return self.id.lower()


async def subscriptions(arm: Arm, wanted: Wanted, keep: Keep) -> list[Subscription]:
    """Return the subscriptions to read, sorted by id. Raw pages and gaps go to `keep`.

    Raises ScopeError for a name that several visible subscriptions have, or none if their whole list was read.
    """
    visible, is_whole = await _visible(arm, keep)
    for name in wanted.subscriptions:
        _check_name(name, visible, must_exist=is_whole)
    for name in wanted.excluded:
        _check_name(name, visible, must_exist=False)
    below = {**await _below_wanted_groups(arm, wanted, keep), **await _below_other_groups(arm, wanted, keep)}
    facts = {key: each.facts for key, each in visible.items()}
    for key in sorted(selected(wanted, facts, below) - facts.keys()):
        is_asked = left_out_by(wanted, key, facts, below) is None
        if is_asked and (found := await _single(arm, key, keep)):
            visible[key] = found
            facts[key] = found.facts
    kept = [each for key, each in sorted(visible.items()) if left_out_by(wanted, key, facts, below) is None]
    if not visible and is_whole:
        keep(_nothing_visible(arm))
    return kept


def _check_name(wanted: str, visible: Mapping[str, Subscription], *, must_exist: bool) -> None:
    """Raise ScopeError if several visible subscriptions have this name, or none if one must exist."""
    if is_id(wanted):
        return
    same = [sub for sub in visible.values() if sub.facts.name == wanted]
    if len(same) > 1:
        ids = ", ".join(sub.id for sub in same)
        raise ScopeError(f"{len(same)} subscriptions are named {wanted!r}: {ids}. Name one by its id.")
    if not same and must_exist:
        names = sorted({sub.facts.name for sub in visible.values()})
        listed = ", ".join(map(repr, names[:20])) or "none"
        hint = did_you_mean(wanted, names)
        raise ScopeError(f"No visible subscription is named {wanted!r}. {hint}Visible: {listed}.")


async def _visible(arm: Arm, keep: Keep) -> tuple[dict[str, Subscription], bool]:
    """Return the subscriptions by lower-cased id, and whether their whole list was read."""
    found: dict[str, Subscription] = {}
    is_whole = True
    async for answer in arm.pages(await arm.get(_subscriptions_ask(arm))):
        keep(answer)
        if isinstance(answer, Payload):
            found |= {sub.key: sub for sub in _listed(answer)}
        else:
            is_whole = False
    return found, is_whole


def _listed(page: Payload) -> list[Subscription]:
    items = items_on(page).items
    return [_subscription(item, found) for _, item in items if (found := listed_id(item))]


def _subscription(item: dict[str, Any], subscription_id: str) -> Subscription:
    return Subscription(id=subscription_id, facts=facts_of(item))


async def _single(arm: Arm, subscription_id: str, keep: Keep) -> Subscription | None:
    """Read a subscription that the list does not show. None, and a gap, if it cannot be read."""
    scope = f"/subscriptions/{subscription_id}"
    ask = Ask(
        kind="subscription",
        scope=scope,
        url=arm.url(scope, SUBSCRIPTIONS_API_VERSION),
        api_version=SUBSCRIPTIONS_API_VERSION,
        subscription_id=subscription_id,
    )
    answer = await arm.get(ask)
    keep(answer)
    if isinstance(answer, Gap):
        return None
    return _subscription(answer.document, subscription_id)


async def _below_wanted_groups(arm: Arm, wanted: Wanted, keep: Keep) -> Mapping[str, Set[str]]:
    """Return the ids of all subscriptions below the groups that the user named, by lower-cased group.

    Raises ScopeError if a group does not exist, or if Azure shows none of them and nothing else is wanted. Azure
    refuses an id that does not exist like a group that the identity may not read.
    """
    refused: list[str] = []

    def kept(answer: Payload | Gap) -> None:
        if isinstance(answer, Gap) and answer.http_status in (403, 404):
            _check_exists(answer)
            refused.append(json_members.last_part(answer.scope))
        keep(answer)

    found = await _below_management_groups(arm, wanted.management_groups, kept)
    if refused and not any(found.values()) and not wanted.subscriptions:
        raise ScopeError(
            f"Azure shows no management group {' or '.join(map(repr, refused))}. {_FIND_GROUP} If the id is right, "
            "grant the identity Management Group Reader on it, or a role with "
            "Microsoft.Management/managementGroups/descendants/read."
        )
    return found


async def _below_other_groups(arm: Arm, wanted: Wanted, keep: Keep) -> Mapping[str, Set[str]]:
    """Return the same of the groups to leave out and of those that a policy knows, without the wanted ones.

    A group to leave out that cannot be read leaves out nothing: its subscriptions are read, and the gap shows it.
    Raises ScopeError if a group to leave out does not exist.
    """
    asked = {group.lower() for group in wanted.management_groups}

    def kept(answer: Payload | Gap) -> None:
        if isinstance(answer, Gap) and answer.http_status == 404:
            _check_exists(answer)
        keep(answer)

    excluded = _others(wanted.excluded_management_groups, asked)
    found = await _below_management_groups(arm, excluded, kept)
    known = _others(wanted.known_groups, asked | found.keys())
    return {**found, **await _below_management_groups(arm, known, keep)}


def _others(groups: Iterable[str], asked: Set[str]) -> list[str]:
    return [group for group in groups if group.lower() not in asked]


def _check_exists(refusal: Gap) -> None:
    if refusal.http_status == 404:
        group = json_members.last_part(refusal.scope)
        raise ScopeError(f"There is no management group {group!r} ({refusal.code}). {_FIND_GROUP}")


async def _below_management_groups(arm: Arm, groups: Iterable[str], keep: Keep) -> dict[str, Set[str]]:
    """Return the lower-cased ids of all subscriptions below each management group, by lower-cased group."""
    found: dict[str, Set[str]] = {}
    for group in groups:
        if not (is_name(group) and _GROUP.fullmatch(group)):
            raise ScopeError(f"{group!r} is not the id of a management group. {_FIND_GROUP}")
        if group.lower() in found:
            continue
        found[group.lower()] = ids = set[str]()
        scope = f"/providers/Microsoft.Management/managementGroups/{group}"
        ask = Ask(
            kind="descendants",
            scope=scope,
            url=arm.url(f"{scope}/descendants", MANAGEMENT_GROUPS_API_VERSION),
            api_version=MANAGEMENT_GROUPS_API_VERSION,
        )
        async for answer in arm.pages(await arm.get(ask)):
            keep(answer)
            if isinstance(answer, Payload):
                ids |= subscriptions_below(answer)
    return found


def _subscriptions_ask(arm: Arm) -> Ask:
    return Ask(
        kind="subscriptions",
        scope="/subscriptions",
        url=arm.url("/subscriptions", SUBSCRIPTIONS_API_VERSION),
        api_version=SUBSCRIPTIONS_API_VERSION,
    )


def _nothing_visible(arm: Arm) -> Gap:
    return gaps.gap(
        _subscriptions_ask(arm),
        gaps.NONE_VISIBLE,
        "The identity sees none of the wanted subscriptions, so nothing was audited.",
        "Grant the identity Reader (or a role with Microsoft.Resources/subscriptions/read) on the "
        "subscriptions or their management group, or check --tenant.",
    )
