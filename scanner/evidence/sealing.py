"""Write an evidence bundle: payloads, policies, tables and findings under one root digest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Set
from hashlib import file_digest
from pathlib import Path

from reports.audit import Audit
from scanner.evidence.code import CHECKS, catalogue, catalogue_bytes
from scanner.evidence.manifest import ATTESTATIONS, MANIFEST, SealedFile, manifest_of, root_digest
from scanner.evidence.opening import Bundle, reading
from scanner.evidence.packing import CHUNK, Staged, refusing, writing
from scanner.evidence.payload_files import write_payloads
from scanner.evidence.policy_files import policy_files
from scanner.evidence.population import derived_statement, learning_of
from scanner.evidence.statement import STATEMENT, ScanRecord, Statement, statement_bytes
from scanner.evidence.tables import derived
from scanner.payloads.payload import Gap, Payload
from scanner.policies import LoadedPolicy
from scanner.tables.provenance import Provenance

Attest = Callable[[bytes, ScanRecord], Mapping[str, bytes]]
"""Return the signature and timestamp files for a manifest and the record of its scan."""


def seal(
    target: Staged,
    *,
    payloads: Iterable[Payload],
    gaps: Iterable[Gap],
    audit: Audit,
    policies: tuple[LoadedPolicy, ...],
    provenance: Provenance,
    record: ScanRecord,
    attest: Attest | None = None,
) -> str:
    """Write the bundle and return its root digest; the same input gives the same bytes.

    The bundle stays hidden until `target.publish`. Raises UsageError, UnwritableReportError and whatever
    `attest` raises.
    """
    folder = target.folder
    with refusing(target.target):
        learning = learning_of(record)
        tally = write_payloads(folder, learning.passing(payloads), gaps)
        for name, content in policy_files(policies):
            _write(folder, name, [content])
        installed = catalogue(policies[0].composition.registry)
        _write(folder, CHECKS, [catalogue_bytes(installed)])
        for name, chunks in derived(audit, provenance):
            _write(folder, name, chunks)
        statement = Statement(told=record, derived=derived_statement(audit, provenance, tally, learning))
        _write(folder, STATEMENT, [statement_bytes(statement)])
        manifest = manifest_of(sealed_files(folder))
        _write(folder, MANIFEST, [manifest])
        attested = attest(manifest, record) if attest else {}
        for name, content in attested.items():
            _write(folder, name, [content])
        if attested:
            listed = manifest_of(file for file in sealed_files(folder) if file.name in attested)
            _write(folder, ATTESTATIONS, [listed])
        target.pack()
    return root_digest(manifest)


def _write(folder: Path, name: str, chunks: Iterable[bytes]) -> None:
    with writing(folder, name) as file:
        file.writelines(chunks)


def copied(bundle: Bundle, folder: Path, leave_out: Set[str]) -> None:
    """Copy the files of a bundle into a folder."""
    for name in bundle.names():
        if name not in leave_out:
            with reading(bundle, name) as source, writing(folder, name) as target:
                shutil.copyfileobj(source, target, CHUNK)


def sealed_files(folder: Path) -> Iterable[SealedFile]:
    """Yield every file of a folder with its size and digest."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
            name = path.relative_to(folder).as_posix()
            yield SealedFile(name=name, size=path.stat().st_size, sha256=digest)
