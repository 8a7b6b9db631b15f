"""Injects faults into answers; keeps how often each may still strike, and the token buckets."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from scanner.emulator.alterations import ALTERATIONS, LIST_ALTERATIONS, challenge
from scanner.emulator.answers import Answer, encoded, refusal
from scanner.emulator.envelopes import (
    ArmError,
    authorization_failed,
    graph_error,
    invalid_token,
    missing_registration,
    not_found,
    provider_throttled,
    subscription_not_found,
    throttled,
    unavailable,
    unsupported_api_version,
)
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.routes import FIRST_PAGE, GRAPH, Target

_REFUSALS = (
    FaultKind.STATUS,
    FaultKind.TOKEN_BUCKET,
    FaultKind.PROVIDER_LIMIT,
    FaultKind.CLAIMS_CHALLENGE,
)
_BREAKAGES = (FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.SLOW_BODY, FaultKind.RAW)
_LINK_KINDS = (
    *(FaultKind.FOREIGN_NEXT_LINK, FaultKind.NEXT_LINK_LOOP, FaultKind.NULL_VALUE),
    *(FaultKind.ENDLESS_NEXT_LINK, FaultKind.OTHER_LIST_NEXT_LINK),
)


@dataclass(kw_only=True)
class _Bucket:
    tokens: float
    filled_at: float

    def wait(self, fault: Fault, now: float) -> float:
        """Takes a token and returns 0, or the seconds until there is one."""
        self.tokens = min(fault.capacity, self.tokens + (now - self.filled_at) * fault.refill)
        self.filled_at = now
        if self.tokens < 1:
            return (1 - self.tokens) / fault.refill
        self.tokens -= 1
        return 0.0


@dataclass(kw_only=True)
class _Window:
    """Counts requests from the first one on, and starts again when the time is over."""

    began_at: float
    taken: int = 0

    def wait(self, fault: Fault, now: float) -> float:
        """Counts a request and returns 0, or the seconds until the window ends."""
        if now >= self.began_at + fault.seconds:
            self.began_at, self.taken = now, 0
        if self.taken >= fault.capacity:
            return self.began_at + fault.seconds - now
        self.taken += 1
        return 0.0


class Injector:
    """Decides which fault strikes which request, in the order the faults were given."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Starts with every counter at none and every bucket full."""
        self._faults = tuple(faults)
        self._struck = [0] * len(self._faults)
        self.struck_paths: list[str] = []
        self._buckets: dict[tuple[int, str | None], _Bucket] = {}
        self._windows: dict[tuple[int, str | None, str], _Window] = {}
        self._drawn: Counter[tuple[int, str, int | None]] = Counter()

    def latency(self, target: Target, page: int | None) -> float:
        """Seconds to wait before anything is answered: those of all latency faults that strike."""
        return sum(
            self._faults[position].seconds
            for position in self._striking((FaultKind.LATENCY,), target, page)
            if self._strike(position, target)
        )

    @property
    def is_idle(self) -> bool:
        """Return whether there is no fault at all to inject."""
        return not self._faults

    def breakage(self, target: Target, page: int | None) -> Fault | None:
        """The fault, if any, because of which this answer shall not come whole."""
        return self._first(_BREAKAGES, target, page)

    def refusal(self, target: Target, usual: Answer, now: float, supported: Collection[str]) -> Answer | None:
        """The error to answer instead of the usual answer, with its Retry-After, if a fault that refuses strikes.

        `now` is a clock in seconds that never goes back; `supported` are the api-versions a 400 lists.
        """
        for position in self._striking(_REFUSALS, target, usual.page):
            fault = self._faults[position]
            if fault.kind is FaultKind.CLAIMS_CHALLENGE:
                self._strike(position, target)
                return challenge()
            if fault.kind is FaultKind.STATUS:
                self._strike(position, target)
                return refusal(error_of(fault, target, supported), fault.retry_after)
            is_provider = fault.kind is FaultKind.PROVIDER_LIMIT
            count = self._window(position, target, usual, now) if is_provider else None
            wait = (count or self._bucket(position, target, now)).wait(fault, now)
            if wait and self._strike(position, target):
                seconds = fault.retry_after if fault.retry_after is not None else float(math.ceil(wait))
                operation = "Read" if usual.page is None else "List"
                error = provider_throttled(operation) if is_provider else throttled(target, seconds)
                return refusal(error, seconds)
        return None

    def altered(self, answer: Answer, target: Target, own_url: str, foreign_url: str) -> Answer:
        """The answer spoiled if a fault that spoils strikes; a refusal stays as it is."""
        if answer.status != 200:
            return answer
        of_list = () if answer.page is None else (*_LINK_KINDS, *LIST_ALTERATIONS)
        fault = self._first((*ALTERATIONS, *of_list), target, answer.page)
        if fault is None:
            return answer
        if fault.kind in _LINK_KINDS:
            links = {
                FaultKind.FOREIGN_NEXT_LINK: foreign_url,
                FaultKind.NEXT_LINK_LOOP: own_url,
                FaultKind.ENDLESS_NEXT_LINK: f"{own_url}&n={len(self.struck_paths)}",
                FaultKind.OTHER_LIST_NEXT_LINK: own_url.replace(target.spelled, "/subscriptions/x/resources"),
            }
            return _misled(answer, target, links.get(fault.kind))
        return {**ALTERATIONS, **LIST_ALTERATIONS}[fault.kind](answer, fault)

    def _striking(self, kinds: Collection[FaultKind], target: Target, page: int | None) -> list[int]:
        return [
            position
            for position, fault in enumerate(self._faults)
            if fault.kind in kinds
            and self._is_left(position)
            and fault.strikes(target, page)
            and self._is_drawn(position, target, page)
        ]

    def _first(self, kinds: Collection[FaultKind], target: Target, page: int | None) -> Fault | None:
        for position in self._striking(kinds, target, page):
            self._strike(position, target)
            return self._faults[position]
        return None

    def _is_drawn(self, position: int, target: Target, page: int | None) -> bool:
        """Return whether the lot falls on this request; the n-th one for a page has the same lot in every run."""
        fault = self._faults[position]
        if fault.rate is None:
            return True
        key = position, target.path, page
        self._drawn[key] += 1
        lot = sha256(repr((fault.seed, key, self._drawn[key])).encode()).digest()
        return int.from_bytes(lot[:8]) < fault.rate * 2**64

    def _is_left(self, position: int) -> bool:
        times = self._faults[position].times
        return times is None or self._struck[position] < times

    def _strike(self, position: int, target: Target) -> bool:
        self._struck[position] += 1
        self.struck_paths.append(target.path)
        return True

    def _bucket(self, position: int, target: Target, now: float) -> _Bucket:
        fresh = _Bucket(tokens=self._faults[position].capacity, filled_at=now)
        return self._buckets.setdefault((position, target.subscription), fresh)

    def _window(self, position: int, target: Target, usual: Answer, now: float) -> _Window:
        """Return the count of the subscription and the region of the resource; a list has one for all regions."""
        region = str(json.loads(usual.body).get("location", "")) if usual.page is None else ""
        return self._windows.setdefault((position, target.subscription, region), _Window(began_at=now))


