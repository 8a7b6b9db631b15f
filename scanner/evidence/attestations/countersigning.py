"""Add a signature to a sealed bundle. `azml-audit sign` calls it."""

from __future__ import annotations

from pathlib import Path

from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # its __init__ has no __all__

from scanner.evidence.attestations.attesting import predicate_of
from scanner.evidence.attestations.signing import SIGNATURE_FILE, countersigned, signed, signers
from scanner.evidence.bounded_json import bounded
from scanner.evidence.manifest import ATTESTATIONS, ATTESTED, MANIFEST, manifest_of
from scanner.evidence.opening import content
from scanner.evidence.packing import staged, writing
from scanner.evidence.replaying import sealed
from scanner.evidence.sealing import copied, sealed_files


def countersign(path: Path, key: Signer) -> list[str]:
    """Sign the bundle's manifest with one more key, and return the ids of all keys that signed.

    The bundle is written anew in its place; its root digest stays. Raises EvidenceError for an altered bundle,
    and SignatureError if the key signed already or the other signatures are for another manifest.
    """
    source = sealed(path)
    manifest = bounded(source.bundle, MANIFEST)
    predicate = predicate_of(manifest, source.statement.record)
    if SIGNATURE_FILE in source.bundle.names():
        envelope = countersigned(manifest, content(source.bundle, SIGNATURE_FILE), key, predicate)
    else:
        envelope = signed(manifest, key, predicate)
    with staged(path) as place:
        copied(source.bundle, place.folder, leave_out={SIGNATURE_FILE, ATTESTATIONS})
        with writing(place.folder, SIGNATURE_FILE) as file:
            file.write(envelope)
        attested = manifest_of(each for each in sealed_files(place.folder) if each.name in ATTESTED)
        with writing(place.folder, ATTESTATIONS) as file:
            file.write(attested)
        place.replace()
    return signers(envelope)
