"""Resource Graph as the emulator plays it: one query, pages, a quota for its user, and what it leaves out.

Bodies, headers and codes are those of the Resource Graph documentation and of refusals quoted in issues of
Azure/azure-cli-extensions (3325) and Azure/aztfexport (410), read in November 2026.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scanner.emulator.answers import Answer, encoded, refusal
from scanner.emulator.directory import Directory
from scanner.emulator.envelopes import ArmError, graph_error, missing_api_version, unsupported_api_version
from scanner.emulator.routes import Target
from scanner.emulator.tenants.tenant import Graph
from scanner.emulator.versions import WORKSPACES, Document

_QUERY = re.compile(
    rf"resources\s*\|\s*where type =~ '{re.escape(WORKSPACES)}'\s*"
    r"\|\s*project id(, \w+)*\s*\|\s*order by id asc",
    re.IGNORECASE,
)
_MOST_ROWS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """The question in the body of a query: the subscriptions, the first row, and the most rows."""

    subscriptions: frozenset[str]
    start: int
    rows: int


class Quota:
    """The quota of one user: a number of queries in each window of time."""

    def __init__(self, queries: int, window: float) -> None:
        """`window` is in seconds; it opens with the first query in it."""
        self._queries, self._window = queries, window
        self._used, self._opened_at = 0, float("-inf")

    def taken(self, now: float) -> bool:
        """Take one query; False where none is left."""
        if now - self._opened_at >= self._window:
            self._used, self._opened_at = 0, now
        self._used += 1
        return self._used <= self._queries

    def headers(self, now: float) -> dict[str, str]:
        """Return the rest of the quota as the headers of Resource Graph."""
        seconds = max(1, round(self._opened_at + self._window - now))
        return {
            "x-ms-user-quota-remaining": str(max(0, self._queries - self._used)),
            "x-ms-user-quota-resets-after": f"00:{seconds // 60:02}:{seconds % 60:02}",
        }


def graph_answer(directory: Directory, target: Target, version: str, body: bytes) -> Answer:
    """Return Resource Graph's answer to this query."""
    offered = directory.versions(target)
    if not version:
        return refusal(missing_api_version())
    if version.lower() not in offered:
        return refusal(unsupported_api_version(target, version, offered))
    if not directory.may_query:
        return refusal(graph_error(403))
    question = _question(body)
    if isinstance(question, ArmError):
        return refusal(question)
    return _page(directory.in_graph(question.subscriptions), question, directory.graph)


def _page(rows: Sequence[Document], question: _Question, graph: Graph) -> Answer:
    """A page of rows; `resultTruncated` is a string, and "true" while there is more."""
    end = question.start + question.rows if graph.cut_after is None else graph.cut_after
    shown = rows[question.start : end]
    is_cut = end < len(rows)
    content: Document = {
        "totalRecords": len(rows) + graph.miscounted,
        "count": len(shown),
        "data": shown,
        "facets": [],
        "resultTruncated": str(is_cut).lower(),
    }
    if is_cut and graph.cut_after is None:
        content["$skipToken"] = base64.b64encode(str(end).encode()).decode()
    return Answer(status=200, body=encoded(content), page=question.start // question.rows + 1)


def _question(body: bytes) -> _Question | ArmError:
    """The question in a body, or why it is none that the emulator knows."""
    try:
        asked: Any = json.loads(body)
        options = asked.get("options") or {}
        if not _QUERY.fullmatch(asked["query"].strip()):
            return graph_error(400, "The emulator knows one query only: the workspaces, ordered by id.")
        return _Question(
            subscriptions=frozenset(str(each).lower() for each in asked["subscriptions"]),
            start=int(base64.b64decode(options["$skipToken"])) if "$skipToken" in options else 0,
            rows=min(int(options.get("$top", _MOST_ROWS)), _MOST_ROWS),
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        return graph_error(400, f"The query could not be read: {error!r}")
