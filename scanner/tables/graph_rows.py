"""Workspaces as Resource Graph has them, and how they differ from what Resource Manager lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.counting import counted
from scanner.payloads.bodies import parsed
from scanner.payloads.json_members import key, last_part, member, named, objects
from scanner.payloads.payload import Gap, Payload

Workspaces = Mapping[str, str]
"""The ids of workspaces by lower-cased id."""

GRAPH = "resourceGraph"
"""The kind of payloads and gaps that come from Resource Graph."""

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The workspaces that Resource Graph has in one subscription.

    `request` is the query, `about` the id of the payload that answered it.
    """

    workspaces: Workspaces
    request: str
    about: str


@dataclass(kw_only=True)
class _Batch:
    """The pages of one query: their rows, and how many rows each page counts in all."""

    workspaces: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    totals: set[Any] = field(default_factory=set)
    pages: set[tuple[str, str]] = field(default_factory=set)
    is_broken: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.is_broken and self.totals == {self.rows}


class GraphRows:
    """Collects the pages of queries to Resource Graph. Their order does not matter."""

    def __init__(self) -> None:
        """Start empty."""
        self._batches: dict[tuple[str, ...], _Batch] = defaultdict(_Batch)

    def add(self, page: Payload) -> None:
        """Add a page of the query for the subscriptions that its request names."""
        batch = self._batches[asked_subscriptions(page.request_body)]
        rows = objects(page.document, "data")
        ids = [named(row, "id") for row in rows or ()]
        total = member(page.document, "totalRecords")
        batch.workspaces |= {key(found): found for found in ids if found}
        batch.rows += len(ids)
        batch.totals.add(total if type(total) is int else None)
        batch.pages.add((page.id, f"{page.method} {page.url}"))
        batch.is_broken |= rows is None or None in ids or is_truncated(page.document)

    def shown(self) -> Mapping[str, Shown]:
        """Return the workspaces of each subscription by its lower-cased id, without incomplete queries."""
        return {
            subscription: Shown(workspaces=workspaces, request=request, about=about)
            for subscriptions, batch in self._batches.items()
            if batch.is_whole
            for about, request in [min(batch.pages)]
            for subscription, workspaces in by_subscription(batch.workspaces.values(), subscriptions).items()
        }


def by_subscription(ids: Iterable[str], subscriptions: Iterable[str] = ()) -> Mapping[str, Workspaces]:
    """Group workspaces by lower-cased subscription id; the given subscriptions are always included."""
    found: dict[str, dict[str, str]] = {subscription: {} for subscription in subscriptions}
    for each in ids:
        workspace = key(each)
        subscription = workspace.removeprefix("/subscriptions/").partition("/")[0]
        found.setdefault(subscription, {})[workspace] = each
    return found


def asked_subscriptions(request_body: str) -> tuple[str, ...]:
    """Return the lower-cased ids of the subscriptions that a query names, sorted."""
    ids = member(parsed(request_body.encode()), "subscriptions")
    return tuple(sorted(str(each).lower() for each in ids)) if isinstance(ids, list) else ()


def is_truncated(page: Any) -> bool:
    """Return whether rows are cut off and no token leads to the rest.

    `resultTruncated` is a string, "true" also on every page but the last of a query that can go on.
    """
    is_cut = str(member(page, "resultTruncated")).lower() == "true"
    return is_cut and not named(page, "$skipToken")


def difference(subscription_id: str, listed: Workspaces, shown: Shown) -> Gap | None:
    """Return a gap if Resource Manager and Resource Graph do not have the same workspaces, else None."""
    only_listed = [listed[key] for key in sorted(listed.keys() - shown.workspaces.keys())]
    only_shown = [shown.workspaces[key] for key in sorted(shown.workspaces.keys() - listed.keys())]
    if not only_listed and not only_shown:
        return None
    message = (
        f"Azure Resource Manager lists {counted(len(listed), 'workspace')} here, "
        f"Resource Graph shows {len(shown.workspaces)}."
    )
    closes = "Run the audit again: Resource Graph follows a change within seconds, but it can take hours."
    if only_shown:
        message += f" Only Resource Graph has {_names(only_shown)}."
        closes += (
            " If the difference stays, assign the identity its role on the subscription, not on some of its "
            "resource groups: a list leaves out what the identity may not read."
        )
    if only_listed:
        message += f" Only Resource Manager has {_names(only_listed)}."
    return Gap(
        scope=f"/subscriptions/{subscription_id}",
        subscription_id=subscription_id,
        asked=GRAPH,
        request=shown.request,
        code="DiscoveryDiffers",
        message=message,
        closes=closes,
        about=shown.about,
    )


def _names(ids: list[str]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(last_part(each) for each in ids[:_SHOWN]) + more
