"""Open the path of `--from`: an evidence bundle or an export."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from checks.registry import registry
from scanner.errors import UsageError
from scanner.evidence.opening import is_bundle
from scanner.evidence.policy_files import sealed_policies
from scanner.evidence.replaying import Sealed, sealed
from scanner.evidence.statement import ScanRecord
from scanner.evidence.verifying.checked import CheckedSource
from scanner.offline.source import source_from
from scanner.payloads.payload import Source
from scanner.payloads.people import Pseudonyms
from scanner.policies import addresses
from scanner.reading.collection import Collection
from scanner.scope.wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A source that was read earlier. `words` describes it in reports; unknown times are None.

    `wanted` is the scope that it was read for. `record` and `root` are the statement and the root digest of an
    evidence bundle.
    """

    source: Source
    words: str
    is_azure: bool
    started_at: datetime | None = None
    finished_at: datetime | None = None
    record: ScanRecord | None = None
    root: str | None = None
    wanted: Wanted = field(default_factory=Wanted)


def earlier(path: Path, collection: Collection, named: frozenset[str] = frozenset()) -> Earlier:
    """Open the path. Raises EvidenceError for an altered bundle, ExportError if it is not an export.

    `named` are the addresses by which the policies select tags. Raises UsageError for one that the policies of a
    bundle do not name: its pseudonym there has a key that nobody has.
    """
    if is_bundle(path):
        bundle = sealed(path)
        if not named <= addresses(sealed_policies(bundle.bundle, registry()) if named else ()):
            raise UsageError(
                f"{path}: a policy selects a tag by an e-mail address that no policy in this bundle names, so the "
                "bundle has a pseudonym in its place. Select by another tag, or scan again with the policy."
            )
        return replayed(bundle)
    source = source_from(path, collection, Pseudonyms(named=named))
    return Earlier(source=source, words=source.words, is_azure=True)


def replayed(bundle: Sealed) -> Earlier:
    """Return a bundle as an earlier reading, with the source and times of its statement."""
    record = bundle.statement.record
    words = f"a replay of evidence (root digest {bundle.root}) from {record.source}"
    return Earlier(
        source=CheckedSource(bundle),
        words=record.source if record.replay_of else words,
        is_azure=record.is_azure,
        started_at=record.started_at,
        finished_at=record.finished_at,
        record=record,
        root=bundle.root,
        wanted=record.asked_for.wanted,
    )
