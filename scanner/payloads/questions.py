"""The questions that the scanner asks Azure. The reader builds them, the pipeline sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from scanner.payloads.json_members import without_slash

_USUAL_URL = re.compile(r"https://[\w.:-]+((?:/[\w.-]+)+)\?api-version=[\w-]+", re.ASCII)
"""A URL as the reader writes it. Parsing it as any URL takes ten times as long, and every answer needs it twice."""

Matter = tuple[str, str, str, str, tuple[tuple[str, str], ...], str]
"""The subject of a question, whatever the api-version and the spelling of its URL."""

Question = tuple[str, str, str, str, str]
"""The identity of a question: kind, scope, method, URL and body."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question: what kind, about which resource id, at which URL and api-version.

    `body` is the body of a POST, such as a Resource Graph query. If the resource `may_be_missing`, a 404 is
    an answer and no gap.
    """

    kind: str
    scope: str
    url: str
    api_version: str
    subscription_id: str | None = None
    may_be_missing: bool = False
    method: str = "GET"
    body: str = ""

    @property
    def request(self) -> str:
        """The method and the URL, for people."""
        return f"{self.method} {self.url}"

    @property
    def question(self) -> Question:
        """Return the identity of the question."""
        return self.kind, self.scope, self.method, self.url, self.body

    @property
    def matter(self) -> Matter:
        """Return the subject of the question. One scan answers it once, at one api-version.

        The case of names and parameters without a value do not make another question.
        """
        if self.url.startswith("file:"):
            return self.kind, self.scope.lower(), self.method, self.url, (), self.body
        return self.kind, self.scope.lower(), self.method, path_of(self.url), _parameters(self.url), self.body

    @property
    def is_later_page(self) -> bool:
        """Return whether the URL has a parameter beside api-version and filter, as only a link to a next page has."""
        return any(name != "$filter" for name, _ in _parameters(self.url))


def path_of(url: str) -> str:
    """Return the decoded path of a URL in the form for comparison: lower-case, without a slash at its end.

    "" if the URL cannot be read.
    """
    if usual := _USUAL_URL.fullmatch(url):
        return usual[1].lower()
    try:
        return without_slash(unquote(urlsplit(url).path)).lower()
    except ValueError:
        return ""


def filter_of(url: str) -> str:
    """Return the filter of a URL with its name, "" if it has none."""
    return "&".join(f"{name}={value}" for name, value in _parameters(url) if name == "$filter")


def version_of(url: str) -> str:
    """Return the api-version in a URL, "" if it has none or several."""
    try:
        found = [value for name, value in parse_qsl(urlsplit(url).query) if name.lower() == "api-version"]
    except ValueError:
        return ""
    return found[0] if len(found) == 1 else ""


def _parameters(url: str) -> tuple[tuple[str, str], ...]:
    if _USUAL_URL.fullmatch(url):
        return ()
    try:
        pairs = parse_qsl(urlsplit(url).query)
    except ValueError:
        return (("", url),)
    return tuple(sorted((name.lower(), value) for name, value in pairs if name.lower() != "api-version"))
