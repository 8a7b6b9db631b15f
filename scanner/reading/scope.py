"""Finds the subscriptions to audit: all that are visible, or those named by id, name or management group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from checks.network.resource_ids import is_name
from checks.suggestions import did_you_mean
from scanner.azure.arm import Arm
from scanner.errors import ScopeError
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import keep_superseded
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
    """A subscription that the identity sees. Names are not unique, ids are.

    `tenant` is the tenant whose sign-in reads it, "" if the scan reads one tenant.
    """

    id: str
    facts: SubscriptionFacts
    tenant: str = ""

    @property
    def key(self) -> str:
        """The id, lower-cased."""
        return self.id.lower()


async def subscriptions(arms: Sequence[Arm], wanted: Wanted, keep: Keep) -> list[Subscription]:
    """Return the subscriptions to read, sorted by id. Raw pages and gaps go to `keep`.

    Each of `arms` signs in to a tenant of its own. Raises ScopeError for a name that several visible subscriptions
    have, or none if their whole list was read.
    """
    visible, is_whole = await _visible(arms, keep)
    for name in wanted.subscriptions:
        _check_name(name, visible, must_exist=is_whole)
    for name in wanted.excluded:
        _check_name(name, visible, must_exist=False)
    below = {
        **await _below_wanted_groups(arms, wanted, keep),
        **await _below_other_groups(arms, wanted, keep),
    }
    facts = {key: each.facts for key, each in visible.items()}
    for key in sorted(selected(wanted, facts, below) - facts.keys()):
        is_asked = left_out_by(wanted, key, facts, below) is None
        if is_asked and (found := await _single(arms[0], key, keep)):
            visible[key] = found
            facts[key] = found.facts
    if not visible and is_whole and len(arms) == 1:
        keep(_nothing_visible(arms[0]))
    return [each for key, each in sorted(visible.items()) if left_out_by(wanted, key, facts, below) is None]


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


async def _visible(arms: Sequence[Arm], keep: Keep) -> tuple[dict[str, Subscription], bool]:
    """Return the subscriptions by lower-cased id, and whether every list of a tenant was read.

    Two tenants may show one subscription, if one of them manages it for the other: its own tenant's sign-in reads it.
    """
    found: dict[str, Subscription] = {}
    is_whole = True
    for arm in arms:
        own, is_read = await _visible_in(arm, keep)
        is_whole &= is_read
        for key, each in own.items():
            is_home = each.facts.tenant_id.lower() == arm.tenant.lower()
            found[key] = each if is_home else found.get(key, each)
    return found, is_whole


async def _visible_in(arm: Arm, keep: Keep) -> tuple[dict[str, Subscription], bool]:
    """Return the subscriptions of one tenant, and whether their list was read.

    If a scan reads several tenants, one without any subscription is a gap.
    """
    found: dict[str, Subscription] = {}
    is_whole = True
    async for answer in arm.pages(await arm.get(_subscriptions_ask(arm))):
        keep(answer)
        if isinstance(answer, Payload):
            found |= {sub.key: replace(sub, tenant=arm.tenant) for sub in _listed(answer)}
        else:
            is_whole = False
    if arm.tenant and is_whole and not found:
        keep(_nothing_visible(arm))
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
    return replace(_subscription(answer.document, subscription_id), tenant=arm.tenant)


async def _below_wanted_groups(arms: Sequence[Arm], wanted: Wanted, keep: Keep) -> Mapping[str, Set[str]]:
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

    found = await _below_management_groups(arms, wanted.management_groups, kept)
    if refused and not any(found.values()) and not wanted.subscriptions:
        raise ScopeError(
            f"Azure shows no management group {' or '.join(map(repr, dict.fromkeys(refused)))}. {_FIND_GROUP} "
            "If the id is right, grant the identity Management Group Reader on it, or a role with "
            "Microsoft.Management/managementGroups/descendants/read."
        )
    return found


async def _below_other_groups(arms: Sequence[Arm], wanted: Wanted, keep: Keep) -> Mapping[str, Set[str]]:
    """Return the same of the groups to leave out and of those that a policy knows, without the wanted ones.

    A group to leave out that cannot be read leaves out nothing: its subscriptions are read, and the gap shows it.
    Raises ScopeError if a group to leave out does not exist.
    """
    asked = {group.lower() for group in wanted.management_groups}

    def kept(answer: Payload | Gap) -> None:
        if isinstance(answer, Gap):
            _check_exists(answer)
        keep(answer)

    excluded = _others(wanted.excluded_management_groups, asked)
    found = await _below_management_groups(arms, excluded, kept)
    known = _others(wanted.known_groups, asked | found.keys())
    return {**found, **await _below_management_groups(arms, known, keep)}


def _others(groups: Iterable[str], asked: Set[str]) -> list[str]:
    return [group for group in groups if group.lower() not in asked]


def _check_exists(refusal: Gap) -> None:
    if refusal.http_status == 404:
        group = json_members.last_part(refusal.scope)
        raise ScopeError(f"There is no management group {group!r} ({refusal.code}). {_FIND_GROUP}")


async def _below_management_groups(
    arms: Sequence[Arm], groups: Iterable[str], keep: Keep
) -> dict[str, Set[str]]:
    """Return the lower-cased ids of all subscriptions below each management group, by lower-cased group."""
    found: dict[str, Set[str]] = {}
    for group in groups:
        if not (is_name(group) and _GROUP.fullmatch(group)):
            raise ScopeError(f"{group!r} is not the id of a management group. {_FIND_GROUP}")
        if group.lower() not in found:
            found[group.lower()] = await _below_group(arms, group, keep)
    return found


async def _below_group(arms: Sequence[Arm], group: str, keep: Keep) -> set[str]:
    """Return what is below a group in every tenant that has it.

    A tenant without the group refuses. If another tenant answered, the refusals are no gaps.
    """
    ids: set[str] = set()
    answers = [answer for arm in arms for answer in await _descendants(arm, group)]
    is_found = any(isinstance(answer, Payload) for answer in answers)
    for answer in answers:
        if isinstance(answer, Payload):
            ids |= subscriptions_below(answer)
        elif is_found and len(arms) > 1 and answer.http_status in (403, 404):
            keep_superseded(answer, keep)
            continue
        keep(answer)
    return ids


async def _descendants(arm: Arm, group: str) -> list[Payload | Gap]:
    path = f"/providers/Microsoft.Management/managementGroups/{group}"
    ask = Ask(
        kind="descendants",
        scope=json_members.of_tenant(arm.tenant, path),
        url=arm.url(f"{path}/descendants", MANAGEMENT_GROUPS_API_VERSION),
        api_version=MANAGEMENT_GROUPS_API_VERSION,
    )
    return [answer async for answer in arm.pages(await arm.get(ask))]


def _subscriptions_ask(arm: Arm) -> Ask:
    return Ask(
        kind="subscriptions",
        scope=json_members.of_tenant(arm.tenant, "/subscriptions"),
        url=arm.url("/subscriptions", SUBSCRIPTIONS_API_VERSION),
        api_version=SUBSCRIPTIONS_API_VERSION,
    )


def _nothing_visible(arm: Arm) -> Gap:
    where = f" of tenant {arm.tenant}" if arm.tenant else ""
    return gaps.gap(
        _subscriptions_ask(arm),
        gaps.NONE_VISIBLE,
        f"The identity sees no subscription{where}, so nothing was audited there.",
        "Grant the identity Reader (or a role with Microsoft.Resources/subscriptions/read) on the "
        "subscriptions or their management group, or check --tenant.",
    )
