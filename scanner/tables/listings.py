"""Rows that lists tell; of one told twice, and differently, the order of the pages decides nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from scanner.payloads.payload import Gap, Payload

Row = TypeVar("Row")


class Page(NamedTuple):
    """What a gap says of the page it is about; pages themselves are too large to be kept."""

    scope: str
    subscription_id: str | None
    kind: str
    request: str
    status: int
    request_id: str
    payload_id: str

    def lost(self, message: str) -> Gap:
        """The gap left by what could not be understood on it."""
        return Gap(
            scope=self.scope,
            subscription_id=self.subscription_id,
            asked=self.kind,
            request=self.request,
            http_status=self.status,
            code="MalformedItem",
            message=message,
            closes="Open an Azure support case; the log names the request id.",
            request_id=self.request_id,
            about=self.payload_id,
        )


def page_of(payload: Payload, payload_id: str) -> Page:
    """The page that this payload is, under that id; "" where nobody asks for it."""
    return Page(
        payload.scope,
        payload.subscription_id,
        payload.kind,
        f"{payload.method} {payload.url}",
        payload.status,
        payload.request_id,
        payload_id,
    )


def keep_one(kept: dict[str, Row], key: str, told: Row) -> None:
    """Keep what is told; where something else was told before, the order of the two decides nothing."""
    known = kept.setdefault(key, told)
    if known is not told and known != told:
        kept[key] = min(known, told, key=repr)


def given_up(rows: dict[str, Row]) -> Iterator[Row]:
    """The rows sorted by key; what was handed out is not kept."""
    for key in sorted(rows):
        yield rows.pop(key)


class Listings(Generic[Row]):
    """Rows of one kind, by key, in the order in which pages told them first."""

    def __init__(self, id_of: Callable[[Row], str]) -> None:
        """Nothing told yet; `id_of` gives a row's id as it was spelled."""
        self.rows: dict[str, Row] = {}
        self._id_of = id_of
        self._pages: list[Page] = []
        self._starts: list[int] = []
        self._disputed: dict[str, list[tuple[Row, Page]]] = {}

    def begin(self, page: Page) -> None:
        """What is added from now on is told by this page."""
        self._pages.append(page)
        self._starts.append(len(self.rows))

    def add(self, key: str, row: Row) -> None:
        """The page tells this row."""
        known = self.rows.setdefault(key, row)
        if known is row or (known == row and key not in self._disputed):
            return
        if key not in self._disputed:
            self._disputed[key] = [(known, self._first_to_tell(key))]
        self._disputed[key].append((row, self._pages[-1]))
        self.rows[key] = min(known, row, key=repr)

    def _first_to_tell(self, key: str) -> Page:
        return self._pages[bisect_right(self._starts, list(self.rows).index(key)) - 1]

    def disputes(self) -> Iterator[Gap]:
        """The gap of every page that tells otherwise than the row that is kept.

        What differs in case alone is the same: Azure spells ids as it pleases.
        """
        for key, told in self._disputed.items():
            kept = repr(self.rows[key]).lower()
            for row, page in told:
                if repr(row).lower() != kept:
                    yield page.lost(f"{self._id_of(row)} is listed twice, and differently.")
