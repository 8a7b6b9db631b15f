"""Follows the pages of a list: where the next page is, and when a list that never ends is cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from scanner.azure.pipeline import is_same_origin
from scanner.payloads import gaps
from scanner.payloads.json_members import key, named
from scanner.payloads.pages import next_link, objects_on, values
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask, path_of

MOST_PAGES = 10_000
MOST_EMPTY = 100
"""Empty pages in a row that are followed. Azure lists some types region by region, with empty pages between."""

_NO_URL = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")


class Paging:
    """The pages of one list so far. A page must be in the same list, and the list must go on."""

    def __init__(self, first: Payload, endpoint: str) -> None:
        """Start with the first page, before `following` is called for it."""
        self._endpoint = endpoint
        self._path = path_of(first.url)
        self._urls = {first.url}
        self._ids: set[str] = set()
        self._empty = 0

    def following(self, page: Payload) -> Ask | Gap | None:
        """Return the question for the page after this one, a gap if it cannot be asked, None after the last."""
        link = next_link(page.document)
        if values(page.document) is None:
            found = type(page.document.get("value")).__name__
            message = f"The page has no array of values but {'null' if found == 'NoneType' else found}."
            return _no_next(page, "ValueNotAList", message)
        if link is None or link == "":
            return None
        if not isinstance(link, str) or not self._is_in_list(link):
            message = f"The next page is {_described(link)}, not in {self._endpoint}{self._path}."
            return _no_next(page, "ForeignNextLink", f"{message} No request was sent there.")
        if link in self._urls or not self._has_new_ids(page):
            return _no_next(page, "NextLinkLoop", "The next page repeats this list, so the list never ends.")
        if len(self._urls) >= MOST_PAGES:
            return _no_next(page, "TooManyPages", f"The list has more than {MOST_PAGES:,} pages.")
        self._urls.add(link)
        return _ask(page, link)

    def _has_new_ids(self, page: Payload) -> bool:
        """Record the ids of a page. A few empty pages in a row count as new."""
        found = {key(identity) for item in objects_on(page) if (identity := named(item, "id"))}
        self._empty = 0 if found else self._empty + 1
        is_new = not found <= self._ids if found else self._empty <= MOST_EMPTY
        self._ids |= found
        return is_new

    def _is_in_list(self, link: str) -> bool:
        """Check that the link is a plain URL of the cloud's endpoint with the path of the list."""
        if _NO_URL.search(link) or not is_same_origin(link, self._endpoint):
            return False
        return path_of(link) == self._path and "@" not in urlsplit(link).netloc


def _ask(page: Payload, link: str) -> Ask:
    return Ask(
        kind=page.kind,
        scope=page.scope,
        url=link,
        api_version=parse_qs(urlsplit(link).query).get("api-version", [page.api_version])[0],
        subscription_id=page.subscription_id,
    )


def _described(link: object) -> str:
    """Return where a link leads, without user information."""
    if not isinstance(link, str):
        return f"a {type(link).__name__}"
    try:
        parts = urlsplit(link)
    except ValueError:
        return "no URL"
    return f"at {parts.netloc.rpartition('@')[2] or 'no host'}{parts.path}"


def _no_next(page: Payload, code: str, message: str) -> Gap:
    ask = replace(page.ask, may_be_missing=False)
    return gaps.unreadable(ask, code, message, request_id=page.request_id, about=page.id)
