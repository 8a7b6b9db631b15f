"""Verify a series of bundles, of which each names the root digest of the one before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.model import Check
from scanner.errors import EvidenceError, UsageError
from scanner.evidence.bounded_json import bounded
from scanner.evidence.manifest import MANIFEST, root_digest
from scanner.evidence.opening import is_bundle, opened
from scanner.evidence.statement import STATEMENT, ScanRecord, statement_in
from scanner.evidence.verifying.steps import Step, Verification
from scanner.evidence.verifying.verification import Expected, verify

_MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Link:
    """One bundle of a series. `record` is None if its statement cannot be read."""

    path: Path
    verification: Verification
    record: ScanRecord | None


def bundles_in(folder: Path) -> list[Path]:
    """Return every bundle below a folder, sorted by path. Raises UsageError if there is none."""
    if not folder.is_dir():
        raise UsageError(f"--chain {folder}: this is no folder.")
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        is_inside = any(path.is_relative_to(each) for each in found)
        if not is_inside and (path.name.endswith(".zip") or path.is_dir()) and is_bundle(path):
            found.append(path)
        if len(found) > _MOST:
            raise UsageError(f"--chain {folder}: it has more than {_MOST:,} bundles.")
    if not found:
        raise UsageError(f"--chain {folder}: there is no evidence bundle in it.")
    return found


def linked(path: Path, expected: Expected, registry: Mapping[str, Check]) -> Link:
    """Verify one bundle of a series."""
    verification = verify(path, expected, registry)
    try:
        bundle = opened(path)
        record = statement_in(bounded(bundle, STATEMENT)).record
        root = root_digest(bounded(bundle, MANIFEST))
    except EvidenceError:
        return Link(path=path, verification=verification, record=None)
    verification.root = root
    return Link(path=path, verification=verification, record=record)


def chain_step(links: list[Link], newest: str | None = None) -> Step:
    """Compare each bundle with the one that it names. `newest` is the expected root digest of the last one."""
    unread = tuple(f"{each.path}: its statement cannot be read." for each in links if each.record is None)
    known = [(each, each.record) for each in links if each.record is not None]
    wrong = (*unread, *_ends(known, newest), *_joints(known))
    if wrong or not known:
        return Step(name="chain", wrong=wrong)
    times = sorted(record.started_at for _, record in known)
    holds = f"{len(links)} bundles form one chain, from {times[0].isoformat()} to {times[-1].isoformat()}."
    return Step(name="chain", holds=(holds,))


def _ends(known: list[tuple[Link, ScanRecord]], newest: str | None) -> Iterator[str]:
    """Yield what is wrong with the first and the last bundle."""
    named = {record.previous_root for _, record in known}
    firsts = [link for link, record in known if record.previous_root is None]
    lasts = [link for link, _ in known if link.verification.root not in named]
    if len(firsts) != 1:
        yield f"A chain begins with one bundle that names no other; {len(firsts)} bundles name no other."
    if len(lasts) != 1:
        yield f"A chain ends with one bundle that no other names; {len(lasts)} bundles are named by no other."
    for last in lasts:
        root = last.verification.root
        if newest is not None and root != newest:
            yield f"{last.path} is the last bundle, with root digest {root}, not {newest} as given with --root."


def _joints(known: list[tuple[Link, ScanRecord]]) -> Iterator[str]:
    """Yield what is wrong between a bundle and the one that it names."""
    by_root = {link.verification.root: (link, record) for link, record in known}
    if len(by_root) < len(known):
        yield "A bundle is in the folder twice."
    for root, count in Counter(record.previous_root for _, record in known).items():
        if root is not None and count > 1:
            yield f"{count} bundles name {root} as the one before them: the chain forks."
    for link, record in known:
        if record.previous_root is None:
            continue
        if record.previous_root not in by_root:
            yield f"{link.path} names {record.previous_root} as the one before it, which is not in the folder."
            continue
        before, record_before = by_root[record.previous_root]
        if record.started_at < record_before.finished_at:
            yield f"{link.path} started before {before.path} ended, which it names as the one before it."
