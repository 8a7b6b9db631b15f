"""Learns from single reads what the list of workspaces leaves out: what is not set, or more.

Azure leaves members out that are not set. So nearly every item of the list lacks a member, and the single read of
nearly every workspace lacks it too. `Learning` draws three workspaces for each api-version, region and member. If none
of the three single reads has the member, its absence in the list is its absence. If one has it, all workspaces of the
api-version and region whose items lack a member are read. The reader asks for the workspaces that are `due`, and
the evidence derives the same ones from the answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice

from scanner.payloads import json_members
from scanner.payloads.answers import payload_or_gap
from scanner.payloads.pages import items_on
from scanner.payloads.payload import Gap, Payload
from scanner.reading.workspace_reader import endpoints, has_own_network
from scanner.scope.wanted import Wanted
from scanner.scope.workspaces import Sorting
from scanner.tables.networks import PlacedEndpoint
from scanner.tables.workspaces import FROM_HUB, shows_managed_network

SAMPLE = 3
"""The single reads that prove that a list leaves out only what is not set."""

Likeness = tuple[str, str, bool]
"""The properties of workspaces that lists may treat alike: api-version, region, and `is_project`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incomplete:
    """A workspace whose item in the list lacks wanted members. `order` decides when the workspace is drawn."""

    id: str
    subscription_id: str
    api_version: str
    region: str
    is_project: bool
    lacks: frozenset[str]
    endpoints: tuple[PlacedEndpoint, ...]
    order: bytes

    @property
    def key(self) -> str:
        """The id as ids are compared."""
        return json_members.key(self.id)

    @property
    def likeness(self) -> Likeness:
        """The workspaces among which it is drawn."""
        return self.api_version, self.region, self.is_project


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The knowledge about one member from the single reads of like workspaces.

    `lacking` counts the workspaces whose list item lacks the member, and `read` those of them that were read singly.
    `answers` are the ids of the payloads that were drawn, and `brought_by` of those that have a member that the list
    left out in this api-version and region: at most three of each.
    """

    api_version: str
    region: str
    is_project: bool
    member: str
    lacking: int
    read: int
    answers: tuple[str, ...]
    brought_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Single:
    """A single read: its payload's id, its api-version and the names of the workspace's members."""

    id: str
    api_version: str
    members: frozenset[str]


class Learning:
    """Decides which workspaces are read singly, from the lists and the single reads so far, in any order."""

    def __init__(self, members: Iterable[str], wanted: Wanted | None = None) -> None:
        """Start with nothing read. `members` are wanted of each workspace in the scope that is `wanted`."""
        self._members = frozenset(members)
        self._wanted = wanted or Wanted()
        self._sortings: dict[str, Sorting] = {}
        self._left_out: dict[str, Sorting] = {}
        self._incomplete: dict[str, Incomplete] = {}
        self._singles: dict[str, _Single] = {}
        self._refused: set[str] = set()
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def passing(self, payloads: Iterable[Payload]) -> Iterator[Payload]:
        """Yield the payloads, and learn from each."""
        for payload in payloads:
            self.add(payload)
            yield payload

    def add(self, item: Payload | Gap) -> None:
        """Learn from a page of the list, a single read, or a gap in the place of one."""
        if isinstance(item, Gap):
            if item.asked == "workspace":
                self._refused.add(json_members.key(item.scope))
            return
        if item.kind not in ("workspaces", "workspace") or item.superseded or item.url.startswith("file:"):
            return
        answer = payload_or_gap(item)
        is_read = isinstance(answer, Payload) and answer.status == 200
        if item.kind == "workspaces":
            if is_read:
                self._add_page(item)
        elif is_read:
            self._add_single(item)
        else:
            self._refused.add(json_members.key(item.scope))

    def _add_single(self, answer: Payload) -> None:
        members = self._shared(member_names(answer.document) & self._members)
        single = _Single(id=answer.id, api_version=answer.api_version, members=members)
        self._singles[json_members.key(answer.scope)] = single

    def _add_page(self, page: Payload) -> None:
        owner = (page.subscription_id or "").lower()
        sorting = self._sortings.setdefault(owner, Sorting(self._wanted))
        for _, item in items_on(page).items:
            if not sorting.is_in_scope(item):
                self._left_out[json_members.key(item["id"])] = sorting
            own = has_own_network(item)
            missing = (self._members if own else self._members - FROM_HUB) - member_names(item)
            if (
                isinstance(item.get("properties"), dict)
                and shows_managed_network(page.api_version)
                and missing
            ):
                self._add_incomplete(item, page, self._shared(missing), is_project=not own)

    def _add_incomplete(
        self, item: json_members.Object, page: Payload, lacks: frozenset[str], *, is_project: bool
    ) -> None:
        """Add a workspace. If two items describe it differently, take the same one whatever their order."""
        key = json_members.key(item["id"])
        new = Incomplete(
            id=json_members.without_slash(item["id"]),
            subscription_id=page.subscription_id or "",
            api_version=page.api_version,
            region=(json_members.text(item, "location") or "").replace(" ", "").lower(),
            is_project=is_project,
            lacks=lacks,
            endpoints=endpoints(item),
            order=sha256(key.encode(errors="surrogatepass")).digest(),
        )
        old = self._incomplete.get(key, new)
        if old.likeness != new.likeness or old.lacks != new.lacks:
            lacks = self._shared(old.lacks | new.lacks)
            new = replace(min(old, new, key=lambda each: each.likeness), lacks=lacks)
        self._incomplete[key] = new

    def _shared(self, members: frozenset[str]) -> frozenset[str]:
        return self._sets.setdefault(members, members)

    def due(self) -> list[Incomplete]:
        """Return the workspaces to read singly now, in the order of drawing. Empty if nothing is left to learn."""
        incomplete = self._in_scope()
        hiding = {each.likeness[:2] for each in incomplete if self._brings(each)}
        found = {
            each.key: each
            for each in incomplete
            if (not each.region or each.likeness[:2] in hiding) and not self._is_asked(each)
        }
        for (likeness, _), lacking in self._classes().items():
            if likeness[:2] not in hiding:
                found |= {each.key: each for each in self._drawn(lacking) if not self._is_asked(each)}
        return sorted(found.values(), key=lambda each: each.order)

    def samples(self) -> list[Sample]:
        """Return what was learned, sorted by api-version, region, kind and member."""
        bringing: dict[tuple[str, str], list[Incomplete]] = defaultdict(list)
        for each in self._in_scope():
            if self._brings(each):
                bringing[each.api_version, each.region].append(each)
        return [
            Sample(
                api_version=likeness[0],
                region=likeness[1],
                is_project=likeness[2],
                member=member,
                lacking=len(lacking),
                read=sum(each.key in self._singles for each in lacking),
                answers=self._ids(each for each in lacking if self._is_comparable(each)),
                brought_by=self._ids(bringing[likeness[:2]]),
            )
            for (likeness, member), lacking in sorted(self._classes().items())
        ]

    def _in_scope(self) -> list[Incomplete]:
        """Return the incomplete workspaces in scope, and the hubs of Projects in scope, in the order of drawing."""
        found = [
            each
            for each in self._incomplete.values()
            if each.key not in self._left_out or each.key in self._left_out[each.key].hubs
        ]
        return sorted(found, key=lambda each: each.order)

    def _classes(self) -> dict[tuple[Likeness, str], list[Incomplete]]:
        """Return the workspaces that lack a member, by likeness and member, in the order of drawing."""
        found: dict[tuple[Likeness, str], list[Incomplete]] = defaultdict(list)
        for each in self._in_scope():
            for member in each.lacks if each.region else ():
                found[each.likeness, member].append(each)
        return found

    def _drawn(self, lacking: list[Incomplete]) -> Iterator[Incomplete]:
        """Yield the workspaces to read before the first three comparable single reads are known.

        A workspace that Azure refuses makes way for the next one. For each of those, one more than needed is drawn, so
        that many refusals take few rounds.
        """
        passed_over = [self._is_asked(each) and not self._is_comparable(each) for each in lacking]
        usable = (each for each, is_left in zip(lacking, passed_over, strict=True) if not is_left)
        sample = list(islice(usable, SAMPLE))
        missing = sum(not self._is_asked(each) for each in sample)
        if missing:
            waiting = (each for each in lacking if not self._is_asked(each))
            yield from islice(waiting, missing + sum(passed_over))

    def _brings(self, each: Incomplete) -> bool:
        single = self._singles.get(each.key)
        return single is not None and not each.lacks.isdisjoint(single.members)

    def _is_comparable(self, each: Incomplete) -> bool:
        """Return whether the single read has the api-version of the list. An older one may lack the member."""
        single = self._singles.get(each.key)
        return single is not None and single.api_version == each.api_version

    def _is_asked(self, each: Incomplete) -> bool:
        return each.key in self._singles or each.key in self._refused

    def _ids(self, incomplete: Iterable[Incomplete]) -> tuple[str, ...]:
        return tuple(self._singles[each.key].id for each in islice(incomplete, SAMPLE))


def member_names(workspace: json_members.Object) -> frozenset[str]:
    """Return the names of a workspace's own members and of its properties."""
    properties = workspace.get("properties")
    return frozenset({*workspace, *(properties if isinstance(properties, dict) else ())})
