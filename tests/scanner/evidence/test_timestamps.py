"""Timestamps by an authority that openssl runs on loopback."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import Certificate
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import SigningKeyError, TimestampError, UsageError
from scanner.evidence.attestations.certificate_order import with_sorted_certificates
from scanner.evidence.attestations.timestamps import (
    authorities,
    check_not_before,
    check_timestamp_url,
    timestamped,
    verify_timestamp,
)
from tests.support.evidence.timestamp_authority import FIRST, HAS_OPENSSL, LAST, Authority, authority, serving

MANIFEST = b'{"files":[]}\n'
pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="needs openssl, to run a timestamp authority")


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def token(tsa: Authority) -> bytes:
    return token_of(tsa)


def token_of(tsa: Authority) -> bytes:
    with serving(tsa) as url:
        return asyncio.run(timestamped(MANIFEST, url))


def roots(tsa: Authority) -> Sequence[Certificate]:
    return authorities(tsa.root, "--tsa-ca root.pem")


def test_a_timestamp_tells_when_the_manifest_existed(tsa: Authority, token: bytes) -> None:
    told = verify_timestamp(MANIFEST, token, roots(tsa))
    assert told.tzinfo is not None
    assert timedelta() <= datetime.now(UTC) - told < timedelta(hours=1)


@pytest.mark.parametrize("root_name", [FIRST, LAST])
def test_the_certificates_of_a_token_may_have_any_order(root_name: str, tmp_path: Path) -> None:
    """openssl writes them as the chain has them, and DER sorts them by their bytes."""
    tsa = authority(tmp_path, root_name)
    token = token_of(tsa)
    in_der = with_sorted_certificates(token)
    assert (in_der == token) == (root_name == LAST)
    assert len(in_der) == len(token)
    assert verify_timestamp(MANIFEST, token, roots(tsa)) == verify_timestamp(MANIFEST, in_der, roots(tsa))


@given(st.binary(max_size=60))
def test_what_has_another_structure_stays_as_it_is(text: bytes) -> None:
    assert sorted(with_sorted_certificates(text)) == sorted(text)


def test_an_authority_whose_clock_is_behind_is_named(token: bytes) -> None:
    with pytest.raises(TimestampError, match="is before the end of the scan"):
        check_not_before(token, datetime.now(UTC) + timedelta(hours=1), "http://tsa")


def test_it_does_not_hold_for_another_manifest(tsa: Authority, token: bytes) -> None:
    with pytest.raises(TimestampError, match="something else than the manifest"):
        verify_timestamp(MANIFEST + b" ", token, roots(tsa))


def test_it_does_not_hold_below_other_roots(token: bytes, tmp_path: Path) -> None:
    with pytest.raises(TimestampError, match="none of the certificates given"):
        verify_timestamp(MANIFEST, token, roots(authority(tmp_path)))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_no_altered_byte_can_move_the_time(tsa: Authority, token: bytes) -> None:
    trusted = roots(tsa)
    told: set[datetime | str] = set()
    for position in range(len(token)):
        altered = bytearray(token)
        altered[position] ^= 1
        try:
            told.add(verify_timestamp(MANIFEST, bytes(altered), trusted))
        except TimestampError as error:
            told.add(str(error).partition(":")[0])
    assert told == {verify_timestamp(MANIFEST, token, trusted), "timestamp.tsr"}


@pytest.mark.parametrize("text", [b"", b"<html>", b"\x30\x03\x02\x01\x02"])
def test_what_is_no_token_is_refused(tsa: Authority, text: bytes) -> None:
    with pytest.raises(TimestampError, match=r"timestamp\.tsr"):
        verify_timestamp(MANIFEST, text, roots(tsa))


def test_an_answer_to_another_request_is_refused(token: bytes, tsa: Authority) -> None:
    with serving(token) as url, pytest.raises(TimestampError, match="answer is to another request"):
        asyncio.run(timestamped(MANIFEST, url))
    with serving(token) as url, pytest.raises(TimestampError, match="answer is about something else"):
        asyncio.run(timestamped(b"other", url))


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"busy", 503, "answered HTTP 503"),
        (b"<html>", 200, "no RFC 3161 timestamp"),
        (b"\0" * (1024 * 1024 + 1), 200, "longer than 1048576 bytes"),
    ],
)
def test_an_authority_that_does_not_answer_as_one_is_named(body: bytes, status: int, told: str) -> None:
    with serving(body, status) as url, pytest.raises(TimestampError, match=told) as error:
        asyncio.run(timestamped(MANIFEST, url))
    assert url in str(error.value)


def test_an_authority_that_is_not_there_is_named() -> None:
    with pytest.raises(TimestampError, match="No timestamp from http://127"):
        asyncio.run(timestamped(MANIFEST, "http://127.0.0.1:9/tsa"))


@pytest.mark.parametrize("url", ["ftp://tsa.example.com", "tsa.example.com", "https://", ""])
def test_an_address_that_is_none_is_refused_before_a_scan(url: str) -> None:
    with pytest.raises(UsageError, match="--timestamp"):
        check_timestamp_url(url)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(UsageError, match=r"azml-audit\[timestamp\]"):
        check_timestamp_url("https://tsa.example.com")
    with pytest.raises(UsageError, match=r"azml-audit\[timestamp\]"):
        authorities(b"", "--tsa-ca root.pem")


def test_a_file_without_certificates_is_refused() -> None:
    with pytest.raises(SigningKeyError, match="--tsa-ca x: no certificate"):
        authorities(b"<html>", "--tsa-ca x")
