"""`azml-audit sign`: verify a bundle, and add a signature to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # its __init__ has no __all__

from checks.registry import registry
from scanner.errors import EvidenceError
from scanner.evidence.attestations.attesting import predicate_of
from scanner.evidence.attestations.signing import SIGNATURE_FILE, countersigned, signed, signers, signing_key
from scanner.evidence.bounded_json import bounded
from scanner.evidence.manifest import ATTESTATIONS, ATTESTED, MANIFEST, manifest_of
from scanner.evidence.opening import content
from scanner.evidence.packing import staged, writing
from scanner.evidence.replaying import sealed
from scanner.evidence.sealing import copied, sealed_files
from scanner.evidence.verifying.verification import Expected, verify
from scanner.terminal import Terminal, print_line


def sign(path: Path, key: str, environment: Mapping[str, str], terminal: Terminal) -> int:
    """Sign the bundle if it is verified. Raises EvidenceError with the first problem if it is not."""
    signer = signing_key(key, environment, "--key")
    found = verify(path, Expected(), registry())
    problems = [problem for step in found.steps for problem in (*step.wrong, *step.cannot)]
    if problems:
        raise EvidenceError(f"{path} is not signed, because it is not verified: {problems[0]}")
    ids = _countersign(path, signer)
    print_line(terminal.out, f"Signed {path} with key {signer.public_key.keyid}; signatures: {len(ids)}.")
    print_line(terminal.out, f"Root digest {found.root}")
    return 0


def _countersign(path: Path, key: Signer) -> list[str]:
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
