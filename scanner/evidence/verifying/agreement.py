"""Check that times, hosts and authorship of a bundle agree. `verification` calls `problems`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from scanner.azure.clouds import DEMO, KNOWN, is_loopback, source_words
from scanner.evidence.attestations.signing import Predicate
from scanner.evidence.statement import ScanRecord
from scanner.evidence.verifying.ledger import Ledger

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much the clock of the verifying machine may be behind."""

_REPLAY = re.compile(
    r"a replay of evidence \(root digest (?P<root>[0-9a-f]{64})\) from (?P<source>.*)", re.DOTALL
)
_ROOT = re.compile("[0-9a-f]{64}")
_CLAIMS_AZURE = "Azure Resource Manager at "
_CLAIMS_EXPORT = "the export "


def problems(ledger: Ledger, record: ScanRecord, now: datetime) -> Iterator[str]:
    """Yield a text for everything in the statement that the answers or the clock contradict."""
    yield from _times(ledger, record, now)
    yield from _hosts(ledger, record)
    yield from _authorship(ledger, record)


def _times(ledger: Ledger, record: ScanRecord, now: datetime) -> Iterator[str]:
    started, finished = record.started_at, record.finished_at
    if finished < started:
        yield f"The scan finished at {finished.isoformat()}, before it started at {started.isoformat()}."
    if finished > now + CLOCKS_DIFFER:
        yield f"The scan finished at {finished.isoformat()}, which is in the future."
    if ledger.first_at is None or ledger.last_at is None:
        return
    if ledger.last_at > finished:
        yield f"Answer {ledger.last} came at {ledger.last_at.isoformat()}, after the scan's end."
    if ledger.first_at != started:
        relation = "before" if ledger.first_at < started else "after"
        yield (
            f"The first answer, {ledger.first}, came at {ledger.first_at.isoformat()}, {relation} the scan's "
            f"start at {started.isoformat()}. A scan starts with its first answer, and waivers count as of its day."
        )


def _hosts(ledger: Ledger, record: ScanRecord) -> Iterator[str]:
    if ledger.files:
        return
    for identity, url in list(ledger.hosts.items())[:3]:
        yield f"{identity} was asked at {url}, not at the endpoint {record.endpoint}."
    if record.is_azure and is_loopback(record.endpoint):
        yield f"The statement claims Azure, and its endpoint {record.endpoint} is a server on one machine."
    known = {cloud.name: cloud.arm_endpoint for cloud in KNOWN.values()}
    if record.cloud in known and record.endpoint != known[record.cloud]:
        yield f"The endpoint of {record.cloud} is {known[record.cloud]}, not {record.endpoint}."
    if not record.is_azure and record.endpoint in known.values():
        yield f"The statement denies Azure, and its endpoint is {record.endpoint}."


def _authorship(ledger: Ledger, record: ScanRecord) -> Iterator[str]:
    """Check the words that reports show as the source, and the root digests of other bundles."""
    for name, digest in (("replay_of", record.replay_of), ("previous_root", record.previous_root)):
        if digest is not None and not _ROOT.fullmatch(digest):
            yield f"{name} is {digest!r}, which is no root digest."
    source, root = record.source, None
    if replayed := _REPLAY.fullmatch(source):
        source, root = replayed["source"], replayed["root"]
    if (root is None) != (record.replay_of is None):
        yield f"The source is {record.source!r}, and replay_of is {record.replay_of}: one claims a replay."
    is_export = source.startswith(_CLAIMS_EXPORT)
    contradicts = ledger.first_at is not None if is_export else ledger.files > 0
    if contradicts or is_export != (record.endpoint == ""):
        yield f"The source is {source!r}, the endpoint {record.endpoint!r}, and {ledger.files:,} answers are files."
        return
    if is_export:
        if record.asked_by is not None:
            yield "The answers are files, and the statement names an identity that asked."
        return
    expected = source_words(record.endpoint, record.cloud)
    is_demo = source == DEMO and is_loopback(record.endpoint)
    if source.startswith(_CLAIMS_AZURE) != record.is_azure or not (source == expected or is_demo):
        yield f"The source is {source!r}; {expected!r} follows from the endpoint and the cloud."


def signed_problems(signed: Predicate, record: ScanRecord) -> Iterator[str]:
    """Yield a text for every member of the signed predicate that differs from the statement."""
    pairs = {
        "tool_version": (signed.tool_version, record.tool_version),
        "started_at": (signed.started_at, record.started_at.isoformat()),
        "finished_at": (signed.finished_at, record.finished_at.isoformat()),
    }
    for name, (was, found) in pairs.items():
        if was != found:
            yield f"The signature covers {name} {was!r}, and the statement has {found!r}."


def timestamp_problems(at: datetime, record: ScanRecord, now: datetime) -> Iterator[str]:
    """Yield a text if the timestamp does not come after the scan, or comes from the future."""
    if at < record.finished_at:
        yield (
            f"The timestamp of {at.isoformat()} is {record.finished_at - at} earlier than the end of the scan at "
            f"{record.finished_at.isoformat()}."
        )
    if at > now + CLOCKS_DIFFER:
        yield f"The timestamp of {at.isoformat()} is in the future."
