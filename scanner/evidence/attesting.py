"""What goes beside a bundle's manifest when it is sealed: a signature, a timestamp, both or neither."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # its __init__ has no __all__

from scanner.errors import TimestampError, UsageError
from scanner.evidence.manifest import root_digest
from scanner.evidence.signing import SIGNATURE_FILE, Predicate, signed, signing_key
from scanner.evidence.statement import Told
from scanner.evidence.timestamps import TIMESTAMP_FILE, check_timestamp_url, timestamped


class Attestation:
    """Signs manifests and has them stamped; call it with a manifest and what is told of the scan.

    An authority that fails costs no evidence: `failure` then says why there is no timestamp.
    """

    def __init__(self, key: CryptoSigner | None, url: str | None, ca_bundle: Path | None) -> None:
        """Sign with the key, and ask the authority at the URL, where there are any."""
        self._key, self._url, self._ca_bundle = key, url, ca_bundle
        self.failure: TimestampError | None = None

    def __call__(self, manifest: bytes, told: Told) -> Mapping[str, bytes]:
        """The files by name."""
        found: dict[str, bytes] = {}
        if self._key is not None:
            found[SIGNATURE_FILE] = signed(manifest, self._key, _predicate(manifest, told))
        if self._url is not None:
            try:
                found[TIMESTAMP_FILE] = asyncio.run(timestamped(manifest, self._url, self._ca_bundle))
            except TimestampError as error:
                self.failure = error
        return found


def attestation(
    sign: str | None,
    timestamp: str | None,
    evidence: Path | None,
    ca_bundle: Path | None,
    environment: Mapping[str, str],
) -> Attestation | None:
    """How to attest what `--sign` and `--timestamp` say, checked before anything is scanned.

    Raises UsageError for what cannot be done: no evidence to attest, an unusable key or address.
    """
    if sign is None and timestamp is None:
        return None
    if evidence is None:
        option = "--sign" if sign is not None else "--timestamp"
        raise UsageError(f"{option} is for evidence: add --evidence FILE.zip.")
    if timestamp is not None:
        check_timestamp_url(timestamp)
    return Attestation(signing_key(sign, environment) if sign is not None else None, timestamp, ca_bundle)


def _predicate(manifest: bytes, told: Told) -> Predicate:
    return Predicate(
        tool_version=told.tool_version,
        root_digest=root_digest(manifest),
        started_at=told.started_at.isoformat(),
        finished_at=told.finished_at.isoformat(),
    )
