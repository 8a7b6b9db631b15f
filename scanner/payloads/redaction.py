"""Drops secrets, tokens and e-mail addresses from what Azure said, before anything is stored or shown.

Names of secret members: the Machine Learning contract (`sdkTelemetryAppInsightsKey`, compute passwords
and Kubernetes connection strings) and Application Insights' own (2026-08).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from scanner.payloads.bodies import written

REDACTED = "[redacted]"

_SECRET_MEMBERS = frozenset(
    {
        "sdktelemetryappinsightskey",
        "adminuserpassword",
        "adminpassword",
        "administratoraccountpassword",
        "instrumentationkey",
        "primarykey",
        "secondarykey",
        "accountkey",
        "accesskey",
        "sharedkey",
        "clientsecret",
        "password",
        "sastoken",
        "sasgetteruri",
    }
)
_SECRET_ENDING = "connectionstring"  # noqa: S105 - how the names of secret members end
_EMAIL = re.compile(r"[A-Za-z0-9._%+#-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*", re.ASCII)
"""A JSON web token: base64url of an object, and of another. A nextLink is followed as Azure wrote it,
whatever its skip token looks like."""

_EMAIL_BEARERS = frozenset({"systemdata", "error"})
_SIGNS = (b"@", b"\\", b"\0")
_NAME_ENDINGS = (b'key"', b'password"', b'secret"', b'sastoken"', b'sasgetteruri"', b'connectionstring"')
"""In a body without any of these, or a token, nothing can have to go: every secret member's name ends so. A
backslash may spell a name or a sign in another way, a zero byte means that it is not UTF-8."""
_SECRET_TEXT = re.compile(
    rf'("(?:{"|".join(sorted(_SECRET_MEMBERS))}|[^"\\]*{_SECRET_ENDING})"\s*:\s*")[^"]+', re.IGNORECASE
)
"""A secret member in JSON that may break off anywhere: its name and all of its value that came."""


def without_emails(text: str) -> str:
    """The text with every e-mail address replaced."""
    return _EMAIL.sub(REDACTED, text) if "@" in text else text


def without_tokens(text: str) -> str:
    """The text with every JSON web token replaced, whoever wrote it there."""
    return _TOKEN.sub(REDACTED, text) if "eyJ" in text else text


def redacted(body: bytes, document: Any) -> tuple[bytes, tuple[str, ...]]:
    """The body without secrets, and the JSON pointers of what was replaced, sorted.

    `document` is the parsed body and is changed in place. Where nothing had to go, the bytes come back
    as they were; otherwise the document is written anew, compact, members in their order. A body that is
    no JSON object or array (an error page, an answer that broke off) is cleaned as a text; its pointer is
    "", the whole.
    """
    if not _is_suspicious(body):
        return body, ()
    if not isinstance(document, (dict, list)):
        cleaned = _cleaned_text(body)
        return cleaned, (() if cleaned == body else ("",))
    pointers = _cleaned_below(document, emails=False)
    if not pointers:
        return body, ()
    return written(document), tuple(sorted(pointers))


def _cleaned_text(body: bytes) -> bytes:
    """A body nobody can parse, without what looks like a secret; one with a zero byte is left out whole."""
    if b"\0" in body:
        return REDACTED.encode()
    text = without_tokens(without_emails(body.decode("latin-1")))
    return _SECRET_TEXT.sub(rf"\g<1>{REDACTED}", text).encode("latin-1")


def _is_suspicious(body: bytes) -> bool:
    """Whether anything in it may have to go. A capital J is rare, and found ten times as fast as a token."""
    if any(map(body.__contains__, _SIGNS)) or (b"J" in body and b"eyJ" in body):
        return True
    lowered = body.lower()
    return any(map(lowered.__contains__, _NAME_ENDINGS))


def _cleaned_below(node: Any, *, emails: bool) -> list[str]:
    """Replace in `node` what has to go; returns the pointers to it from there."""
    found = []
    is_object = type(node) is dict
    for key, value in node.items() if is_object else enumerate(node):
        kind = type(value)
        if kind is str:
            if (is_object and _is_secret(key)) or "@" in value or "eyJ" in value:
                cleaned = _cleaned(key, value, emails=emails)
                if cleaned != value:
                    node[key] = cleaned
                    found.append(f"/{_escaped(str(key))}")
        elif value and (kind is dict or kind is list):
            pointers = _cleaned_below(value, emails=emails or (is_object and _bears_emails(key)))
            if pointers:
                step = _escaped(str(key))
                found += [f"/{step}{pointer}" for pointer in pointers]
    return found


def _cleaned(key: str | int, text: str, *, emails: bool) -> str:
    """The text of that name or position, as it may stay."""
    if isinstance(key, str) and _is_secret(key):
        return REDACTED if text else text
    if emails or (isinstance(key, str) and _bears_emails(key)):
        return without_tokens(without_emails(text))
    return text if key == "nextLink" else without_tokens(text)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    """Whether a member of that name is a secret."""
    lowered = name.lower()
    return lowered in _SECRET_MEMBERS or lowered.endswith(_SECRET_ENDING)


@lru_cache(maxsize=4096)
def _bears_emails(name: str) -> bool:
    """Whether texts in a member of that name may name people."""
    return name.lower() in _EMAIL_BEARERS
