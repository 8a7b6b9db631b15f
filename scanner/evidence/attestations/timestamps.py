"""Proves that a manifest existed at a time: asks an RFC 3161 authority for a token, and verifies one.

Needs the extra `timestamp` (rfc3161-client); without it every function raises UsageError. The token is signed, and the
answer to a request is bound to it by a nonce, so it may travel over plain http, as most authorities offer it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate, InvalidVersion, load_pem_x509_certificates

from scanner.azure.clouds import proxy_for, tls_context
from scanner.errors import SigningKeyError, TimestampError, UsageError
from scanner.evidence.attestations.certificate_order import with_sorted_certificates
from scanner.payloads.advice import advice

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

TIMESTAMP_FILE = "timestamp.tsr"
"""Beside the manifest, covering its bytes, and not listed in it: the authority's whole answer, in DER."""

_MAX_BYTES = 1024 * 1024
_SECONDS = 30.0
_GRANTED = 0


def check_timestamp_url(url: str) -> None:
    """Raise UsageError where a scan could not ask for a timestamp there: before it has begun."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--timestamp {url}: expected an address such as https://timestamp.example.com")
    require_timestamps()


def require_timestamps() -> None:
    """Raise UsageError where the extra is not installed."""
    try:
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Timestamps need an extra of azml-audit. Install it with: pipx install 'azml-audit[timestamp]'"
        ) from error


async def timestamped(manifest: bytes, url: str, ca_bundle: Path | None = None) -> bytes:
    """Return the authority's answer, to be written as `TIMESTAMP_FILE`. Raises TimestampError without one.

    The answer is checked to be about these bytes and this request. `verify_timestamp` decides whether its
    authority is trusted.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    request = TimestampRequestBuilder(data=manifest, hash_algorithm=HashAlgorithm.SHA256).build()
    answer = await _answer(request.as_bytes(), url, ca_bundle)
    _check_answer(_response(answer, url), request, manifest, url)
    return answer


def check_not_before(token: bytes, finished_at: datetime, url: str) -> None:
    """Raise TimestampError if the authority's clock is behind: then no timestamp could come after the scan."""
    at = _response(token, url).tst_info.gen_time
    if at < finished_at:
        raise TimestampError(
            f"No timestamp from {url}: its time, {at.isoformat()}, is before the end of the scan at "
            f"{finished_at.isoformat()}. Set the clock of this machine."
        )


def authorities(pem: bytes, where: str) -> Sequence[Certificate]:
    """The root certificates in a PEM text; `where` names it in errors.

    Raises SigningKeyError, and UsageError where the extra is not installed that verifies with them.
    """
    require_timestamps()
    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise SigningKeyError(f"{where}: no certificate in PEM could be read") from error


def verify_timestamp(manifest: bytes, token: bytes, roots: Sequence[Certificate]) -> datetime:
    """When the manifest existed, in UTC, by an authority below one of the roots. Raises TimestampError.

    A token has bytes that nobody signed (versions, names of algorithms, certificates it need not enclose):
    altering those alters nothing of what it proves, and may pass.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    response = _response(token, TIMESTAMP_FILE)
    try:
        if response.status != _GRANTED:
            raise VerificationError(f"no timestamp was granted: status {response.status}")
        VerifierBuilder(roots=[*roots]).build().verify_message(response, manifest)
        return response.tst_info.gen_time
    except (VerificationError, ValueError, InvalidVersion, UnsupportedAlgorithm) as error:
        raise TimestampError(f"{TIMESTAMP_FILE}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return the reason of rfc3161-client, in plainer words for the two that need them."""
    reason = str(error)
    if reason.startswith("Error while verifying certificates"):
        return "altered, or from an authority that none of the certificates given vouches for"
    if reason == "Mismatch between messages":
        return "it is a timestamp of something else than the manifest beside it"
    return reason


async def _answer(request: bytes, url: str, ca_bundle: Path | None) -> bytes:
    connector = aiohttp.TCPConnector(ssl=tls_context(ca_bundle))
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, proxy=proxy_for(url)) as session,
            session.post(url, data=request, headers=headers, allow_redirects=False) as response,
        ):
            body = await _read(response)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        name = type(error).__name__
        raise TimestampError(f"No timestamp from {url}: {name}: {error}. {advice(error)}") from error
    if response.status != 200:
        raise TimestampError(f"No timestamp from {url}: it answered HTTP {response.status}.")
    if len(body) > _MAX_BYTES:
        raise TimestampError(f"No timestamp from {url}: its answer is longer than {_MAX_BYTES} bytes.")
    return body


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its beginning: a little more than is allowed."""
    body = b""
    while len(body) <= _MAX_BYTES and (chunk := await response.content.readany()):
        body += chunk
    return body


def _response(token: bytes, where: str) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(with_sorted_certificates(token))
    except ValueError as error:
        raise TimestampError(f"{where}: this is no RFC 3161 timestamp: {error}") from error


def _check_answer(response: TimeStampResponse, request: TimeStampRequest, manifest: bytes, url: str) -> None:
    """Raise TimestampError unless it was granted, for these bytes and in answer to this request."""
    if response.status != _GRANTED:
        reason = "; ".join(response.status_string) or "no reason given"
        raise TimestampError(f"No timestamp from {url}: it refused with status {response.status}: {reason}.")
    if response.tst_info.message_imprint.message != hashlib.sha256(manifest).digest():
        raise TimestampError(f"No timestamp from {url}: its answer is about something else.")
    if response.tst_info.nonce != request.nonce:
        raise TimestampError(f"No timestamp from {url}: its answer is to another request.")
