"""Sign with a key in Azure Key Vault, which never leaves it. Needs the extra `vault` (azure-keyvault-keys)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature, Signer, SSlibKey  # type: ignore[attr-defined]  # it has no __all__

from scanner.azure.clouds import is_loopback
from scanner.errors import SignatureError, SigningKeyError, UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_PATH = re.compile(r"/keys/(?P<name>[0-9A-Za-z-]{1,127})(/(?P<version>[0-9A-Za-z]{1,64}))?/?")
_CREATE = (
    "A key on P-256, P-384 or P-521 can sign. Create one with: "
    "az keyvault key create --kty EC --curve P-256 --ops sign verify --vault-name VAULT --name NAME"
)
_LIMITS = {"retry_total": 2, "retry_backoff_factor": 0.2, "connection_timeout": 10, "read_timeout": 30}
"""The SDK waits 300 s for each of 11 attempts by itself."""

_ODD = (ValueError, TypeError, AttributeError)
"""Errors that the SDK raises for an answer that is not Key Vault's."""

_CURVES = {
    "P-256": (ec.SECP256R1(), "ES256", hashlib.sha256),
    "P-384": (ec.SECP384R1(), "ES384", hashlib.sha384),
    "P-521": (ec.SECP521R1(), "ES512", hashlib.sha512),
}


def is_vault_key(source: str) -> bool:
    """Return whether the source of a key is an address, so that it cannot be a file or a variable."""
    return "://" in source


def vault_key(source: str, where: str, credential: TokenCredential, ca_bundle: Path | None = None) -> Signer:
    """Return the signer of a key in a vault. Raises SigningKeyError, and UsageError without the extra."""
    try:
        from azure.keyvault.keys import KeyClient
        from azure.keyvault.keys.crypto import CryptographyClient
    except ImportError as error:
        raise UsageError(
            "Keys in Azure Key Vault need an extra of azml-audit. Install it with: "
            "pipx install 'azml-audit[vault]'"
        ) from error
    vault, name, version = _address(source, where)
    options: dict[str, Any] = {**_LIMITS, "verify_challenge_resource": not is_loopback(source)}
    if ca_bundle:
        options["connection_verify"] = str(ca_bundle)
    try:
        with KeyClient(vault, credential, **options) as keys:
            key = keys.get_key(name, version)
        client = CryptographyClient(key, credential, **options)
    except (AzureError, *_ODD) as error:
        raise SigningKeyError(f"{where}: the key could not be read. {_advice(error, vault, name)}") from error
    found: Any = key.key
    curve = _CURVES.get(_word(found.crv))
    if curve is None:
        raise SigningKeyError(
            f"{where}: this is a key of type {' '.join(filter(None, map(_word, (found.kty, found.crv))))}. {_CREATE}"
        )
    try:
        x, y = (int.from_bytes(number) for number in (found.x, found.y))
        public = SSlibKey.from_crypto(ec.EllipticCurvePublicNumbers(x, y, curve[0]).public_key())
    except _ODD as error:
        raise SigningKeyError(f"{where}: the vault answered with no public key. {error}.") from error
    return _VaultSigner(client, public, curve, where)


def _address(source: str, where: str) -> tuple[str, str, str | None]:
    """Return the vault's address, the key's name and its version. Raises SigningKeyError for another address."""
    parts = urlsplit(source)
    found = _PATH.fullmatch(parts.path)
    if parts.scheme != "https" or not parts.netloc or "@" in parts.netloc or found is None:
        raise SigningKeyError(
            f"{where}: this is no address of a key. It has the form https://VAULT.vault.azure.net/keys/NAME, "
            "with /VERSION after it for an older version. `az keyvault key show` prints it as `kid`."
        )
    return f"https://{parts.netloc}", found["name"], found["version"]


def _word(value: Any) -> str:
    """Return the text of a value that the SDK may know as a member of an enumeration."""
    return str(getattr(value, "value", value) or "")


def _advice(error: Exception, vault: str, name: str) -> str:
    """Return what went wrong at a vault, and what to do about it."""
    host = urlsplit(vault).netloc
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        why = f"{host} could not be reached"
        what = "Check the name of the vault, and the network and proxy in between."
    elif isinstance(error, ClientAuthenticationError) and error.response is None:
        why, what = "No identity could sign in", "Sign in with `az login`."
    elif isinstance(error, HttpResponseError) and error.status_code in (401, 403):
        why = f"{host} refused the identity ({error.status_code})"
        what = f"Grant it Key Vault Crypto User on the vault. Check the vault's firewall, and that {name} is enabled."
    elif isinstance(error, HttpResponseError) and error.status_code == 404:
        why = f"{host} has no key {name} in this version"
        what = f"See its keys with: az keyvault key list --vault-name {host.partition('.')[0]}"
    else:
        why, what = f"{host} answered otherwise than Key Vault does", "Check the address, and try again."
    return f"{why}. {what} Detail: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "message", error)).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'without a message'}"


class _VaultSigner(Signer):
    """Has the vault sign digests."""

    def __init__(self, client: Any, public_key: SSlibKey, curve: Any, where: str) -> None:
        self._client, self._public_key, self._curve, self._where = client, public_key, curve, where

    @property
    def public_key(self) -> SSlibKey:
        """The public half of the key."""
        return self._public_key

    @classmethod
    def from_priv_key_uri(cls, *_arguments: Any, **_options: Any) -> Signer:
        """Refuse: keys are opened by `vault_key`."""
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of a payload, verified. Raises SignatureError if the vault does not sign."""
        _, algorithm, digest = self._curve
        key = urlsplit(self._client.key_id)
        try:
            raw = self._client.sign(algorithm, digest(payload).digest()).signature or b""
        except (AzureError, *_ODD) as error:
            name = key.path.split("/")[2]
            raise SignatureError(
                f"{self._where}: the vault did not sign. {_advice(error, f'https://{key.netloc}', name)}"
            ) from error
        half = len(raw) // 2
        pair = (int.from_bytes(part) for part in (raw[:half], raw[half:]))
        signature = Signature(self._public_key.keyid, encode_dss_signature(*pair).hex())
        try:
            self._public_key.verify_signature(signature, payload)
        except UnverifiedSignatureError as error:
            raise SignatureError(
                f"{self._where}: the vault answered with a signature that its own public key does not verify. "
                "Nothing was signed. Try again."
            ) from error
        return signature
