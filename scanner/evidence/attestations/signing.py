"""Sign a bundle's manifest and verify the signature: a DSSE envelope over an in-toto Statement v1.

The formats are DSSE 1.0.2 (secure-systems-lab/dsse) and the Statement of the in-toto attestation framework
1.0 (in-toto/attestation), read in November 2026.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey  # type: ignore[attr-defined]  # its __init__ has no __all__

from scanner.errors import SignatureError, SigningKeyError
from scanner.evidence.attestations.vault_keys import is_vault_key, vault_key

SIGNATURE_FILE = "signature.dsse.json"
"""Beside the manifest, covering its bytes, and not listed in it."""

PASSPHRASE_VARIABLE = "AZML_AUDIT_SIGN_PASSPHRASE"  # noqa: S105 - where it is, not what it is
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:azml-audit:evidence:v1"

_SUBJECT = "manifest.json"
_FROM_ENVIRONMENT = "env:"
_ACCEPTED = "Accepted are Ed25519 and ECDSA (P-256, P-384, P-521) keys in PEM."


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """The signed facts about the evidence beside its digest. Times are ISO 8601 with an offset."""

    tool_version: str
    root_digest: str
    started_at: str
    finished_at: str


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A verified signature: its key and its predicate."""

    key_id: str
    predicate: Predicate


def signing_key(source: str, environment: Mapping[str, str], option: str = "--sign") -> Signer:
    """Return the private key from a PEM file, from an environment variable for `env:NAME`, or in a vault.

    If the key is encrypted, its passphrase is the variable AZML_AUDIT_SIGN_PASSPHRASE. Raises SigningKeyError.
    """
    where = f"{option} {source}"
    if is_vault_key(source):
        from azure.identity import DefaultAzureCredential

        return vault_key(source, where, DefaultAzureCredential())
    key = _private_key(_pem(source, environment, where), environment.get(PASSPHRASE_VARIABLE), where)
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise SigningKeyError(f"{where}: this is a key of type {_type(key)}. {_ACCEPTED}")
    try:
        return CryptoSigner(key)
    except ValueError as error:
        raise SigningKeyError(f"{where}: {error}. {_ACCEPTED}") from error


def verifying_key(pem: bytes, where: str) -> SSlibKey:
    """Return the public key in a PEM text; `where` names it in errors. Raises SigningKeyError."""
    if b"PRIVATE KEY-----" in pem:
        raise SigningKeyError(
            f"{where}: this is a private key. Give the public one, as written by: "
            "openssl pkey -in PRIVATE.pem -pubout"
        )
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(f"{where}: no public key in PEM could be read. {_ACCEPTED}") from error
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
        raise SigningKeyError(f"{where}: this is a key of type {_type(key)}. {_ACCEPTED}")
    try:
        return SSlibKey.from_crypto(key)
    except ValueError as error:
        raise SigningKeyError(f"{where}: {error}. {_ACCEPTED}") from error


