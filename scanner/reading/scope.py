"""Finds the subscriptions to audit: all that are visible, or those named by id, name or management group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from azure.core.exceptions import AzureError

from checks.suggestions import did_you_mean
from scanner.azure.arm import Arm, next_ask
from scanner.errors import RefusedRequestError, ScopeError
from scanner.payloads import gaps, json_members
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.tables.subscriptions import listed_id, subscription_ids

SUBSCRIPTIONS_API_VERSION = "2022-12-01"
MANAGEMENT_GROUPS_API_VERSION = "2023-04-01"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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

    Raises ScopeError for a name that no visible subscription has, or that several have.
    """
    visible = await _visible(arm, keep)
    by_group = await _below_management_groups(arm, wanted.management_groups, keep)
    asked = {group.lower() for group in wanted.management_groups}
    also_known = [group for group in wanted.known_groups if group.lower() not in asked]
    await _below_management_groups(arm, also_known, keep)
    ids = by_group | {_resolved(name, visible) for name in wanted.subscriptions}
    if not wanted.subscriptions and not wanted.management_groups:
        ids = set(visible)
    ids -= {_resolved(name, visible, must_exist=False) for name in wanted.excluded}
    chosen = [visible.get(key) or await _single(arm, key, keep) for key in sorted(ids)]
    kept = [subscription for subscription in chosen if subscription]
    if not kept and not wanted.excluded:
        keep(_nothing_visible(arm))
    return kept


def _resolved(wanted: str, visible: dict[str, Subscription], *, must_exist: bool = True) -> str:
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
    return named[0].key if named else wanted.lower()


async def _visible(arm: Arm, keep: Keep) -> dict[str, Subscription]:
    """Return the subscriptions by lower-cased id, from the raw pages of the SDK's subscription client."""
    found: dict[str, Subscription] = {}
    for answer in await _sdk_pages(arm, _subscriptions_ask(arm)):
        keep(answer)
        if isinstance(answer, Payload):
            found |= {sub.key: sub for sub in _listed(answer)}
    return found


class _Recorder:
    """Records the raw responses of an SDK pager as payloads and gaps."""

    def __init__(self, arm: Arm, first: Ask) -> None:
        self.answers: list[Payload | Gap] = []
        self.ask = first
        self._arm = arm
        self._seen = {first.url}

    @property
    def has_ended(self) -> bool:
        """Whether the last answer was a gap, so that there is no next page."""
        return bool(self.answers) and isinstance(self.answers[-1], Gap)

    def record(self, response: Any) -> None:
        ask = replace(self.ask, url=response.http_request.url)
        answer = self._arm.answered(ask, response.http_response)
        self.answers.append(answer)
        if isinstance(answer, Gap):
            return
        following = next_ask(answer, self._seen, self._arm.cloud.arm_endpoint)
        if isinstance(following, Gap):
            self.answers.append(following)
        elif following is not None:
            self.ask = following

    def record_failure(self, error: Exception) -> None:
        if not self.has_ended:
            self.answers.append(gaps.from_failure(self.ask, error))


async def _sdk_pages(arm: Arm, ask: Ask) -> list[Payload | Gap]:
    """Read the pages of the SDK's subscription pager, with the same checks as our own lists."""
    if arm.recalls(ask):
        return [page async for page in arm.pages(ask)]
    recorder = _Recorder(arm, ask)
    pager = arm.subscription_client().subscriptions.list(
        raw_response_hook=recorder.record, **arm.request_options()
    )
    try:
        async for _page in pager.by_page():
            if recorder.has_ended:
                break
    except (AzureError, RefusedRequestError, TypeError, ValueError, AttributeError) as error:
        recorder.record_failure(error)
    return recorder.answers


def _listed(page: Payload) -> list[Subscription]:
    listed = json_members.objects(page.document, "value") or []
    return [_subscription(item, found) for item in listed if (found := listed_id(item))]


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
    return _subscription(answer.document, listed_id(answer.document) or subscription_id)


async def _below_management_groups(arm: Arm, groups: Iterable[str], keep: Keep) -> set[str]:
    """Return the lower-cased ids of all subscriptions below the management groups."""
    ids: set[str] = set()
    for group in groups:
        scope = f"/providers/Microsoft.Management/managementGroups/{group}"
        ask = Ask(
            kind="descendants",
            scope=scope,
            url=arm.url(f"{scope}/descendants", MANAGEMENT_GROUPS_API_VERSION),
            api_version=MANAGEMENT_GROUPS_API_VERSION,
        )
        async for answer in arm.pages(ask):
            keep(answer)
            if isinstance(answer, Payload):
                ids |= subscription_ids(answer)
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
        "NoSubscriptionVisible",
        "The identity sees none of the wanted subscriptions, so nothing was audited.",
        "Grant the identity Reader (or a role with Microsoft.Resources/subscriptions/read) on the "
        "subscriptions or their management group, or check --tenant.",
    )
