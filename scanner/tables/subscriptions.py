"""Subscriptions as rows: whether each was read, and how many workspaces Resource Graph has in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.payloads.bodies import parsed
from scanner.payloads.gaps import arm_error
from scanner.payloads.json_members import (
    Object,
    joined,
    last_part,
    member,
    named,
    objects,
    subscription_of,
    text,
)
from scanner.payloads.payload import Gap, Payload

Row = dict[str, Any]
Workspaces = Mapping[str, str]
"""The ids of workspaces by lower-cased id."""

GRAPH = "resourceGraph"
"""The kind of payloads and gaps that come from Resource Graph."""

SUBSCRIPTION_KINDS = ("workspaces", "subscription", "provider")
"""The kinds of gap that mean a subscription was not read."""

_NOT_LISTED = (
    "Not listed: Resource Graph has no workspace here. It leaves out what the identity may not read."
)
_NOT_COMPARED = "the workspaces come from Azure Resource Manager alone."
_SHOWN = 5


class SubscriptionRows:
    """Collects what payloads and gaps report about subscriptions, by lower-cased id."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[str, Row] = {}
        self._listed: dict[str, int] = {}
        self._unregistered: dict[str, str] = {}
        self._problems: dict[str, set[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._unread_groups: set[str] = set()
        self._in_graph: dict[str, int] = {}
        self._graph_refusals: dict[str, str] = {}

    def add(self, item: Object) -> str:
        """Add a subscription from LIST or GET, and return its lower-cased id."""
        resource_id = named(item, "id") or ""
        subscription_id = named(item, "subscriptionId") or subscription_of(resource_id) or ""
        tenants = objects(item, "managedByTenants")
        managed_by = None if tenants is None else [each["tenantId"] for each in tenants if "tenantId" in each]
        self._rows[subscription_id.lower()] = {
            "subscription_resource_id": resource_id or f"/subscriptions/{subscription_id}",
            "subscription_id": subscription_id,
            "subscription": text(item, "displayName"),
            "state": text(item, "state"),
            "tenant_id": text(item, "tenantId"),
            "authorization_source": text(item, "authorizationSource"),
            "managed_by_tenants": joined(managed_by),
        }
        return subscription_id.lower()

    def count(self, subscription_id: str, workspaces: int) -> None:
        """Count workspaces on one more page of the subscription's list."""
        key = subscription_id.lower()
        self._listed[key] = self._listed.get(key, 0) + workspaces

    def add_descendants(self, page: Payload) -> set[str]:
        """Add a page of a management group's descendants, and return the subscriptions on it."""
        below = subscription_ids(page)
        self._groups.setdefault(last_part(page.scope), set()).update(below)
        return below

    def count_in_graph(self, subscription_id: str, workspaces: int) -> None:
        """Record how many workspaces Resource Graph has in the subscription."""
        self._in_graph[subscription_id.lower()] = workspaces

    def note_superseded(self, answer: Payload) -> None:
        """Record that Resource Graph refused to answer about the subscriptions of a query."""
        if answer.kind != GRAPH:
            return
        code, _ = arm_error(parsed(answer.body))
        refusal = f"Resource Graph answered {answer.status} {code}".strip()
        for key in asked_subscriptions(answer.request_body):
            self._graph_refusals[key] = f"{refusal}: {_NOT_COMPARED}"

    def note_unregistered(self, subscription_id: str, state: str) -> None:
        """Record that Machine Learning is not registered in the subscription."""
        self._unregistered[subscription_id.lower()] = state

    def note(self, gap: Gap) -> None:
        """Record a gap of a management group, of a subscription or of its list of workspaces."""
        if gap.asked == "descendants":
            self._unread_groups.add(last_part(gap.scope))
        if gap.asked not in SUBSCRIPTION_KINDS or not gap.subscription_id:
            return
        key = gap.subscription_id.lower()
        self._problems.setdefault(key, set()).add(f"{gap.code}: {gap.message}")
        if gap.asked == "subscription":
            row = {"subscription_resource_id": gap.scope, "subscription_id": gap.subscription_id}
            self._rows.setdefault(key, row)

    def finished(self) -> list[Row]:
        """Return the rows, each with its management groups, counts, and why it was not read."""
        known_groups = joined(sorted(self._groups.keys() - self._unread_groups))
        rows = []
        for key, row in self._rows.items():
            below = sorted(group for group, subscriptions in self._groups.items() if key in subscriptions)
            read, workspaces, note = self._outcome(key)
            notes = [each for each in (note, self._graph_refusals.get(key)) if each]
            rows.append(
                row
                | {
                    "management_groups": joined(below) if self._groups else None,
                    "known_management_groups": known_groups,
                    "workspaces_in_graph": self._in_graph.get(key),
                    "read": read,
                    "workspaces": workspaces,
                    "note": "; ".join(notes) or None,
                }
            )
        return rows

    def _outcome(self, key: str) -> tuple[bool | None, int | None, str | None]:
        """Return whether the subscription was read, how many workspaces it has, and a note."""
        problems, count = self._problems.get(key), self._listed.get(key)
        if problems:
            return False, count, "; ".join(sorted(problems))
        if count is not None:
            return True, count, None
        if key in self._unregistered:
            return True, 0, f"{self._unregistered[key]} here: no workspace can exist."
        return None, None, _NOT_LISTED if self._in_graph.get(key) == 0 else "Not asked for."


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
        batch.workspaces |= {found.lower(): found for found in ids if found}
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
        key = each.lower()
        subscription = key.removeprefix("/subscriptions/").partition("/")[0]
        found.setdefault(subscription, {})[key] = each
    return found


def asked_subscriptions(request_body: str) -> tuple[str, ...]:
    """Return the lower-cased ids of the subscriptions that a query names, sorted."""
    ids = member(parsed(request_body.encode()), "subscriptions")
    return tuple(sorted(str(each).lower() for each in ids)) if isinstance(ids, list) else ()


def subscription_ids(page: Payload) -> set[str]:
    """Return the lower-cased ids of the subscriptions on a page of a management group's descendants."""
    return {
        name.lower()
        for item in objects(page.document, "value") or []
        if (text(item, "type") or "").lower().endswith("/subscriptions") and (name := text(item, "name"))
    }


def registration_state(provider: Payload) -> str:
    """Return the provider's registrationState in the subscription, or "" if there is none."""
    return text(provider.document, "registrationState") or ""


def is_truncated(page: Any) -> bool:
    """Whether rows are cut off and no token leads to the rest.

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
        f"Azure Resource Manager lists {len(listed)} workspaces here, "
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
