"""Finds what to do about a failed connection or sign-in."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from azure.core.exceptions import ClientAuthenticationError

CLOCK = (
    "Set this machine's clock, for example from a time server. Azure refuses tokens and certificates "
    "that a wrong clock makes invalid."
)
DNS = (
    "The host name could not be resolved. Check its spelling and this machine's DNS. If only a proxy "
    "resolves it, set HTTPS_PROXY."
)
PROXY = (
    "The proxy in HTTPS_PROXY could not be used. Check its address and password, or list the host in "
    "NO_PROXY to bypass it."
)
UNTRUSTED = (
    "This machine does not trust the authority behind the server's certificate. If a proxy inspects TLS, "
    "pass the authority's PEM file with --ca-bundle (and in SSL_CERT_FILE for other tools)."
)
OTHER_HOST = (
    "The server's certificate is for another host. Check the address, and whether a proxy intercepts "
    "the connection."
)
EXPIRED = f"The server's certificate is not valid now. {CLOCK} If the clock is right, renew the certificate."
STRICT = (
    "Python 3.13 and later refuse this certificate because it breaks RFC 5280. Ask the owner of its authority to issue "
    "it again by that standard, or run azml-audit with Python 3.12. The authority itself is trusted."
)
TLS = "The TLS handshake failed. Check the address and port, and whether a proxy intercepts the connection."
UNREACHABLE = (
    "Check that the network lets this machine reach the host. If only a proxy reaches it, set HTTPS_PROXY "
    "(and NO_PROXY for hosts nearby)."
)
SIGN_IN = "Sign in with `az login`, or check --auth, --tenant and --cloud."
SIGN_IN_AGAIN = "Sign in again with `az login`: the earlier sign-in has ended, or needs one more step."
NO_CLI = "Install the Azure CLI and sign in with `az login`, or choose another --auth."
NO_VARIABLES = (
    "Set AZURE_TENANT_ID and AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, or choose "
    "another --auth."
)
NO_MANAGED_IDENTITY = (
    "Give this machine a managed identity (--client-id names a user-assigned one), or choose another --auth."
)
WRONG_SECRET = (
    "Create a new secret for the application, and set AZURE_CLIENT_SECRET to its value, not its id."  # noqa: S105 - an advice
)
NO_APPLICATION = (
    "Check --tenant and the application's id (AZURE_CLIENT_ID or --client-id): the tenant has no such "
    "application."
)
NO_TENANT = "Check --tenant and --cloud: this cloud has no such tenant."
POLICY = "Ask the tenant's administrator which sign-in its Conditional Access policies allow, and sign in that way."
TOO_MANY_FILES = "Too many files are open. Raise the limit (ulimit -n), or lower --max-concurrency."

_OUT_OF_DATE, _OTHER_HOST_CODES = {9, 10}, {62, 64}
_STRICT_CODES = range(80, 94)
"""The codes of OpenSSL 3 that only VERIFY_X509_STRICT leads to, which Python 3.13 sets."""
_WRONG_TIME = re.compile(r"AADSTS(700024|500133|50013\b.*time)")
_SIGN_INS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("AADSTS70002(15|22)"), WRONG_SECRET),
    (re.compile("AADSTS700016"), NO_APPLICATION),
    (re.compile("AADSTS9000(2|23)"), NO_TENANT),
    (re.compile("AADSTS530[0-9]{2}"), POLICY),
    (re.compile("AADSTS(700082|50173|70043|50076|50078|50079|50158)"), SIGN_IN_AGAIN),
    (re.compile("DefaultAzureCredential failed"), SIGN_IN),
    (re.compile("Azure CLI not found"), NO_CLI),
    (re.compile("run 'az login'|az login", re.IGNORECASE), SIGN_IN),
    (re.compile("EnvironmentCredential authentication unavailable"), NO_VARIABLES),
    (
        re.compile("ManagedIdentityCredential authentication unavailable|managed identity", re.IGNORECASE),
        NO_MANAGED_IDENTITY,
    ),
)
"""The texts of sign-in errors, and what helps. AADSTS codes are Entra's (reference of error codes, 2026-11)."""

_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_WRONG_TIME, CLOCK),
    (re.compile("certificate (is not yet valid|has expired)"), EXPIRED),
    (re.compile("hostname mismatch|doesn't match|not valid for '", re.IGNORECASE), OTHER_HOST),
    (re.compile("not marked critical|Missing (Authority|Subject) Key Identifier|include key usage"), STRICT),
    (re.compile("CERTIFICATE_VERIFY_FAILED"), UNTRUSTED),
    (re.compile("Name or service not known|getaddrinfo|nodename nor servname|NameResolutionError"), DNS),
    (re.compile("Cannot connect to proxy|ProxyError|407, message"), PROXY),
)
_MOST_SKEW = timedelta(minutes=5)


def advice(error: BaseException) -> str:
    """Return what to do about an error.

    The innermost error of a known type decides. If there is none, the messages decide.
    """
    chain = list(_chain(error))
    messages = " ".join(str(each) for each in chain)
    if _WRONG_TIME.search(messages):
        return CLOCK
    for each in reversed(chain):
        if found := _by_type(each):
            return found
    for words, action in _WORDS:
        if words.search(messages):
            return action
    if not isinstance(error, ClientAuthenticationError):
        return UNREACHABLE
    return next((action for words, action in _SIGN_INS if words.search(messages)), SIGN_IN)


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
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return TOO_MANY_FILES
    return None


def _certificate(verify_code: int) -> str:
    if verify_code in _OUT_OF_DATE:
        return EXPIRED
    if verify_code in _STRICT_CODES:
        return STRICT
    return OTHER_HOST if verify_code in _OTHER_HOST_CODES else UNTRUSTED


def is_clock_wrong(date: str | None, now: datetime) -> bool:
    """Check whether a server's Date header and our clock differ by more than five minutes."""
    try:
        return date is not None and abs(parsedate_to_datetime(date) - now) > _MOST_SKEW
    except (ValueError, TypeError):
        return False
