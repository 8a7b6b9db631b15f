"""The source behind `scan --from` for exports: reads files, and returns payloads in ARM's shape and gaps."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scanner.errors import ExportError
from scanner.offline.files import found
from scanner.offline.formats import Format, ParsedFile, parse
from scanner.offline.gaps import gaps_of
from scanner.offline.items import SINGLE_KINDS, Item
from scanner.offline.merging import Key, MergedItem, empty_kind, key_of, merged_items, with_scopes
from scanner.payloads import json_members
from scanner.payloads.answers import PERIMETERS
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.people import Pseudonyms
from scanner.reading.collection import EVERYTHING, Collection
from scanner.tables.children import OF_KIND

_LISTED = {*OF_KIND, PERIMETERS}
"""The kinds that are lists below a workspace or below what it is associated with."""

_MAX_NAMES = 12


@dataclass(frozen=True, kw_only=True)
class ExportSource:
    """An export, read and translated. Reports show `words`, which names its formats and files."""

    words: str
    payloads: tuple[Payload, ...]
    gaps: tuple[Gap, ...]

    async def read(self, keep: Keep) -> None:
        """Hand every payload and gap to `keep`."""
        for payload in self.payloads:
            keep(payload)
        for gap in self.gaps:
            keep(gap)


def source_from(
    path: Path, collection: Collection = EVERYTHING, people: Pseudonyms | None = None
) -> ExportSource:
    """Return the export at a path: a file, or a folder with every .json file below it.

    `collection` is what the chosen checks read. A part that the export does not show becomes a gap. `people` are the
    pseudonyms of the export, by default under a new key. Raises ExportError for a file that is not an export, for
    files that contradict each other, and for a list whose workspace is not known.
    """
    export = found(path, people or Pseudonyms())
    files = with_scopes(parse(file) for file in export.files)
    merged = merged_items(files)
    is_empty = all(each.format is Format.EMPTY for each in files)
    if not is_empty and not any(kind in ("workspaces", "subscriptions") for kind, _ in merged):
        raise ExportError(
            f"{path.name} contains no workspace. Add the output of az ml workspace list -o json."
        )
    whole = _whole(files)
    return ExportSource(
        words=_words(path.name, files, export.ignored),
        payloads=tuple(payload for each in files for payload in _payloads(each, merged)),
        gaps=tuple(gaps_of(files, merged, whole, collection.kinds)),
    )


def _whole(files: Iterable[ParsedFile]) -> set[Key]:
    """Return the complete lists, by kind and lower-cased workspace id."""
    whole: set[Key] = set()
    for each in files:
        if each.is_whole:
            whole |= {(item.kind, item.scope.lower()) for item in each.items if item.kind in _LISTED}
        if each.empty_of:
            whole.add((empty_kind(each.file), each.empty_of.lower()))
    return whole


def _payloads(each: ParsedFile, merged: dict[Key, MergedItem]) -> Iterable[Payload]:
    """Yield the file itself as evidence and, unless it is an answer of Azure, its translation.

    A resource that several files contain is in the payloads of the first.
    """
    if each.empty_of:
        yield _about(each.file.payload, empty_kind(each.file), each.empty_of)
        return
    items = list(_items_first_in(each, merged))
    is_list = isinstance(each.file.document, dict) and "id" not in each.file.document
    if each.is_verbatim and items == list(each.items) and (is_list or items[0].kind in SINGLE_KINDS):
        yield _about(each.file.payload, items[0].kind, items[0].scope)
        return
    yield each.file.payload
    groups: dict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.kind, item.scope.lower()].append(item)
    for group in groups.values():
        kind, scope = group[0].kind, group[0].scope
        is_one = kind in SINGLE_KINDS
        document = group[0].document if is_one else {"value": [item.document for item in group]}
        yield _translation(each.file.payload, kind, scope, document)


def _items_first_in(each: ParsedFile, merged: dict[Key, MergedItem]) -> Iterable[Item]:
    """Yield the items that no earlier file contains, each merged with later files."""
    for item in each.items:
        key = key_of(item)
        if key is None:
            yield item
        elif merged[key].files[0] is each:
            yield merged[key].item


def _about(file: Payload, kind: str, scope: str) -> Payload:
    """Return the file as the answer about this scope."""
    return replace(file, kind=kind, scope=scope, subscription_id=json_members.subscription_of(scope))


def _translation(file: Payload, kind: str, scope: str, document: Any) -> Payload:
    """Return a part of the redacted file in ARM's shape. Its URL has a fragment."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    url = f"{file.url}#{kind} of {scope}"
    return replace(_about(file, kind, scope), url=url, redactions=(), body=body, document=document)


def _words(name: str, files: Sequence[ParsedFile], ignored: Sequence[str]) -> str:
    by_format: dict[str, list[str]] = defaultdict(list)
    for each in files:
        by_format[each.format.value].append(each.file.name)
    formats = "; ".join(f"{format_}: {_listed(names)}" for format_, names in sorted(by_format.items()))
    others = f". Ignored, because they are not .json: {_listed(ignored)}" if ignored else ""
    return f"the export {name}: files that were read from Azure earlier, not compared with Azure ({formats}{others})"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"{', '.join(names[:_MAX_NAMES])}{more}"
