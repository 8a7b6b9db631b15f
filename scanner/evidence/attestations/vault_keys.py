"""Sign with a key in Azure Key Vault, which never leaves it. Needs the extra `vault` (azure-keyvault-keys)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from securesystemslib.signer import Signature, Signer, SSlibKey  # type: ignore[attr-defined]  # it has no __all__

from scanner.azure.clouds import is_loopback
from scanner.errors import SignatureError, SigningKeyError, UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_CURVES = {
    "P-256": (ec.SECP256R1(), "ES256", hashlib.sha256),
    "P-384": (ec.SECP384R1(), "ES384", hashlib.sha384),
    "P-521": (ec.SECP521R1(), "ES512", hashlib.sha512),
}


def is_vault_key(source: str) -> bool:
    """Return whether the source of a key is the address of one in a vault."""
    return source.startswith("https://") and urlsplit(source).path.startswith("/keys/")


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
    parts = urlsplit(source)
    name, _, version = parts.path.removeprefix("/keys/").partition("/")
    options: dict[str, Any] = {"connection_verify": str(ca_bundle)} if ca_bundle else {}
    options["verify_challenge_resource"] = not is_loopback(source)
    try:
        with KeyClient(f"https://{parts.netloc}", credential, **options) as keys:
            key = keys.get_key(name, version or None)
    except (AzureError, ValueError) as error:
        raise SigningKeyError(f"{where}: could not read the key: {type(error).__name__}: {error}") from error
    found: Any = key.key
    curve = _CURVES.get(str(getattr(found.crv, "value", found.crv)))
    if curve is None:
        raise SigningKeyError(f"{where}: this is no key on P-256, P-384 or P-521. Other keys are refused.")
    x, y = (int.from_bytes(number) for number in (found.x, found.y))
    public = SSlibKey.from_crypto(ec.EllipticCurvePublicNumbers(x, y, curve[0]).public_key())
    return _VaultSigner(CryptographyClient(key.id, credential, **options), public, curve)


class _VaultSigner(Signer):
    """Has the vault sign digests."""

    def __init__(self, client: Any, public_key: SSlibKey, curve: Any) -> None:
        self._client, self._public_key, self._curve = client, public_key, curve

    @property
    def public_key(self) -> SSlibKey:
        """The public half of the key."""
        return self._public_key

    @classmethod
    def from_priv_key_uri(cls, *_arguments: Any, **_options: Any) -> Signer:
        """Refuse: keys are opened by `vault_key`."""
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of a payload. Raises SignatureError if the vault does not sign."""
        _, algorithm, digest = self._curve
        try:
            raw = self._client.sign(algorithm, digest(payload).digest()).signature
        except AzureError as error:
            raise SignatureError(f"the vault did not sign: {type(error).__name__}: {error}") from error
        half = len(raw) // 2
        pair = (int.from_bytes(part) for part in (raw[:half], raw[half:]))
        return Signature(self._public_key.keyid, encode_dss_signature(*pair).hex())