def _misled(answer: Answer, target: Target, next_link: str | None) -> Answer:
    """The list with this link to its next page, or without its values."""
    content = json.loads(answer.body)
    values, link = ("data", "$skipToken") if target.route == GRAPH else ("value", "nextLink")
    if next_link is None:
        content[values] = None
    else:
        content[link] = FIRST_PAGE if target.route == GRAPH else next_link
    return replace(answer, body=encoded(content))


def error_of(fault: Fault, target: Target, supported: Collection[str] = ()) -> ArmError:
    """The ARM error a STATUS fault answers with; `supported` are the api-versions a 400 lists."""
    usual = _usual_error(fault, target, supported)
    if target.route == GRAPH and fault.status in (403, 429):
        usual = graph_error(fault.status)
    return ArmError(
        status=fault.status,
        code=fault.code or usual.code,
        message=fault.message or usual.message,
        detail_target=usual.detail_target,
        detail=usual.detail,
    )


def _usual_error(fault: Fault, target: Target, supported: Collection[str]) -> ArmError:
    match fault.status:
        case 400:
            return unsupported_api_version(target, "of this request", supported)
        case 401:
            return invalid_token()
        case 403:
            return authorization_failed(target)
        case 404:
            is_subscription = target.route != "descendants" and target.scope.count("/") <= 2
            return subscription_not_found(target) if is_subscription else not_found(target)
        case 409:
            return missing_registration(target)
        case 429:
            return throttled(target, fault.retry_after)
        case _:
            return unavailable(fault.status)
