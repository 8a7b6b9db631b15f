"""Asks Resource Graph which workspaces exist, before Azure Resource Manager or at the same time.

Only the population comes from Resource Graph: it lags behind Resource Manager, and leaves out what the
identity may not read without reporting it. Paging, counts and limits: "Working with large data sets" and "Guidance for
throttled requests" in the Resource Graph documentation (2026-11).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence

from checks.errors import AuditError
from scanner.azure.arm import Arm
from scanner.azure.paging import MOST_PAGES
from scanner.azure.pipeline import RESOURCE_GRAPH_PATH
from scanner.choices import Discover
from scanner.payloads import gaps, json_members
from scanner.payloads.answers import keep_superseded
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.reading.scope import Subscription
from scanner.tables.graph_rows import GRAPH, GraphRows, Shown, is_truncated

API_VERSION = "2024-04-01"
QUERY = (
    "resources | where type =~ 'microsoft.machinelearningservices/workspaces' "
    "| project id, kind, subscriptionId | order by id asc"
)
"""The first column is a plain text and the rows are ordered. Without both, Azure returns no further page."""

QUERY_WITH_REGIONS = QUERY.replace("project id", "project id, location")

BATCH = 250
"""Subscriptions in one query. Azure recommends fewer than 300."""

PAGE = 1000
"""Rows on a page: the maximum."""

_NOT_THERE = frozenset({"NoRegisteredProviderFound", "InvalidResourceNamespace", "InvalidResourceType"})

_log = logging.getLogger("azml_audit.discovery")


class Discovery:
    """Reads the workspaces of subscriptions from Resource Graph.

    By default Resource Manager lists all subscriptions, and both lists are compared. If it `leads`, Resource
    Manager lists only the subscriptions with workspaces, afterwards. A refusal is logged, or becomes a gap if
    the discovery `is_demanded`.
    """

    def __init__(
        self,
        arm: Arm,
        *others: Arm,
        leads: bool = False,
        is_demanded: bool = False,
        batch: int = BATCH,
        page: int = PAGE,
        query: str = QUERY,
    ) -> None:
        """Ask `query` through `arm`, for `batch` subscriptions in a query and `page` rows on a page.

        Each of `others` asks about the subscriptions of its tenant.
        """
        self.leads = leads
        self._arms = {each.tenant: each for each in (arm, *others)}
        self._is_demanded = is_demanded
        self._batch, self._page = batch, page
        self._words = query

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> Mapping[str, Shown]:
        """Hand every page and gap to `keep`, and return what `GraphRows.shown` does."""
        rows, refused = GraphRows(), 0
        batches = [
            (arm, batch)
            for tenant, arm in self._arms.items()
            for batch in _batches([each for each in chosen if each.tenant == tenant], self._batch)
        ]
        for arm, subscriptions in batches:
            gap = await self._read_batch(arm, subscriptions, rows, keep)
            if gap is None:
                continue
            if is_unavailable(gap) and not self._is_demanded:
                refused += len(subscriptions)
                keep_superseded(gap, keep)
                continue
            keep(gap)
        if refused:
            _log.warning(
                "Resource Graph refused to answer about %d of %d subscriptions. Their workspaces come from "
                "Azure Resource Manager alone.",
                refused,
                len(chosen),
            )
        return rows.shown()

    async def _read_batch(
        self, arm: Arm, subscriptions: Sequence[str], rows: GraphRows, keep: Keep
    ) -> Gap | None:
        """Keep every page of one query, and return the gap that is left, whatever goes wrong."""
        try:
            return await self._query(arm, subscriptions, rows, keep)
        except AuditError:
            raise
        except Exception as error:  # noqa: BLE001 - one question, one gap
            _log.debug("a query failed in a way that nobody expected", exc_info=True)
            return gaps.unexpected(self._ask(arm, subscriptions, None), error)

    async def _query(self, arm: Arm, subscriptions: Sequence[str], rows: GraphRows, keep: Keep) -> Gap | None:
        """Keep every page of one query, and return the gap if it ended early or its counts differ."""
        token, seen, read, ids = None, set[str](), 0, set[str]()
        while True:
            ask = self._ask(arm, subscriptions, token)
            page = await arm.get(ask)
            if isinstance(page, Gap):
                return page
            keep(page)
            rows.add(page)
            read += json_members.count(page.document, "data") or 0
            token = json_members.named(page.document, "$skipToken")
            found = {str(row.get("id")).lower() for row in json_members.objects(page.document, "data") or ()}
            is_loop = token in seen or found <= ids or len(seen) >= MOST_PAGES
            if token is None or is_loop:
                return _flaw(ask, page, read, is_loop=token is not None)
            seen.add(token)
            ids |= found

    def _ask(self, arm: Arm, subscriptions: Sequence[str], token: str | None) -> Ask:
        options = {"resultFormat": "objectArray", "$top": self._page}
        body = {
            "subscriptions": list(subscriptions),
            "query": self._words,
            "options": options | ({"$skipToken": token} if token else {}),
        }
        return Ask(
            kind=GRAPH,
            scope=RESOURCE_GRAPH_PATH,
            url=arm.url(RESOURCE_GRAPH_PATH, API_VERSION),
            api_version=API_VERSION,
            method="POST",
            body=json.dumps(body, separators=(",", ":")),
        )


def discovery_by(discover: Discover | None, arm: Arm, *others: Arm) -> Discovery | None:
    """Return the discovery that `--discover` asks for, None for `arm`."""
    if discover is Discover.ARM:
        return None
    return Discovery(arm, *others, leads=discover is Discover.GRAPH, is_demanded=discover is Discover.BOTH)


def _batches(chosen: Sequence[Subscription], size: int) -> Iterator[list[str]]:
    for start in range(0, len(chosen), size):
        yield [subscription.id for subscription in chosen[start : start + size]]


def is_unavailable(gap: Gap) -> bool:
    """Return whether the identity may not use Resource Graph, or this cloud has none."""
    return gap.http_status in (403, 404) or gap.code in _NOT_THERE


def _flaw(ask: Ask, last: Payload, read: int, *, is_loop: bool) -> Gap | None:
    """Return a gap if a query that has no next page is not complete."""
    total = json_members.member(last.document, "totalRecords")
    if json_members.count(last.document, "data") is None:
        code, message = "DataNotAList", "The page has no array of rows."
    elif is_loop:
        code, message = "SkipTokenLoop", "The next page was already read; the rows never end."
    elif is_truncated(last.document):
        code, message = (
            "ResultTruncated",
            f"The result is cut off after {read} rows, and no token leads to the rest.",
        )
    elif total != read:
        code, message = "CountsDiffer", f"Resource Graph counts {total} rows and returned {read}."
    else:
        return None
    return gaps.unreadable(ask, code, message, request_id=last.request_id, about=last.id)
