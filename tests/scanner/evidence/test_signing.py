"""Signatures over a manifest: what holds, and what is refused with which words."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from scanner.errors import SignatureError, SigningKeyError
from scanner.evidence.attestations.signing import (
    PASSPHRASE_VARIABLE,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    Predicate,
    signed,
    signing_key,
    verify_signature,
    verifying_key,
)

MANIFEST = b'{"files":[]}\n'
PREDICATE = Predicate(
    tool_version="1.2.3",
    root_digest="ab" * 32,
    started_at="2026-11-21T12:00:00+00:00",
    finished_at="2026-11-21T12:01:00+00:00",
)
ED25519 = Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())


def private_pem(key: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def public_pem(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed_by(key: PrivateKeyTypes, manifest: bytes = MANIFEST) -> bytes:
    return signed(manifest, signing_key("env:KEY", {"KEY": private_pem(key)}), PREDICATE)


@pytest.mark.parametrize(
    "key",
    [ED25519, P256, ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1())],
    ids=["Ed25519", "P-256", "P-384", "P-521"],
)
def test_a_signature_holds_for_its_manifest_and_key(key: PrivateKeyTypes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(private_pem(key))
    envelope = signed(MANIFEST, signing_key(str(tmp_path / "key.pem"), {}), PREDICATE)
    found = verify_signature(MANIFEST, envelope, verifying_key(public_pem(key), "--key key.pub"))
    assert found.predicate == PREDICATE
    assert found.key_id == json.loads(envelope)["signatures"][0]["keyid"]


def test_the_envelope_is_dsse_over_an_in_toto_statement_that_others_can_check() -> None:
    envelope = json.loads(signed_by(ED25519))
    payload = base64.b64decode(envelope["payload"])
    statement = json.loads(payload)
    assert envelope["payloadType"] == PAYLOAD_TYPE
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE_TYPE
    digest = hashlib.sha256(MANIFEST).hexdigest()
    assert statement["subject"] == [{"name": "manifest.json", "digest": {"sha256": digest}}]
    assert statement["predicate"]["root_digest"] == PREDICATE.root_digest
    pae = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    ED25519.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), pae)


def test_ed25519_signs_the_same_manifest_with_the_same_bytes() -> None:
    assert signed_by(ED25519) == signed_by(ED25519)


def test_an_altered_manifest_is_told_with_both_digests() -> None:
    key = verifying_key(public_pem(ED25519), "--key")
    with pytest.raises(SignatureError, match="signed for another manifest") as error:
        verify_signature(MANIFEST + b" ", signed_by(ED25519), key)
    assert hashlib.sha256(MANIFEST).hexdigest() in str(error.value)
    assert hashlib.sha256(MANIFEST + b" ").hexdigest() in str(error.value)


def test_another_key_is_told_with_both_key_ids() -> None:
    other = verifying_key(public_pem(Ed25519PrivateKey.generate()), "--key")
    envelope = signed_by(ED25519)
    with pytest.raises(SignatureError, match="another key") as error:
        verify_signature(MANIFEST, envelope, other)
    assert other.keyid in str(error.value)
    assert json.loads(envelope)["signatures"][0]["keyid"] in str(error.value)


def test_a_key_that_claims_anothers_id_does_not_verify() -> None:
    envelope = json.loads(signed_by(Ed25519PrivateKey.generate()))
    key = verifying_key(public_pem(ED25519), "--key")
    envelope["signatures"][0]["keyid"] = key.keyid
    text = json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(SignatureError, match="altered after it was signed"):
        verify_signature(MANIFEST, text, key)


@pytest.mark.parametrize("private", [ED25519, P256], ids=["Ed25519", "P-256"])
def test_no_byte_of_an_envelope_can_be_changed(private: PrivateKeyTypes) -> None:
    envelope = signed_by(private)
    key = verifying_key(public_pem(private), "--key")
    for position in range(len(envelope)):
        for bit in (1, 2, 32):
            altered = bytearray(envelope)
            altered[position] ^= bit
            with pytest.raises(SignatureError, match=r"signature\.dsse\.json"):
                verify_signature(MANIFEST, bytes(altered), key)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'"x"', b"\xff", b'{"payload":1,"payloadType":1,"signatures":1}', b"[" * 5000],
)
def test_what_is_no_envelope_is_refused(text: bytes) -> None:
    with pytest.raises(SignatureError, match="not a DSSE envelope"):
        verify_signature(MANIFEST, text, verifying_key(public_pem(ED25519), "--key"))


def test_a_signed_statement_of_another_type_is_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            "scanner.evidence.attestations.signing.PREDICATE_TYPE", "https://slsa.dev/provenance/v1"
        )
        envelope = signed_by(ED25519)
    with pytest.raises(SignatureError, match="another type"):
        verify_signature(MANIFEST, envelope, verifying_key(public_pem(ED25519), "--key"))


def test_an_encrypted_key_needs_its_passphrase() -> None:
    pem = private_pem(ED25519, BestAvailableEncryption(b"correct horse"))
    with pytest.raises(SigningKeyError, match=PASSPHRASE_VARIABLE):
        signing_key("env:KEY", {"KEY": pem})
    with pytest.raises(SigningKeyError, match="is not its passphrase"):
        signing_key("env:KEY", {"KEY": pem, PASSPHRASE_VARIABLE: "wrong"})
    key = signing_key("env:KEY", {"KEY": pem, PASSPHRASE_VARIABLE: "correct horse"})
    assert key.public_key.keytype == "ed25519"


def test_a_passphrase_that_no_key_needs_does_no_harm() -> None:
    assert signing_key("env:KEY", {"KEY": private_pem(ED25519), PASSPHRASE_VARIABLE: "unused"})


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (rsa.generate_private_key(65537, 2048), "type RSA"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    ],
)
def test_other_keys_are_refused_to_sign_and_to_verify(key: PrivateKeyTypes, told: str) -> None:
    with pytest.raises(SigningKeyError, match=told):
        signing_key("env:KEY", {"KEY": private_pem(key)})
    with pytest.raises(SigningKeyError, match=f"--key k.pub: .*{told}"):
        verifying_key(public_pem(key), "--key k.pub")


def test_what_is_no_key_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<html>")
    with pytest.raises(SigningKeyError, match=r"report\.html: no private key"):
        signing_key(str(tmp_path / "report.html"), {})
    with pytest.raises(SigningKeyError, match=r"missing\.pem: cannot be read: No such file"):
        signing_key(str(tmp_path / "missing.pem"), {})
    with pytest.raises(SigningKeyError, match="variable SIGNING_KEY is not set"):
        signing_key("env:SIGNING_KEY", {})
    with pytest.raises(SigningKeyError, match="no public key"):
        verifying_key(b"<html>", "--key report.html")


def test_a_private_key_given_to_verify_is_refused_with_the_way_to_the_public_one() -> None:
    with pytest.raises(SigningKeyError, match="openssl pkey"):
        verifying_key(private_pem(ED25519).encode(), "--key key.pem")
