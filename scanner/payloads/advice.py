"""What to do about a connection or a sign-in that failed, told from the chain of its errors."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from azure.core.exceptions import ClientAuthenticationError

CLOCK = (
    "Set this machine's clock (it should follow a time server): what is signed with a wrong time is refused."
)
DNS = (
    "The name could not be resolved: check its spelling and this machine's DNS. Where only a proxy resolves "
    "it, set HTTPS_PROXY."
)
PROXY = (
    "The proxy that HTTPS_PROXY names could not be used: check its address and password, or name the host in "
    "NO_PROXY to go past it."
)
UNTRUSTED = (
    "Its certificate is from an authority this machine does not trust. If that is right, as where a proxy "
    "inspects TLS, name the authority's PEM file with --ca-bundle (and in SSL_CERT_FILE for other tools)."
)
OTHER_HOST = "Its certificate is for another host: check the address, and whether a proxy stands in between."
EXPIRED = f"Its certificate is not valid now. {CLOCK} If the clock is right, the server needs a new one."
TLS = "TLS could not be agreed on: check the address and its port, and whether a proxy stands in between."
UNREACHABLE = (
    "Check that the network lets this machine reach it; where only a proxy does, set HTTPS_PROXY (and "
    "NO_PROXY for what is near)."
)
SIGN_IN = "Check --auth, --tenant and --cloud, and sign in again."

_OUT_OF_DATE, _OTHER_HOST_CODES = {9, 10}, {62, 64}
_WRONG_TIME = re.compile(r"AADSTS(700024|500133|50013\b.*time)")
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_WRONG_TIME, CLOCK),
    (re.compile("certificate (is not yet valid|has expired)"), EXPIRED),
    (re.compile("hostname mismatch|doesn't match|not valid for '", re.IGNORECASE), OTHER_HOST),
    (re.compile("CERTIFICATE_VERIFY_FAILED"), UNTRUSTED),
    (re.compile("Name or service not known|getaddrinfo|nodename nor servname|NameResolutionError"), DNS),
    (re.compile("Cannot connect to proxy|ProxyError|407, message"), PROXY),
)
_MOST_SKEW = timedelta(minutes=5)


def advice(error: BaseException) -> str:
    """What to do about it: the most specific of the chain's errors decides, else words they carry."""
    chain = list(_chain(error))
    told = " ".join(str(each) for each in chain)
    if _WRONG_TIME.search(told):
        return CLOCK
    for each in reversed(chain):
        if found := _by_type(each):
            return found
    for words, what in _WORDS:
        if words.search(told):
            return what
    return SIGN_IN if isinstance(error, ClientAuthenticationError) else UNREACHABLE


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _by_type(error: BaseException) -> str | None:
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return PROXY
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _by_type(error.certificate_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error.verify_code)
    if isinstance(error, socket.gaierror | aiohttp.ClientConnectorDNSError):
        return DNS
    if isinstance(error, ssl.SSLError | aiohttp.ClientConnectorSSLError):
        return TLS
    return None


def _certificate(verify_code: int) -> str:
    if verify_code in _OUT_OF_DATE:
        return EXPIRED
    return OTHER_HOST if verify_code in _OTHER_HOST_CODES else UNTRUSTED


def is_clock_wrong(date: str | None, now: datetime) -> bool:
    """Whether a server's Date header and our clock are more than five minutes apart."""
    try:
        return date is not None and abs(parsedate_to_datetime(date) - now) > _MOST_SKEW
    except (ValueError, TypeError):
        return False
