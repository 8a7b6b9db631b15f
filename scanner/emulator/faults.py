"""Faults that can be injected: what goes wrong, where, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from scanner.emulator.routes import ROUTES, UNAUTHENTICATED, Target


class FaultKind(StrEnum):
    """The kinds of faults."""

    STATUS = "status"
    LATENCY = "latency"
    RESET = "reset"
    TRUNCATE = "truncate"
    FOREIGN_NEXT_LINK = "foreign-next-link"
    NEXT_LINK_LOOP = "next-link-loop"
    ENDLESS_NEXT_LINK = "endless-next-link"
    OTHER_LIST_NEXT_LINK = "other-list-next-link"
    NULL_VALUE = "null-value"
    TOKEN_BUCKET = "token-bucket"  # noqa: S105 - a throttling bucket, no credential
    PROVIDER_LIMIT = "provider-limit"
    CLAIMS_CHALLENGE = "claims-challenge"
    SLOW_BODY = "slow-body"
    HTML = "html"
    WRONG_CHARSET = "wrong-charset"
    NOT_UTF8 = "not-utf8"
    GZIP_BOMB = "gzip-bomb"
    OVERSIZE = "oversize"
    TOO_DEEP = "too-deep"
    MISSING_MEMBERS = "missing-members"
    WRONG_TYPES = "wrong-types"
    UNKNOWN_ENUMS = "unknown-enums"
    STRANGE_NAMES = "strange-names"
    DUPLICATES = "duplicates"
    OTHER_CASE = "other-case"
    RAW = "raw"


_KINDS = {kind.value.replace("-", ""): kind for kind in FaultKind}
_PARSERS: dict[str, Callable[[str], object]] = {
    "route": str,
    "subscription": str,
    "resource": str,
    "page": int,
    "times": int,
    "status": int,
    "code": str,
    "message": str,
    "retry_after": float,
    "seconds": float,
    "capacity": float,
    "refill": float,
    "size": int,
    "rate": float,
    "seed": int,
    "header": str,
    "body": str,
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault and the requests it strikes.

    `route` None is every route but metadata and token; `resource` is a part of the path; `page` is a
    1-based page of a list; `times` is how many requests are struck, None for all. STATUS answers with
    `status` and the ARM error that belongs to it, or with `code` and `message`, and a Retry-After only
    if `retry_after` (seconds) is set. LATENCY waits `seconds`. TOKEN_BUCKET gives every subscription
    `capacity` requests, refilled by `refill` a second, and answers 429 when they are used up. PROVIDER_LIMIT
    is a provider's own count: `capacity` requests in `seconds` for each subscription and region. SLOW_BODY
    sends a byte every `seconds`. GZIP_BOMB and OVERSIZE answer with `size` bytes, unpacked. CLAIMS_CHALLENGE
    refuses the token as continuous access evaluation does. The kinds from MISSING_MEMBERS on spoil the items
    of a list, or the one document. With a `rate`, only that share of requests is struck, drawn from `seed`,
    the path and how often it was asked for: the same in every run. RAW writes an answer byte by byte: with
    `status`, with the lines of `header` instead of the usual headers of these names, and with `body` instead of
    the usual one, or with what `rewrite` makes of that.
    """

    kind: FaultKind
    route: str | None = None
    subscription: str | None = None
    resource: str | None = None
    page: int | None = None
    times: int | None = None
    status: int = 500
    code: str | None = None
    message: str | None = None
    retry_after: float | None = None
    seconds: float = 1.0
    capacity: float = 250.0
    refill: float = 25.0
    size: int = 16 * 1024 * 1024
    rate: float | None = None
    seed: int = 0
    header: str = ""
    body: str | None = None
    rewrite: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a route or number that can never strike."""
        if self.route is not None and self.route not in ROUTES:
            raise ValueError(f"unknown route {self.route!r}; allowed: {', '.join(ROUTES)}")
        if self.kind is not FaultKind.RAW and not 400 <= self.status <= 599:
            raise ValueError(f"status {self.status} is no error; allowed: 400 to 599")
        if any(number is not None and number < 1 for number in (self.page, self.times)):
            raise ValueError("page and times count from 1")
        if self.rate is not None and not 0 < self.rate <= 1:
            raise ValueError(f"rate {self.rate:g} is no share; allowed: above 0, to 1")
        if self.kind is FaultKind.PROVIDER_LIMIT and (self.capacity < 1 or self.seconds <= 0):
            raise ValueError("a provider limit needs a capacity of at least 1 and seconds above 0")
        if self.kind is FaultKind.TOKEN_BUCKET and (self.capacity < 1 or self.refill <= 0):
            raise ValueError("a token bucket needs a capacity of at least 1 and a refill above 0")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """A fault from "kind=status,route=workspaces,status=403"; a value may not hold a comma.

        Raises ValueError, listing what is allowed, for anything that is not understood.
        """
        pairs = [_pair(part) for part in text.split(",")]
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise ValueError(f"a field of {text!r} is given twice")
        if "kind" not in fields:
            raise ValueError(f"a fault needs kind=…; allowed: {', '.join(FaultKind)}")
        kind = _kind(fields.pop("kind"))
        values = {name: _value(name, value) for name, value in fields.items()}
        return cls(kind=kind, **values)  # type: ignore[arg-type]  # _PARSERS gives each field its type

    def strikes(self, target: Target, page: int | None) -> bool:
        """Return whether a request for `target`, on that page of a list, is one this fault is about."""
        return (
            self._is_route(target.route)
            and (self.subscription is None or self.subscription.lower() == target.subscription)
            and (self.resource is None or self.resource.lower() in target.path)
            and self.page in (None, page)
        )

    def _is_route(self, route: str) -> bool:
        return route not in UNAUTHENTICATED if self.route is None else route == self.route


def _pair(part: str) -> tuple[str, str]:
    name, separator, value = part.partition("=")
    name = name.strip().replace("-", "_")
    if not separator or name not in {"kind", *_PARSERS}:
        raise ValueError(
            f"cannot read {part!r}; allowed: kind=…, {', '.join(f'{name}=…' for name in _PARSERS)}"
        )
    return name, value.strip()


def _kind(value: str) -> FaultKind:
    try:
        return _KINDS[value.lower().replace("-", "").replace("_", "")]
    except KeyError:
        raise ValueError(f"unknown kind {value!r}; allowed: {', '.join(FaultKind)}") from None


def _value(name: str, value: str) -> object:
    try:
        return _PARSERS[name](value)
    except ValueError:
        raise ValueError(f"{name}={value!r} is not a number") from None