def signed(manifest: bytes, key: Signer, predicate: Predicate) -> bytes:
    """Return the envelope over a statement about these bytes, to be written as `SIGNATURE_FILE`.

    With an Ed25519 key the same manifest gives the same bytes; an ECDSA signature differs every time.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": _SUBJECT, "digest": {"sha256": _sha256(manifest)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": asdict(predicate),
    }
    envelope = Envelope(_json(statement), PAYLOAD_TYPE, {})
    envelope.sign(key)
    return _written(envelope)


def countersigned(manifest: bytes, envelope: bytes, key: Signer, predicate: Predicate) -> bytes:
    """Return the envelope with one more signature over the same statement. Raises SignatureError.

    `predicate` is what the new signer would sign: nobody countersigns another claim.
    """
    parsed = _envelope(envelope)
    if key.public_key.keyid in parsed.signatures:
        raise SignatureError(f"{SIGNATURE_FILE}: the key {key.public_key.keyid} signed already")
    if _predicate(parsed, manifest) != predicate:
        raise SignatureError(f"{SIGNATURE_FILE}: the others signed other facts than those in the statement")
    parsed.sign(key)
    return _written(parsed)


def signers(envelope: bytes) -> list[str]:
    """Return the ids of the keys that signed. They are claims until `verify_signature` checks each."""
    return sorted(map(str, _envelope(envelope).signatures))


def verifying_keys(pem: bytes, where: str) -> list[SSlibKey]:
    """Return the public keys in a PEM text that may have several. Raises SigningKeyError without any."""
    parts = re.findall(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", pem, re.DOTALL)
    return [verifying_key(part + b"\n", where) for part in parts or [pem]]


def verify_signature(manifest: bytes, envelope: bytes, key: SSlibKey) -> Signed:
    """Return the verified signature of the manifest. Raises SignatureError, which names the problem.

    The envelope must be written exactly as `signed` writes it: base64 and JSON can spell one thing in many
    ways, and no change of a sealed file shall go unnoticed.
    """
    parsed = _envelope(envelope)
    if key.keyid not in parsed.signatures:
        by = ", ".join(map(str, parsed.signatures)) or "nobody"
        raise SignatureError(f"{SIGNATURE_FILE}: signed by another key ({by}), not by {key.keyid}")
    try:
        key.verify_signature(parsed.signatures[key.keyid], parsed.pae())
    except UnverifiedSignatureError as error:
        raise SignatureError(
            f"{SIGNATURE_FILE}: altered after it was signed: the signature of key {key.keyid} does not hold"
        ) from error
    return Signed(key_id=key.keyid, predicate=_predicate(parsed, manifest))


def _envelope(text: bytes) -> Envelope:
    try:
        envelope = Envelope.from_dict(json.loads(text))
        is_exact = _written(envelope) == text
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SignatureError(f"{SIGNATURE_FILE}: not a DSSE envelope: {error!r}") from error
    if not is_exact:
        raise SignatureError(f"{SIGNATURE_FILE}: altered: it is not written as azml-audit writes it")
    return envelope


def _predicate(envelope: Envelope, manifest: bytes) -> Predicate:
    """Return the predicate of the signed statement. Raises SignatureError if it covers something else."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise SignatureError(f"{SIGNATURE_FILE}: signed, but holds {envelope.payload_type}, not a statement")
    try:
        statement: Any = json.loads(envelope.payload)
        types = statement["_type"], statement["predicateType"]
        digests = [subject["digest"]["sha256"] for subject in statement["subject"]]
        predicate = Predicate(**statement["predicate"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignatureError(f"{SIGNATURE_FILE}: signed, but no statement of evidence: {error!r}") from error
    if types != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise SignatureError(f"{SIGNATURE_FILE}: signed, but a statement of another type: {types[1]}")
    if digests != [_sha256(manifest)]:
        raise SignatureError(
            f"{SIGNATURE_FILE}: signed for another manifest, with SHA-256 {', '.join(map(str, digests))}; "
            f"the {_SUBJECT} beside it has {_sha256(manifest)}"
        )
    return predicate


def _pem(source: str, environment: Mapping[str, str], where: str) -> bytes:
    if source.startswith(_FROM_ENVIRONMENT):
        name = source.removeprefix(_FROM_ENVIRONMENT)
        if not environment.get(name):
            raise SigningKeyError(f"{where}: the environment variable {name or '(no name)'} is not set")
        return environment[name].encode()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise SigningKeyError(f"{where}: cannot be read: {error.strerror}") from error


def _private_key(pem: bytes, passphrase: str | None, where: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError as error:
        if passphrase:
            return _private_key(pem, None, where)
        raise SigningKeyError(
            f"{where}: the key is encrypted; put its passphrase into the variable {PASSPHRASE_VARIABLE}"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = f"or {PASSPHRASE_VARIABLE} is not its passphrase. " if b"ENCRYPTED" in pem else ""
        raise SigningKeyError(
            f"{where}: no private key in PEM could be read{', ' + reason if reason else '. '}{_ACCEPTED}"
        ) from error


def _type(key: PrivateKeyTypes | PublicKeyTypes) -> str:
    return type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _written(envelope: Envelope) -> bytes:
    """Return the envelope as JSON, its signatures sorted by the ids of their keys."""
    ordered = dict(sorted(envelope.signatures.items()))
    return _json(Envelope(envelope.payload, envelope.payload_type, ordered).to_dict()) + b"\n"
