"""Check that times, hosts and authorship of a bundle agree. `verification` calls `problems`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from scanner.azure.clouds import KNOWN, is_loopback, source_words
from scanner.evidence.attestations.signing import Predicate
from scanner.evidence.statement import ScanRecord
from scanner.evidence.verifying.ledger import Ledger

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much the clock of the verifying machine may be behind."""

_REPLAY = re.compile(
    r"a replay of evidence \(root digest (?P<root>[0-9a-f]{64})\) from (?P<source>.*)", re.DOTALL
)
_CLAIMS_AZURE = "Azure Resource Manager at "
_CLAIMS_EXPORT = "the export "


def problems(ledger: Ledger, told: ScanRecord, now: datetime) -> Iterator[str]:
    """Yield a text for everything in the statement that the answers or the clock contradict."""
    yield from _times(ledger, told, now)
    yield from _hosts(ledger, told)
    yield from _authorship(ledger, told)


def _times(ledger: Ledger, told: ScanRecord, now: datetime) -> Iterator[str]:
    started, finished = told.started_at, told.finished_at
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


def _hosts(ledger: Ledger, told: ScanRecord) -> Iterator[str]:
    if ledger.files:
        return
    for identity, url in list(ledger.hosts.items())[:3]:
        yield f"{identity} was asked at {url}, not at the endpoint {told.endpoint}."
    if told.is_azure and is_loopback(told.endpoint):
        yield f"The statement claims Azure, and its endpoint {told.endpoint} is a server on one machine."
    known = {cloud.name: cloud.arm_endpoint for cloud in KNOWN.values()}
    if told.cloud in known and told.endpoint != known[told.cloud]:
        yield f"The endpoint of {told.cloud} is {known[told.cloud]}, not {told.endpoint}."
    if not told.is_azure and told.endpoint in known.values():
        yield f"The statement denies Azure, and its endpoint is {told.endpoint}."


def _authorship(ledger: Ledger, told: ScanRecord) -> Iterator[str]:
    """Check the words that reports show as the source."""
    source, root = told.source, None
    if replayed := _REPLAY.fullmatch(source):
        source, root = replayed["source"], replayed["root"]
    if (root is None) != (told.replay_of is None):
        yield f"The source is {told.source!r}, and replay_of is {told.replay_of}: one claims a replay."
    is_export = source.startswith(_CLAIMS_EXPORT)
    contradicts = ledger.first_at is not None if is_export else ledger.files > 0
    if contradicts or is_export != (told.endpoint == ""):
        yield f"The source is {source!r}, the endpoint {told.endpoint!r}, and {ledger.files:,} answers are files."
        return
    if is_export:
        if told.asked_by is not None:
            yield "The answers are files, and the statement names an identity that asked."
        return
    expected = source_words(told.endpoint, told.cloud)
    if source.startswith(_CLAIMS_AZURE) != told.is_azure or (told.is_azure and source != expected):
        yield f"The source is {source!r}; {expected!r} follows from the endpoint and the cloud."


def signed_problems(signed: Predicate, told: ScanRecord) -> Iterator[str]:
    """Yield a text for every member of the signed predicate that differs from the statement."""
    pairs = {
        "tool_version": (signed.tool_version, told.tool_version),
        "started_at": (signed.started_at, told.started_at.isoformat()),
        "finished_at": (signed.finished_at, told.finished_at.isoformat()),
    }
    for name, (was, found) in pairs.items():
        if was != found:
            yield f"The signature covers {name} {was!r}, and the statement has {found!r}."


def timestamp_problems(at: datetime, told: ScanRecord, now: datetime) -> Iterator[str]:
    """Yield a text if the timestamp does not come after the scan, or comes from the future."""
    if at < told.finished_at:
        yield (
            f"The timestamp of {at.isoformat()} is {told.finished_at - at} earlier than the end of the scan at "
            f"{told.finished_at.isoformat()}."
        )
    if at > now + CLOCKS_DIFFER:
        yield f"The timestamp of {at.isoformat()} is in the future."
