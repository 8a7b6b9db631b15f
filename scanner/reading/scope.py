"""Finds the subscriptions to audit: all that are visible, or those named by id, name or management group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
from scanner.tables.subscriptions import listed_id

SUBSCRIPTIONS_API_VERSION = "2022-12-01"
MANAGEMENT_GROUPS_API_VERSION = "2023-04-01"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


_GROUP = re.compile(r"[\w().-]{1,90}", re.ASCII)
_FIND_GROUP = "Give its id, not its display name; az account management-group list shows both."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The subscriptions that the user wants, by id or exact name. Empty means all.

    `known_groups` are management groups whose subscriptions a policy needs to know. They do not limit the scan.
    """

    subscriptions: Sequence[str] = ()
    excluded: Sequence[str] = ()
    management_groups: Sequence[str] = ()
    known_groups: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription that the identity sees. Names are not unique, ids are."""

    id: str
    name: str

    @property
    def key(self) -> str:
        """The id, lower-cased."""
        return self.id.lower()


async def subscriptions(arm: Arm, wanted: Wanted, keep: Keep) -> list[Subscription]:
    """Return the subscriptions to read, sorted by id. Raw pages and gaps go to `keep`.

    Raises ScopeError for a name that several visible subscriptions have, or none if their whole list was read.
    """
    visible, is_whole = await _visible(arm, keep)
    by_group = await _below_wanted_groups(arm, wanted, keep)
    asked = {group.lower() for group in wanted.management_groups}
    also_known = [group for group in wanted.known_groups if group.lower() not in asked]
    await _below_management_groups(arm, also_known, keep)
    ids = by_group | {_resolved(name, visible, must_exist=is_whole) for name in wanted.subscriptions}
    if not wanted.subscriptions and not wanted.management_groups:
        ids = set(visible)
    ids -= {"", *(_resolved(name, visible, must_exist=False) for name in wanted.excluded)}
    chosen = [visible.get(key) or await _single(arm, key, keep) for key in sorted(ids)]
    kept = [each for each in chosen if each and each.name not in wanted.excluded]
    if not visible and is_whole and not kept:
        keep(_nothing_visible(arm))
    return kept


def _resolved(wanted: str, visible: dict[str, Subscription], *, must_exist: bool) -> str:
    """Return the lower-cased id of a subscription by id or name, "" if no visible one has that name."""
    if _ID.fullmatch(wanted):
        return wanted.lower()
    named = [sub for sub in visible.values() if sub.name == wanted]
    if len(named) > 1:
        ids = ", ".join(sub.id for sub in named)
        raise ScopeError(f"{len(named)} subscriptions are named {wanted!r}: {ids}. Name one by its id.")
    if not named and must_exist:
        names = sorted({sub.name for sub in visible.values()})
        listed = ", ".join(map(repr, names[:20])) or "none"
        hint = did_you_mean(wanted, names)
        raise ScopeError(f"No visible subscription is named {wanted!r}. {hint}Visible: {listed}.")
    return named[0].key if named else ""


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
    return Subscription(id=subscription_id, name=json_members.text(item, "displayName") or "")


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


async def _below_wanted_groups(arm: Arm, wanted: Wanted, keep: Keep) -> set[str]:
    """Return the ids of all subscriptions below the groups that the user named.

    Raises ScopeError if a group does not exist, or if Azure shows none of them and nothing else is wanted. Azure
    refuses an id that does not exist like a group that the identity may not read.
    """
    refused: list[str] = []

    def kept(answer: Payload | Gap) -> None:
        if isinstance(answer, Gap) and answer.http_status in (403, 404):
            group = json_members.last_part(answer.scope)
            if answer.http_status == 404:
                raise ScopeError(f"There is no management group {group!r} ({answer.code}). {_FIND_GROUP}")
            refused.append(group)
        keep(answer)

    ids = await _below_management_groups(arm, wanted.management_groups, kept)
    if refused and not ids and not wanted.subscriptions:
        raise ScopeError(
            f"Azure shows no management group {' or '.join(map(repr, refused))}. {_FIND_GROUP} If the id is right, "
            "grant the identity Management Group Reader on it, or a role with "
            "Microsoft.Management/managementGroups/descendants/read."
        )
    return ids


async def _below_management_groups(arm: Arm, groups: Iterable[str], keep: Keep) -> set[str]:
    """Return the lower-cased ids of all subscriptions below the management groups."""
    ids: set[str] = set()
    for group in groups:
        if not (is_name(group) and _GROUP.fullmatch(group)):
            raise ScopeError(f"{group!r} is not the id of a management group. {_FIND_GROUP}")
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
    return ids


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
