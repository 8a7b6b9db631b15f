"""Verify the signatures and the timestamp beside a bundle's manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # its __init__ has no __all__

from scanner.errors import EvidenceError, SignatureError, SigningKeyError, TimestampError
from scanner.evidence.attestations.signing import (
    SIGNATURE_FILE,
    Signed,
    signers,
    verify_signature,
    verifying_key,
    verifying_keys,
)
from scanner.evidence.attestations.timestamps import TIMESTAMP_FILE, authorities, verify_timestamp
from scanner.evidence.bounded_json import bounded
from scanner.evidence.manifest import root_digest
from scanner.evidence.opening import Bundle, content
from scanner.evidence.statement import ScanRecord
from scanner.evidence.verifying import agreement
from scanner.evidence.verifying.steps import Step

_MAX_TIMESTAMP = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The keys and certificates that the verifier trusts, each with the file that it came from.

    Each of `required` must have signed, and at least one of `trusted`, if there are any.
    """

    required: tuple[tuple[str, SSlibKey], ...] = ()
    trusted: tuple[tuple[str, SSlibKey], ...] = ()
    roots: Sequence[Certificate] = field(default=(), repr=False)
    roots_from: str = ""

    @property
    def names_signers(self) -> bool:
        """Return whether any key was given."""
        return bool(self.required or self.trusted)


def trust(keys: Sequence[Path], trusted: Sequence[Path], tsa_ca: Path | None) -> Trust:
    """Read the keys and certificates. A trusted path is a PEM file or a folder of them. Raises SigningKeyError."""
    files = [file for path in trusted for file in _pem_files(path)]
    return Trust(
        required=tuple((str(path), verifying_key(_read(path), f"--key {path}")) for path in keys),
        trusted=tuple(
            (str(path), key)
            for path in files
            for key in verifying_keys(_read(path), f"--trusted-keys {path}")
        ),
        roots=authorities(_read(tsa_ca), f"--tsa-ca {tsa_ca}") if tsa_ca else (),
        roots_from=str(tsa_ca or ""),
    )


def _pem_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix in (".pem", ".pub"))
    if not found:
        raise SigningKeyError(f"--trusted-keys {path}: the folder has no file that ends in .pem or .pub.")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SigningKeyError(f"{path} cannot be read: {error.strerror}.") from error


def signature_step(bundle: Bundle, manifest: bytes, trusted: Trust, record: ScanRecord | None) -> Step:
    """Verify the signatures of the given keys."""
    if SIGNATURE_FILE not in bundle.names():
        if not trusted.names_signers:
            return Step(name="signature", open=("The bundle is not signed.",))
        where = ", ".join(dict.fromkeys(name for name, _ in (*trusted.required, *trusted.trusted)))
        return Step(name="signature", wrong=(f"{SIGNATURE_FILE} is missing: no key of {where} signed.",))
    if not trusted.names_signers:
        note = f"{SIGNATURE_FILE} is there and not verified: give the signer's public key with --key."
        return Step(name="signature", open=(note,))
    try:
        envelope = bounded(bundle, SIGNATURE_FILE)
        by = signers(envelope)
    except (SignatureError, EvidenceError) as error:
        return Step(name="signature", wrong=(f"{error}.",))
    checked = _Signatures(manifest, envelope, record)
    wanted = [*trusted.required, *((name, key) for name, key in trusted.trusted if key.keyid in by)]
    by_id = {key.keyid: (name, key) for name, key in reversed(wanted)}
    wrong = [problem for name, key in by_id.values() for problem in checked.problems_of(name, key)]
    if trusted.trusted and not any(key.keyid in by for _, key in trusted.trusted):
        wrong.append(
            f"{SIGNATURE_FILE}: signed by {', '.join(by) or 'nobody'}, and no trusted key is among them."
        )
    unknown = tuple(
        f"Key {each} signed, too. You did not give it, so its signature is not verified."
        for each in by
        if each not in by_id
    )
    return Step(name="signature", wrong=tuple(wrong), holds=tuple(checked.holds), open=unknown)


@dataclass
class _Signatures:
    """The signatures of one manifest."""

    manifest: bytes
    envelope: bytes
    record: ScanRecord | None
    holds: list[str] = field(default_factory=list)

    def problems_of(self, where: str, key: SSlibKey) -> list[str]:
        """Verify the signature of one key, and return its problems."""
        try:
            signed: Signed = verify_signature(self.manifest, self.envelope, key)
        except SignatureError as error:
            return [f"{error}."]
        if signed.predicate.root_digest != root_digest(self.manifest):
            return [f"{SIGNATURE_FILE} names another root digest than the bundle's."]
        wrong = [] if self.record is None else list(agreement.signed_problems(signed.predicate, self.record))
        if not wrong:
            self.holds.append(f"Signed by {where} (key {signed.key_id}).")
        return wrong


def timestamp_step(
    bundle: Bundle, manifest: bytes, trusted: Trust, record: ScanRecord | None, now: datetime
) -> Step:
    """Verify the timestamp, and compare it with the end of the scan."""
    is_there = TIMESTAMP_FILE in bundle.names()
    if not trusted.roots:
        note = f"{TIMESTAMP_FILE} is there and not verified: give its authority's root with --tsa-ca."
        return Step(name="timestamp", open=(note if is_there else "The bundle has no timestamp.",))
    if not is_there:
        missing = f"{TIMESTAMP_FILE} is missing: nothing proves when the bundle was made."
        return Step(name="timestamp", wrong=(missing,))
    try:
        at = verify_timestamp(manifest, content(bundle, TIMESTAMP_FILE, _MAX_TIMESTAMP), trusted.roots)
    except (TimestampError, EvidenceError) as error:
        return Step(name="timestamp", wrong=(f"{error}.",))
    wrong = () if record is None else tuple(agreement.timestamp_problems(at, record, now))
    distance = "" if record is None else f", {at - record.finished_at} after the scan ended"
    holds = f"It existed on {at:%Y-%m-%d at %H:%M:%S} UTC{distance}, as {trusted.roots_from} vouches."
    return Step(name="timestamp", wrong=wrong, holds=() if wrong else (holds,))
