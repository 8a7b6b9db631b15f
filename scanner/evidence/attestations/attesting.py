"""Make the signature and the timestamp that lie beside a bundle's manifest. The scan command calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # its __init__ has no __all__

from scanner.errors import TimestampError, UsageError
from scanner.evidence.attestations.signing import SIGNATURE_FILE, Predicate, signed, signing_key
from scanner.evidence.attestations.timestamps import (
    TIMESTAMP_FILE,
    check_not_before,
    check_timestamp_url,
    timestamped,
)
from scanner.evidence.manifest import root_digest
from scanner.evidence.statement import ScanRecord


class Attestation:
    """Sign manifests and request timestamps for them.

    If the authority fails, the bundle is written without a timestamp and `failure` is the reason.
    """

    def __init__(self, key: Signer | None, url: str | None, ca_bundle: Path | None) -> None:
        """Sign with the key if there is one, and ask the authority if there is a URL."""
        self._key, self._url, self._ca_bundle = key, url, ca_bundle
        self.failure: TimestampError | None = None

    def __call__(self, manifest: bytes, record: ScanRecord) -> Mapping[str, bytes]:
        """Return the content of each file by name."""
        found: dict[str, bytes] = {}
        if self._key is not None:
            found[SIGNATURE_FILE] = signed(manifest, self._key, predicate_of(manifest, record))
        if self._url is not None:
            try:
                token = asyncio.run(timestamped(manifest, self._url, self._ca_bundle))
                check_not_before(token, record.finished_at, self._url)
                found[TIMESTAMP_FILE] = token
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
    """Return the attestation that `--sign` and `--timestamp` ask for, before the scan begins; None without them.

    Raises UsageError if there is no evidence to attest, or the key or address cannot be used.
    """
    if sign is None and timestamp is None:
        return None
    if evidence is None:
        option = "--sign" if sign is not None else "--timestamp"
        raise UsageError(f"{option} is for evidence: add --evidence FILE.zip.")
    if timestamp is not None:
        check_timestamp_url(timestamp)
    return Attestation(signing_key(sign, environment) if sign is not None else None, timestamp, ca_bundle)


def predicate_of(manifest: bytes, record: ScanRecord) -> Predicate:
    """Return what a signature covers beside the digest of the manifest."""
    return Predicate(
        tool_version=record.tool_version,
        root_digest=root_digest(manifest),
        started_at=record.started_at.isoformat(),
        finished_at=record.finished_at.isoformat(),
    )
