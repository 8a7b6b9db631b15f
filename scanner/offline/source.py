"""The source behind `scan --from` for exports: files in, payloads in ARM's shape and gaps out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.errors import ExportError
from scanner.offline.belonging import empty_kind, with_owners
from scanner.offline.files import found
from scanner.offline.reading import LISTS, Item, Reading, reading
from scanner.offline.tellings import Key, Telling, key_of, tellings
from scanner.offline.unseen import unseen
from scanner.payloads import json_members
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.reading.collection import EVERYTHING, Collection
from scanner.tables.associated import ASSOCIATED

_MAX_NAMES = 12


@dataclass(frozen=True, kw_only=True)
class ExportSource:
    """An export, read and translated; `words` tells reports its formats and files."""

    words: str
    payloads: tuple[Payload, ...]
    gaps: tuple[Gap, ...]

    async def read(self, keep: Keep) -> None:
        """Hand every payload and gap to `keep`."""
        for payload in self.payloads:
            keep(payload)
        for gap in self.gaps:
            keep(gap)


def source_from(path: Path, collection: Collection = EVERYTHING) -> ExportSource:
    """The export at a path: a file, or a folder with every .json file below it.

    `collection` is what the chosen checks read; what of it the export does not show becomes a gap. Raises
    ExportError for what is no export, for files that contradict each other and for a list whose workspace
    cannot be told.
    """
    files = found(path)
    readings = with_owners(reading(file) for file in files.files)
    told = tellings(readings)
    if not any(kind in ("workspaces", "subscriptions") for kind, _ in told):
        raise ExportError(f"{path.name} tells of no workspace; add what az ml workspace list -o json prints.")
    whole = _whole(readings)
    return ExportSource(
        words=_words(path.name, readings, files.left_aside),
        payloads=tuple(payload for each in readings for payload in _payloads(each, told)),
        gaps=tuple(unseen(readings, told, whole, collection.kinds)),
    )


def _whole(readings: Iterable[Reading]) -> set[Key]:
    """The lists that are known completely, by kind and lower-cased workspace id."""
    listed = {
        (item.kind, item.scope.lower())
        for each in readings
        if each.is_whole
        for item in each.items
        if item.kind in LISTS
    }
    empty = {(empty_kind(each.file) or "", each.empty_of.lower()) for each in readings if each.empty_of}
    return listed | empty


def _payloads(each: Reading, told: dict[Key, Telling]) -> Iterable[Payload]:
    """The file itself as evidence and, where it is no answer of Azure's as it stands, its translation.

    A resource that several files tell of is in the payloads of the first.
    """
    if each.empty_of:
        yield _payload(each, empty_kind(each.file) or "", each.empty_of, each.file.document, is_file=True)
        return
    united = list(_told_first(each, told))
    is_list = isinstance(each.file.document, dict) and "id" not in each.file.document
    if each.is_verbatim and united == list(each.items) and (is_list or united[0].kind == ASSOCIATED):
        yield _payload(each, united[0].kind, united[0].scope, each.file.document, is_file=True)
        return
    yield _payload(each, "export", f"file:{each.file.name}", each.file.document, is_file=True)
    for group in _grouped(united):
        kind, scope = group[0].kind, group[0].scope
        if kind == ASSOCIATED:
            yield _payload(each, kind, scope, group[0].document)
        else:
            yield _payload(each, kind, scope, {"value": [item.document for item in group]})


def _grouped(items: Iterable[Item]) -> Iterable[list[Item]]:
    """The items of each kind and scope, the scope's casing aside."""
    groups: dict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.kind, item.scope.lower()].append(item)
    return groups.values()


def _told_first(each: Reading, told: dict[Key, Telling]) -> Iterable[Item]:
    """The items that no earlier file tells of, completed by what later ones add."""
    for item in each.items:
        key = key_of(item)
        if key is None:
            yield item
        elif told[key].readings[0] is each:
            yield told[key].item


def _payload(each: Reading, kind: str, scope: str, document: Any, *, is_file: bool = False) -> Payload:
    """A payload: the file's own bytes, or a translation, whose address has the kind and scope behind a #."""
    translated = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Payload(
        kind=kind,
        scope=scope,
        subscription_id=json_members.subscription_of(scope),
        url=f"file:{each.file.name}" + ("" if is_file else f"#{kind} of {scope}"),
        api_version="",
        status=200,
        retrieved_at=each.file.written_at,
        redactions=each.file.redactions if is_file else (),
        body=each.file.body if is_file else translated.encode("utf-8", "surrogatepass"),
        document=document,
    )


def _words(name: str, readings: Sequence[Reading], left_aside: Sequence[str]) -> str:
    by_format: dict[str, list[str]] = defaultdict(list)
    for each in readings:
        by_format[each.format.value].append(each.file.name)
    parts = [f"{format_}: {_listed(names)}" for format_, names in sorted(by_format.items())]
    aside = f". Left aside, not being .json: {_listed(left_aside)}" if left_aside else ""
    told = f"{'; '.join(parts)}{aside}"
    return f"the export {name}: files of what was read of Azure earlier, not checked with Azure ({told})"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"{', '.join(names[:_MAX_NAMES])}{more}"
