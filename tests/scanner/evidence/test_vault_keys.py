"""Signatures by keys in Azure Key Vault, against a fake of its REST surface."""

from __future__ import annotations

import sys
from pathlib import Path
from time import time
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.errors import SignatureError, SigningKeyError, UsageError
from scanner.evidence.attestations.signing import signed, verify_signature, verifying_key
from scanner.evidence.attestations.vault_keys import is_vault_key, vault_key
from tests.scanner.evidence.test_signing import MANIFEST, PREDICATE
from tests.support.evidence.fake_vault import Vault, serving


class Credential:
    """A credential of the fake vault."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken("of the fake vault", int(time()) + 3600)


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda each: each.name
)
@pytest.mark.parametrize("version", ["", "/0123456789abcdef"])
def test_a_key_in_a_vault_signs_and_its_public_half_verifies(
    curve: ec.EllipticCurve, version: str, tmp_path: Path
) -> None:
    vault = Vault(key=ec.generate_private_key(curve))
    with serving(vault, tmp_path) as authority:
        signer = vault_key(f"{vault.url}/keys/signer{version}", "--sign", Credential(), authority)
        envelope = signed(MANIFEST, signer, PREDICATE)
    pem = vault.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert verify_signature(MANIFEST, envelope, verifying_key(pem, "--key")).predicate == PREDICATE
    assert "POST /keys/signer/0123456789abcdef/sign" in vault.requests


def test_a_vault_that_refuses_is_named(tmp_path: Path) -> None:
    vault = Vault(key=ec.generate_private_key(ec.SECP256R1()), refuses=403)
    with serving(vault, tmp_path) as authority:
        signer = vault_key(f"{vault.url}/keys/signer", "--sign", Credential(), authority)
        with pytest.raises(SignatureError, match="the vault did not sign"):
            signed(MANIFEST, signer, PREDICATE)
    with pytest.raises(SigningKeyError, match="the key could not be read"):
        vault_key(f"{vault.url}/keys/signer", "--sign", Credential(), authority)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.keyvault.keys", None)
    with pytest.raises(UsageError, match=r"azml-audit\[vault\]"):
        vault_key("https://ours.vault.azure.net/keys/signer", "--sign", Credential())


def test_an_address_of_a_key_is_told_from_a_file() -> None:
    assert is_vault_key("https://ours.vault.azure.net/keys/signer/0123")
    assert is_vault_key("http://ours.vault.azure.net/keys/signer")
    assert not is_vault_key("keys/signer.pem")
    assert not is_vault_key("env:KEY")
