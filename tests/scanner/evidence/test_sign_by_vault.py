"""`azml-audit sign` with a key in Azure Key Vault, run as a user runs it, against a fake of the vault."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.emulator.tenants.generated import generated_tenant
from tests.support.command_line import run
from tests.support.evidence.bundles import scan_of
from tests.support.evidence.fake_vault import IDENTITY, Vault, serving

TENANT = generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=4)
KEY = ec.generate_private_key(ec.SECP256R1())
_DEAD = "https://127.0.0.1:9"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("sealed") / "bundle.zip"
    scan_of(TENANT, policies=("azure-policy",)).seal(target)
    return target.read_bytes()


@pytest.fixture
def bundle(sealed: bytes, tmp_path: Path) -> Path:
    (tmp_path / "bundle.zip").write_bytes(sealed)
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    return tmp_path / "bundle.zip"


def sign(bundle: Path, vault: Vault, path: str = "/keys/signer") -> tuple[int, str, str]:
    with serving(vault, bundle.parent) as authority:
        return run("sign", str(bundle), "--key", f"{vault.url}{path}", env=signed_in(vault, authority))


def signed_in(vault: Vault, authority: Path) -> dict[str, str]:
    """The environment of a machine with a managed identity that trusts the vault's certificate."""
    return {
        "IDENTITY_ENDPOINT": f"{vault.url}{IDENTITY}",
        "IDENTITY_HEADER": "of the fake vault",
        "REQUESTS_CA_BUNDLE": str(authority),
    }


def test_the_whole_command_signs_a_bundle_with_a_key_in_a_vault(bundle: Path) -> None:
    vault = Vault(key=KEY)
    with serving(vault, bundle.parent) as authority:
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "sign", str(bundle), "--key", f"{vault.url}/keys/signer"],
            env={**os.environ, **signed_in(vault, authority)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (done.returncode, "signatures: 1." in done.stdout, done.stderr) == (0, True, "")
    assert "POST /keys/signer/0123456789abcdef/sign" in vault.requests
    code, out, _ = run("verify", str(bundle), "--key", str(bundle.parent / "public.pem"))
    assert (code, "Signed by" in out) == (0, True)
    code, _, err = sign(bundle, Vault(key=KEY))
    assert (code, "signed already" in err) == (2, True)


@pytest.mark.parametrize(
    ("vault", "words"),
    [
        (Vault(key=KEY, hides=404), ("has no key signer", "az keyvault key list --vault-name")),
        (Vault(key=KEY, hides=403), ("the key could not be read", "Key Vault Crypto User")),
        (Vault(key=KEY, hides=418), ("the key could not be read", "answered otherwise than Key Vault does")),
        (Vault(key=KEY, refuses=403), ("the vault did not sign", "Key Vault Crypto User")),
        (Vault(key=KEY, lies=True), ("its own public key does not verify",)),
        (
            Vault(key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
            ("this is a key of type RSA", "az keyvault key create --kty EC --curve P-256"),
        ),
        (Vault(key=ec.generate_private_key(ec.SECP256K1())), ("this is a key of type EC P-256K",)),
    ],
    ids=lambda each: "" if isinstance(each, tuple) else "vault",
)
def test_a_refusal_is_named_and_the_bundle_stays(
    vault: Vault, words: tuple[str, ...], bundle: Path, sealed: bytes
) -> None:
    code, out, err = sign(bundle, replace(vault))
    assert (code, bundle.read_bytes() == sealed, out) == (2, True, "")
    assert [word for word in ("--key https://127.0.0.1", *words) if word not in err] == []


@pytest.mark.parametrize("path", ["/keys/", "/secrets/signer", "/keys/signer/0123/sign", "/keys/a%2Fb", ""])
def test_an_address_of_something_else_is_refused_before_anything_is_asked(path: str, bundle: Path) -> None:
    vault = Vault(key=KEY)
    code, _, err = sign(bundle, vault, path)
    assert (code, "https://VAULT.vault.azure.net/keys/NAME" in err) == (2, True)
    assert vault.requests == []


def test_a_vault_that_nobody_reaches_is_named(bundle: Path, sealed: bytes) -> None:
    code, _, err = run("sign", str(bundle), "--key", f"{_DEAD}/keys/signer")
    assert (code, bundle.read_bytes() == sealed) == (2, True)
    assert "127.0.0.1:9 could not be reached. Check the name of the vault" in err
