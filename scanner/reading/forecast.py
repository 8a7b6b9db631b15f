"""Forecasts how many requests a scan sends, by kind, from the workspaces in each subscription and region.

`azml-audit scan --plan` calls it. A kind that depends on the workspaces themselves, such as endpoints, has no limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from scanner.azure.pipeline import Patience
from scanner.payloads.answers import (
    ADDRESS_RULES,
    NETWORK_PROVIDER,
    PERIMETERS,
    PRIVATE_ENDPOINTS,
    ROLE_ASSIGNMENTS,
    VIRTUAL_NETWORKS,
)
from scanner.reading.api_versions import SHOW_ADDRESS_RULES
from scanner.reading.associated import WORTH_A_LIST
from scanner.reading.collection import Collection
from scanner.reading.learning import SAMPLE
from scanner.reading.resource_lists import ASSOCIATED_LISTS
from scanner.tables.associated import ASSOCIATED, TYPES
from scanner.tables.children import CHILDREN, is_wanted

PAGE, FEWEST = 50, 20
"""The items that a page of workspaces is expected to have, and the fewest that the upper limit allows for."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number of requests: at least, as expected, and at most. `most` is None if there is no known limit."""

    least: int
    expected: int
    most: int | None

    def __add__(self, other: Range) -> Range:
        """Add two numbers of requests."""
        most = None if self.most is None or other.most is None else self.most + other.most
        return Range(least=self.least + other.least, expected=self.expected + other.expected, most=most)


Regions = Mapping[str, int]
"""The number of workspaces in each region."""

NOTHING = Range(least=0, expected=0, most=0)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The requests of a scan by kind and in all, and the time that the bucket of Azure Resource Manager takes.

    `largest` is the subscription with the most requests, "" if there is none, and `in_largest` their expected number.
    `seconds` is the time in which that subscription's bucket allows them.
    """

    kinds: Mapping[str, Range]
    total: Range
    largest: str
    in_largest: int
    seconds: float


def forecast(
    workspaces: Mapping[str, Regions],
    collection: Collection,
    patience: Patience,
    before: Mapping[str, int],
    *,
    lists_empty: bool = True,
) -> Forecast:
    """Forecast the scan of subscriptions with these numbers of workspaces. They share the proofs of each region.

    `before` are the requests by kind that find subscriptions and count workspaces: the scan sends them again. With
    `lists_empty`, subscriptions without workspaces are listed too.
    """
    kinds = {kind: Range(least=count, expected=count, most=count) for kind, count in before.items()}
    expected: dict[str, int] = {}
    for subscription, regions in workspaces.items():
        own = dict(_of_subscription(regions, collection)) if regions or lists_empty else {}
        expected[subscription] = sum(each.expected for each in own.values())
        for kind, each in own.items():
            kinds[kind] = kinds.get(kind, NOTHING) + each
    for kind, count in _proved_elsewhere([*workspaces.values()], collection):
        kinds[kind] = kinds.get(kind, NOTHING) + Range(least=0, expected=-count, most=0)
    largest = max(sorted(expected), key=expected.__getitem__, default="")
    in_largest = expected.get(largest, 0)
    return Forecast(
        kinds=dict(sorted(kinds.items())),
        total=sum(kinds.values(), NOTHING),
        largest=largest,
        in_largest=in_largest,
        seconds=max(0.0, (in_largest - patience.burst) / patience.reads_per_second),
    )


def _proofs(regions: Regions) -> int:
    """Return how many single reads prove the lists of these regions."""
    return sum(min(count, SAMPLE) for count in regions.values())


def _proved_elsewhere(every: Sequence[Regions], collection: Collection) -> Iterator[tuple[str, int]]:
    """Yield by kind how many proofs a subscription does not need, because another one proves the same region."""
    if collection.asks_everybody:
        return
    large = [each for each in every if sum(each.values()) >= WORTH_A_LIST]
    if collection.members_in_lists:
        yield "workspace", sum(map(_proofs, every)) - _proofs(sum(map(Counter, every), Counter()))
    if ASSOCIATED in collection.kinds:
        shared = sum(map(_proofs, large)) - _proofs(sum(map(Counter, large), Counter()))
        yield ASSOCIATED, shared * len(TYPES)


def _of_subscription(regions: Regions, collection: Collection) -> Iterator[tuple[str, Range]]:
    """Yield the requests in one subscription, by kind."""
    count = sum(regions.values())
    kinds, some = collection.kinds, min(count, 1)
    pages, most_pages = (max(1, ceil(count / size)) for size in (PAGE, FEWEST))
    yield "workspaces", Range(least=1, expected=pages, most=most_pages)
    yield "provider", Range(least=0, expected=0, most=1)
    if ADDRESS_RULES in collection.members:
        yield (
            ADDRESS_RULES,
            Range(least=0, expected=pages * some, most=(most_pages + len(SHOW_ADDRESS_RULES)) * some),
        )
    if NETWORK_PROVIDER in kinds:
        yield NETWORK_PROVIDER, Range(least=0, expected=some, most=some)
    if collection.asks_everybody:
        yield "workspace", Range(least=count, expected=count, most=count)
    elif collection.members_in_lists:
        yield "workspace", Range(least=0, expected=_proofs(regions), most=count)
    yield from _of_children(count, kinds)
    yield from _associated(count, _proofs(regions), collection)
    yield from _beside(count, kinds)


def _of_children(count: int, kinds: frozenset[str]) -> Iterator[tuple[str, Range]]:
    """Yield the lists below workspaces. Each is expected to have one page."""
    for child in CHILDREN:
        if not is_wanted(child, kinds):
            continue
        if child.below:
            yield child.kind, Range(least=0, expected=0, most=None if count else 0)
        elif child.is_in_body:
            expected = count if child.kind == "outboundRules" else 0
            yield child.kind, Range(least=0, expected=expected, most=count)
        else:
            yield child.kind, Range(least=count, expected=count, most=count)


def _associated(count: int, proofs: int, collection: Collection) -> Iterator[tuple[str, Range]]:
    """Yield the lists and single reads of the resources that workspaces name: each is expected to have its own.

    Lists may have any number of pages, because other teams have resources in them.
    """
    if ASSOCIATED not in collection.kinds:
        return
    resources = expected = count * len(TYPES)
    if count >= WORTH_A_LIST and not collection.asks_everybody:
        expected = proofs * len(TYPES)
        pages = ceil(count / PAGE) * len(TYPES)
        yield ASSOCIATED_LISTS, Range(least=0, expected=pages, most=None)
    yield ASSOCIATED, Range(least=0, expected=expected, most=resources)


def _beside(count: int, kinds: frozenset[str]) -> Iterator[tuple[str, Range]]:
    """Yield the reads beside workspaces and their resources: each is expected to have its own, and all types."""
    unlimited = None if count else 0
    if PERIMETERS in kinds:
        lists = count * sum(bool(each.perimeters) for each in TYPES)
        yield PERIMETERS, Range(least=0, expected=lists, most=lists)
    if PRIVATE_ENDPOINTS in kinds:
        yield PRIVATE_ENDPOINTS, Range(least=0, expected=count, most=unlimited)
    if ROLE_ASSIGNMENTS in kinds:
        yield ROLE_ASSIGNMENTS, Range(least=0, expected=2 * count, most=unlimited)
    if VIRTUAL_NETWORKS in kinds:
        yield VIRTUAL_NETWORKS, Range(least=0, expected=0, most=unlimited)
