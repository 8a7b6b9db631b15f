"""Read a bundle as a source of payloads, which are then processed like those from Azure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from scanner.errors import EvidenceError
from scanner.evidence.bounded_json import bounded
from scanner.evidence.manifest import (
    ATTESTATIONS,
    ATTESTED,
    DETACHED,
    MANIFEST,
    SealedFile,
    files_in,
    root_digest,
)
from scanner.evidence.opening import Bundle, opened, reading
from scanner.evidence.packing import CHUNK
from scanner.evidence.payload_files import gaps_in, payloads_in
from scanner.evidence.statement import STATEMENT, Statement, statement_in
from scanner.evidence.tally import Tally
from scanner.payloads import gaps
from scanner.payloads.answers import payload_or_gap
from scanner.payloads.pages import next_link
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A bundle whose files are those of its manifest."""

    bundle: Bundle
    root: str
    statement: Statement


def sealed(path: Path) -> Sealed:
    """Return the bundle at the path. Raises EvidenceError if a file is altered, missing or added."""
    bundle = opened(path)
    manifest = bounded(bundle, MANIFEST)
    wrong = alterations(bundle, files_in(manifest))
    if wrong:
        raise EvidenceError(f"{path}: {wrong[0]} Run `azml-audit verify {path}` for every difference.")
    return Sealed(
        bundle=bundle, root=root_digest(manifest), statement=statement_in(bounded(bundle, STATEMENT))
    )


def alterations(bundle: Bundle, listed: Mapping[str, SealedFile]) -> list[str]:
    """Return a text for every file that is altered, missing or added, compared with the manifest.

    The signature and the timestamp are compared with their own list, because no key covers all of their bytes.
    """
    there = set(bundle.names())
    wrong = _differing(bundle, MANIFEST, listed, there - DETACHED)
    try:
        attested = files_in(bounded(bundle, ATTESTATIONS), ATTESTATIONS) if ATTESTATIONS in there else {}
    except EvidenceError as error:
        return [*wrong, str(error)]
    return [*wrong, *_differing(bundle, ATTESTATIONS, attested, there & ATTESTED)]


def _differing(bundle: Bundle, by: str, listed: Mapping[str, SealedFile], there: set[str]) -> list[str]:
    """Return a text for every difference between the files present and those listed in the file `by`."""
    wrong = {name: f"{name} is missing: {by} lists it." for name in listed.keys() - there}
    wrong |= {name: f"{name} was added: {by} does not list it." for name in there - listed.keys()}
    for name in sorted(there & listed.keys()):
        found = _altered(bundle, listed[name], by)
        if found:
            wrong[name] = found
    return [wrong[name] for name in sorted(wrong)]


def _altered(bundle: Bundle, file: SealedFile, by: str) -> str:
    """Return how one file differs from its entry in the file `by`; "" if it does not."""
    hasher, size = sha256(), 0
    try:
        with reading(bundle, file.name) as content_:
            while chunk := content_.read(CHUNK):
                hasher.update(chunk)
                size += len(chunk)
    except EvidenceError as error:
        return str(error)
    if (size, hasher.hexdigest()) == (file.size, file.sha256):
        return ""
    return (
        f"{file.name} is altered, or {by} is: it has {size:,} bytes and SHA-256 {hasher.hexdigest()}, "
        f"not {file.size:,} bytes and {file.sha256}."
    )


@dataclass
class BundleSource:
    """The payloads and gaps of a bundle; a page that is missing from a list becomes a gap.

    `tally` counts them on the way, and `note` is called with each.
    """

    bundle: Bundle
    note: Callable[[Payload | Gap], None]
    tally: Tally = field(default_factory=Tally)

    async def read(self, keep: Keep) -> None:
        """Hand every payload, or the gap it leaves, and every gap to `keep`."""
        pages = Pages()
        for payload in payloads_in(self.bundle):
            self.tally.add(payload)
            self.note(payload)
            item = payload_or_gap(payload)
            pages.add(item)
            keep(item)
        for gap in gaps_in(self.bundle):
            self.tally.add(gap)
            self.note(gap)
            pages.add(gap)
            keep(gap)
        for missing in pages.missing():
            self.note(missing)
            keep(missing)


PAGE_MISSING = "PageMissing"
"""The code of the gap that a missing page leaves."""


class Pages:
    """Records the pages of lists, and the pages that they lead to."""

    def __init__(self) -> None:
        """Start without any page."""
        self._there: set[tuple[str, str]] = set()
        self._explained: set[str] = set()
        self._wanted: dict[tuple[str, str], tuple[Ask, str]] = {}

    def add(self, item: Payload | Gap) -> None:
        """Record a page and its next link, or the gap that explains a missing page."""
        if isinstance(item, Gap):
            self._there.add((item.asked, _same(item.request.partition(" ")[2])))
            self._explained.add(item.about)
            return
        self._there.add((item.kind, _same(item.url)))
        link = next_link(item.document)
        if isinstance(link, str) and link and not item.superseded and item.url.startswith("http"):
            self._wanted[item.kind, link] = (item.ask, item.id)

    def missing(self) -> list[Gap]:
        """Return a gap for every next page that is missing without an explanation."""
        return [
            replace(_missing(ask, link), about=page)
            for (kind, link), (ask, page) in sorted(self._wanted.items(), key=lambda each: each[0])
            if page not in self._explained and (kind, _same(link)) not in self._there
        ]


def _missing(ask: Ask, link: str) -> Gap:
    return gaps.gap(
        ask,
        PAGE_MISSING,
        f"The page leads to {link}, which the evidence does not hold.",
        "Nothing can close this: the evidence is not whole. Scan again.",
    )


def _same(url: str) -> str:
    """Return the URL as it is compared. Bundles of version 1.x have links that the SDK's pager wrote anew.

    It lower-cased the names of parameters, left out empty ones and encoded values in its own way.
    """
    try:
        parts = urlsplit(url)
        asked = sorted((name.lower(), value) for name, value in parse_qsl(parts.query))
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}?{asked}"
