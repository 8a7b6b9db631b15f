"""Reads many resources of one type with one list instead of one request each, where the list has what is read.

A list takes one request for a page of resources, and Storage allows far more reads this way: 800 single reads in
5 minutes for each subscription and region (https://learn.microsoft.com/azure/storage/common/scalability-targets-resource-provider).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from scanner.azure.arm import Arm
from scanner.payloads import json_members
from scanner.payloads.answers import payload_or_gap
from scanner.payloads.bodies import written
from scanner.payloads.pages import items_on, values
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.tables.associated import ASSOCIATED, AssociatedType, facts_of
from scanner.tables.rows import Row

ASSOCIATED_LISTS = "associatedResources"
"""The name of the lists in forecasts. Their pages are not kept: each named item is an answer about a resource."""

FEW_IN = 10
"""A list is left if fewer than one of so many items is named by a workspace. Other teams own the others."""

ITEMS_BEFORE_LEAVING = 50

SINGLY_AT_ONCE = 16
"""The most resources of a subscription and type that are read singly at once.

A provider that throttles them so does not hold all the slots of the subscription.
"""

PROOFS = 3
"""So many single reads prove that a fact which no list item shows is not set, and not hidden by lists."""

Question = Callable[[AssociatedType, str], Ask]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A resource on a page of a list, as the answer about it."""

    key: str
    region: str
    answer: Payload
    facts: Row

    @property
    def shows(self) -> set[str]:
        """The names of the facts that are not those of an absent member."""
        return {name for name, value in self.facts.items() if value or value is False}


@dataclass(kw_only=True)
class _Trust:
    """The results of single reads about lists of one type and region. One api-version is read of each type."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    agreed: int = 0
    is_broken: bool = False
    shown: set[str] = field(default_factory=set)

    def covers(self, found: _Found) -> bool:
        """Check whether the item can replace a single read."""
        is_shown = found.facts.keys() - found.shows <= self.shown
        return self.agreed >= (1 if is_shown else PROOFS)


class ResourceLists:
    """Reads lists, and reads singly what they lack.

    The first resource of each type and region is read both ways, and up to `PROOFS` if there are facts that no item
    shows: Azure leaves out what is not set. If a single read has a fact that the list lacks, or another value, all
    other resources of that type and region are read singly.
    """

    def __init__(self, arm: Arm, keep: Keep, question: Question) -> None:
        """Trust no list yet. `question` returns the question about a single resource."""
        self._arm = arm
        self._keep = keep
        self._question = question
        self._trust: defaultdict[tuple[str, str], _Trust] = defaultdict(_Trust)

    async def read(self, each: AssociatedType, subscription_id: str, ids: Mapping[str, str]) -> None:
        """Keep one answer for each of the ids, which are of this type and subscription. They are given by key."""
        found = await self._found(each, subscription_id, ids)
        regions: defaultdict[str, list[_Found]] = defaultdict(list)
        for one in found.values():
            regions[one.region].append(one)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._singly(each, (ids[key] for key in ids if key not in found)))
            for region, some in regions.items():
                group.create_task(self._of_region(each, region, sorted(some, key=lambda one: one.key)))

    async def _found(
        self, each: AssociatedType, subscription_id: str, ids: Mapping[str, str]
    ) -> dict[str, _Found]:
        """Return the named resources that the list shows. A refused or broken list shows what came before."""
        found: dict[str, _Found] = {}
        seen, number = 0, 0
        ask = self._list(each, subscription_id)
        async for page in self._arm.pages(await self._arm.get(ask)):
            if isinstance(page, Gap):
                break
            number += 1
            total = len(values(page.document) or ())
            seen += total
            for one in _items(page, each, ids, ask, number):
                found.setdefault(one.key, one)
            is_poor = seen >= ITEMS_BEFORE_LEAVING and len(found) * FEW_IN < seen
            if len(found) == len(ids) or is_poor:
                break
        return found

    async def _of_region(self, each: AssociatedType, region: str, found: list[_Found]) -> None:
        """Keep what the list shows of one region if it can be trusted there, else read singly."""
        trust = self._trust[each.role, region]
        async with trust.lock:
            trust.shown.update(*(one.shows for one in found))
            left = []
            for one in found:
                if trust.is_broken or trust.covers(one):
                    left.append(one)
                else:
                    await self._compare(each, one, trust)
        if trust.is_broken:
            await self._singly(each, (one.answer.scope for one in left))
        else:
            for one in left:
                self._keep(one.answer)

    async def _compare(self, each: AssociatedType, found: _Found, trust: _Trust) -> None:
        """Read an item of a list singly as well, and learn whether the list can be trusted."""
        single = await self._arm.get(self._question(each, found.answer.scope))
        self._keep(single)
        if isinstance(single, Payload) and single.status == 200:
            trust.agreed += 1
            trust.is_broken = facts_of(single, each.role) != found.facts

    async def _singly(self, each: AssociatedType, ids: Iterable[str]) -> None:
        places = asyncio.Semaphore(SINGLY_AT_ONCE)

        async def resource(resource_id: str) -> None:
            async with places:
                self._keep(await self._arm.get(self._question(each, resource_id)))

        async with asyncio.TaskGroup() as group:
            for resource_id in ids:
                group.create_task(resource(resource_id))

    def _list(self, each: AssociatedType, subscription_id: str) -> Ask:
        scope = f"/subscriptions/{subscription_id}"
        return Ask(
            kind=each.resource_type.rpartition("/")[2],
            scope=scope,
            url=self._arm.url(f"{scope}/providers/{each.resource_type}", each.api_version),
            api_version=each.api_version,
            subscription_id=subscription_id,
        )


def _items(
    page: Payload, each: AssociatedType, ids: Mapping[str, str], first: Ask, number: int
) -> Iterator[_Found]:
    """Yield the named resources on a page of a list, whose first page is asked for by `first`."""
    on_page = items_on(page)
    total = len(values(page.document) or ())
    for position, item in on_page.items:
        key, pointer = json_members.key(item["id"]), f"/{on_page.member}/{position}/"
        if key in ids:
            answer = replace(
                page,
                kind=ASSOCIATED,
                scope=ids[key],
                url=first.url,
                api_version=first.api_version,
                redactions=tuple(
                    place.removeprefix(pointer[:-1]) for place in page.redactions if place.startswith(pointer)
                ),
                may_be_missing=True,
                of_list=f"item {position + 1} of {total} on page {number}; the others are not kept",
                body=written(item),
                document=item,
            )
            region = (json_members.named(item, "location") or "").lower().replace(" ", "")
            if isinstance(payload_or_gap(answer), Payload):
                yield _Found(key=key, region=region, answer=answer, facts=facts_of(answer, each.role))
