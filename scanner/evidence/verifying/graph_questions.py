"""Record which pages of queries to Resource Graph were asked for and answered. The `ledger` fills it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scanner.payloads import json_members
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Gap, Payload
from scanner.reading.discovery import QUERY
from scanner.tables.graph_rows import GraphRows, asked_subscriptions

Subscriptions = tuple[str, ...]


@dataclass
class _Query:
    """The pages of one query: the tokens that were asked for and that answers lead to, its rows and its counts."""

    asked: dict[str, str] = field(default_factory=dict)
    led_to: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    totals: list[Any] = field(default_factory=list)
    is_refused: bool = False

    def problem(self) -> str:
        """Return what is missing, "" if nothing is."""
        for token, page in self.led_to.items():
            if token not in self.asked:
                return (
                    f"{page} leads to a next page of Resource Graph, and there is no answer, refusal or gap."
                )
        if not self.is_refused and self.rows not in self.totals:
            page = next(iter(self.asked.values()))
            return f"{page}: Resource Graph counts {self.totals} rows, and its pages have {self.rows:,}."
        return ""


@dataclass
class GraphQueries:
    """The queries of one bundle, by the subscriptions that each is about."""

    rows: GraphRows = field(default_factory=GraphRows)
    subscriptions: set[str] = field(default_factory=set)
    """The subscriptions that any query is about."""
    _queries: dict[Subscriptions, _Query] = field(default_factory=dict)
    _other: list[str] = field(default_factory=list)
    _explained: set[str] = field(default_factory=set)
    _unattributed: int = 0

    @property
    def were_sent(self) -> bool:
        """Return whether any query was sent."""
        return bool(self._queries)

    def add(self, page: Payload, *, is_answer: bool) -> None:
        """Add an answer, or a refusal."""
        body, subscriptions = parsed(page.request_body.encode()), asked_subscriptions(page.request_body)
        self.subscriptions.update(subscriptions)
        query = self._queries.setdefault(subscriptions, _Query())
        query.asked[json_members.named(body, "options", "$skipToken") or ""] = page.id
        if json_members.member(body, "query") != QUERY:
            self._other.append(page.id)
        if not is_answer:
            query.is_refused = True
            return
        self.rows.add(page)
        query.rows += json_members.count(page.document, "data") or 0
        query.totals.append(json_members.member(page.document, "totalRecords"))
        if token := json_members.named(page.document, "$skipToken"):
            query.led_to[token] = page.id

    def add_gap(self, gap: Gap) -> None:
        """Add a gap, which explains one query: that of the page it is about, or any."""
        if gap.about:
            self._explained.add(gap.about)
        else:
            self._unattributed += 1

    def problems(self) -> Iterator[str]:
        """Yield a text for everything that no query of azml-audit gives."""
        for page in self._other[:1]:
            yield f"{page}: Resource Graph answered another query than azml-audit sends."
        for query in self._queries.values():
            for token, page in query.asked.items():
                if token and token not in query.led_to:
                    yield f"{page} is a later page that no answer leads to."
        found = [(query, text) for query in self._queries.values() if (text := query.problem())]
        open_ = [text for query, text in found if self._explained.isdisjoint(query.asked.values())]
        if len(open_) > self._unattributed:
            yield from open_
