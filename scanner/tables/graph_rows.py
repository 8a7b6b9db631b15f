"""What Resource Graph shows: the workspaces of each subscription, and whether it showed all it counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.payloads import json_members
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Gap, Payload

KIND = "resourceGraph"
"""The kind of payloads and gaps that come from Resource Graph."""

_SHOWN = 5


Workspaces = Mapping[str, str]
"""The ids of workspaces by lower-cased id."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What Resource Graph shows of one subscription: none where `workspaces` is empty.

    `request` is what it answered, `about` the id of the payload that says so.
    """

    workspaces: Workspaces
    request: str
    about: str


@dataclass(kw_only=True)
class _Batch:
    """The pages of one query: what they hold, and how many rows each of them counts in all."""

    workspaces: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    totals: set[Any] = field(default_factory=set)
    pages: set[tuple[str, str]] = field(default_factory=set)
    is_broken: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.is_broken and self.totals == {self.rows}


class GraphRows:
    """Collects the pages of queries; whatever their order, the same comes out."""

    def __init__(self) -> None:
        """Nothing shown yet."""
        self._batches: dict[tuple[str, ...], _Batch] = defaultdict(_Batch)

    def add(self, page: Payload) -> None:
        """Take in one page of a query for the subscriptions that its request names."""
        batch = self._batches[asked_subscriptions(page.request_body)]
        rows = json_members.objects(page.document, "data")
        ids = [json_members.named(row, "id") for row in rows or ()]
        batch.workspaces |= {found.lower(): found for found in ids if found}
        batch.rows += len(ids)
        batch.totals.add(_number(page.document, "totalRecords"))
        batch.pages.add((page.id, f"{page.method} {page.url}"))
        batch.is_broken |= rows is None or None in ids or is_truncated(page.document)

    def shown(self) -> Mapping[str, Shown]:
        """What is shown of each subscription, by lower-cased id; no query that broke off."""
        return {
            subscription: Shown(workspaces=workspaces, request=request, about=about)
            for subscriptions, batch in self._batches.items()
            if batch.is_whole
            for about, request in [min(batch.pages)]
            for subscription, workspaces in by_subscription(batch.workspaces.values(), subscriptions).items()
        }


def by_subscription(ids: Iterable[str], subscriptions: Iterable[str] = ()) -> Mapping[str, Workspaces]:
    """The workspaces by lower-cased id of their subscription; those named are there without any, too."""
    found: dict[str, dict[str, str]] = {subscription: {} for subscription in subscriptions}
    for each in ids:
        key = each.lower()
        found.setdefault(_subscription(key), {})[key] = each
    return found


def _subscription(workspace_key: str) -> str:
    return workspace_key.removeprefix("/subscriptions/").partition("/")[0]


def asked_subscriptions(request_body: str) -> tuple[str, ...]:
    """The lower-cased ids of the subscriptions that a query names, sorted."""
    named = json_members.member(parsed(request_body.encode()), "subscriptions")
    return tuple(sorted(str(each).lower() for each in named)) if isinstance(named, list) else ()


def is_truncated(page: Any) -> bool:
    """Whether rows are missing for ever: cut off, and no token that brings the rest.

    `resultTruncated` is a string, "true" also on every page but the last of a query that can go on.
    """
    is_cut = str(json_members.member(page, "resultTruncated")).lower() == "true"
    return is_cut and not json_members.named(page, "$skipToken")


def difference(subscription_id: str, listed: Workspaces, shown: Shown) -> Gap | None:
    """The gap with both counts where list and Resource Graph do not name the same workspaces, else None."""
    only_listed = [listed[key] for key in sorted(listed.keys() - shown.workspaces.keys())]
    only_shown = [shown.workspaces[key] for key in sorted(shown.workspaces.keys() - listed.keys())]
    if not only_listed and not only_shown:
        return None
    parts = [
        f"Azure Resource Manager lists {len(listed)} workspaces here, "
        f"Resource Graph shows {len(shown.workspaces)}."
    ]
    if only_shown:
        parts.append(f"Only Resource Graph has {_named(only_shown)}.")
    if only_listed:
        parts.append(f"Only Resource Manager has {_named(only_listed)}.")
    return Gap(
        scope=f"/subscriptions/{subscription_id}",
        subscription_id=subscription_id,
        asked=KIND,
        request=shown.request,
        code="DiscoveryDiffers",
        message=" ".join(parts),
        closes=_closes(bool(only_shown)),
        about=shown.about,
    )


def _closes(is_unlisted: bool) -> str:
    later = "Run the audit again: Resource Graph follows a change within seconds, but it can take hours."
    rights = (
        "If it stays, assign the identity its role on the subscription, not on some of its resource groups: "
        "what it may not read is left out of a list without a word."
    )
    return f"{later} {rights}" if is_unlisted else later


def _named(ids: Iterable[str]) -> str:
    names = [json_members.last_part(each) for each in ids]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _number(document: Any, name: str) -> int | None:
    value = json_members.member(document, name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
