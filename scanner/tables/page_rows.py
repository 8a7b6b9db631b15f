"""Rows that come from paged lists. If two pages describe one id differently, the conflict becomes a gap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from scanner.payloads.pages import MALFORMED
from scanner.payloads.payload import Gap, Payload

Row = TypeVar("Row")


class Page(NamedTuple):
    """The members of a page that its gap reports. The payload itself is too large to keep."""

    scope: str
    subscription_id: str | None
    kind: str
    request: str
    status: int
    request_id: str
    payload_id: str

    def gap(self, message: str, code: str = MALFORMED) -> Gap:
        """Return the gap for something on the page that could not be used."""
        return Gap(
            scope=self.scope,
            subscription_id=self.subscription_id,
            asked=self.kind,
            request=self.request,
            http_status=self.status,
            code=code,
            message=message,
            closes="Open an Azure support case; the log names the request id.",
            request_id=self.request_id,
            about=self.payload_id,
        )


def page_of(payload: Payload, payload_id: str) -> Page:
    """Return the page that a payload is. Its id is passed in, because computing it costs a hash."""
    return Page(
        payload.scope,
        payload.subscription_id,
        payload.kind,
        f"{payload.method} {payload.url}",
        payload.status,
        payload.request_id,
        payload_id,
    )


def keep_one(kept: dict[str, Row], key: str, row: Row) -> None:
    """Keep one row for a key. Of two different rows the smaller `repr` stays, whichever came first."""
    known = kept.setdefault(key, row)
    if known is not row and known != row:
        kept[key] = min(known, row, key=repr)


def emptied(rows: dict[str, Row]) -> Iterator[Row]:
    """Yield the rows sorted by key, and remove each from `rows` so that its memory can be reused."""
    for key in sorted(rows):
        yield rows.pop(key)


class PagedRows(Generic[Row]):
    """Rows of one kind by key, with the pages that describe one row differently."""

    def __init__(self, id_of: Callable[[Row], str]) -> None:
        """Start empty. `id_of` returns a row's id as Azure spelled it."""
        self.rows: dict[str, Row] = {}
        self._id_of = id_of
        self._pages: list[Page] = []
        self._starts: list[int] = []
        self._disputed: dict[str, list[tuple[Row, Page]]] = {}

    def add_page(self, page: Page, rows: Iterable[tuple[str, Row]]) -> None:
        """Add the rows of a page by key."""
        self._pages.append(page)
        self._starts.append(len(self.rows))
        for key, row in rows:
            known = self.rows.get(key)
            if known is not None and (known != row or key in self._disputed):
                if key not in self._disputed:
                    self._disputed[key] = [(known, self._first_page(key))]
                self._disputed[key].append((row, page))
            keep_one(self.rows, key, row)

    def _first_page(self, key: str) -> Page:
        """Return the page that added the key. Rows stay in the order in which they were added."""
        return self._pages[bisect_right(self._starts, list(self.rows).index(key)) - 1]

    def disputes(self) -> Iterator[Gap]:
        """Return a gap for every page that describes a row differently from the row that is kept.

        A difference in case alone is none: Azure spells one id in several ways.
        """
        for key, versions in self._disputed.items():
            kept = repr(self.rows[key]).lower()
            for row, page in versions:
                if repr(row).lower() != kept:
                    yield page.gap(f"Two pages describe {self._id_of(row)} differently.")
