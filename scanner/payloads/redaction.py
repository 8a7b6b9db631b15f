"""Removes secrets, tokens and e-mail addresses from answers before anything is stored or shown.

The names of secret members come from the Machine Learning contract (`sdkTelemetryAppInsightsKey`, compute
passwords, Kubernetes connection strings) and from Application Insights (2026-08).
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
_SECRET_ENDING = "connectionstring"  # noqa: S105 - the end of a member name
_EMAIL = re.compile(r"[A-Za-z0-9._%+#-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*", re.ASCII)
"""A JSON web token: two base64url objects. A nextLink is exempt, because it must stay as Azure wrote it."""

_MEMBERS_WITH_EMAILS = frozenset({"systemdata", "error"})
_SIGNS = (b"@", b"\\", b"\0")
_NAME_ENDINGS = (b'key"', b'password"', b'secret"', b'sastoken"', b'sasgetteruri"', b'connectionstring"')
"""Every name of a secret member ends like one of these. A body without any of them, of `_SIGNS` and of a token
is clean. A backslash may escape a name or a sign; a zero byte means that the body is not UTF-8."""
_SECRET_TEXT = re.compile(
    rf'("(?:{"|".join(sorted(_SECRET_MEMBERS))}|[^"\\]*{_SECRET_ENDING})"\s*:\s*")[^"]+', re.IGNORECASE
)
"""A secret member in JSON that may be cut off: its name and the rest of its value."""


def without_emails(text: str) -> str:
    """Return the text with every e-mail address replaced."""
    return _EMAIL.sub(REDACTED, text) if "@" in text else text


def without_tokens(text: str) -> str:
    """Return the text with every JSON web token replaced."""
    return _TOKEN.sub(REDACTED, text) if "eyJ" in text else text


def redacted(body: bytes, document: Any) -> tuple[bytes, tuple[str, ...]]:
    """Return the body without secrets, and the sorted JSON pointers of every replaced value.

    `document` is the parsed body and is changed in place. A clean body is returned unchanged. Otherwise the
    document is written again, compact, with its members in order. A body that is no JSON object or array,
    such as an error page, is cleaned as a text; its pointer is "", the whole document.
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
    """Return a body that is not JSON without anything like a secret. A body with a zero byte is dropped."""
    if b"\0" in body:
        return REDACTED.encode()
    text = without_tokens(without_emails(body.decode("latin-1")))
    return _SECRET_TEXT.sub(rf"\g<1>{REDACTED}", text).encode("latin-1")


def _is_suspicious(body: bytes) -> bool:
    """Check whether the body may hold a secret. Most bodies do not, and this is much faster than parsing."""
    # A capital J is rare, and ten times as fast to find as the start of a token.
    if any(map(body.__contains__, _SIGNS)) or (b"J" in body and b"eyJ" in body):
        return True
    lowered = body.lower()
    return any(map(lowered.__contains__, _NAME_ENDINGS))


def _cleaned_below(node: Any, *, emails: bool) -> list[str]:
    """Replace the secrets below `node`, and return their pointers from there."""
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
            pointers = _cleaned_below(value, emails=emails or (is_object and _may_hold_emails(key)))
            if pointers:
                step = _escaped(str(key))
                found += [f"/{step}{pointer}" for pointer in pointers]
    return found


def _cleaned(key: str | int, text: str, *, emails: bool) -> str:
    """Return the value of a member or array item without secrets."""
    if isinstance(key, str) and _is_secret(key):
        return REDACTED if text else text
    if emails or (isinstance(key, str) and _may_hold_emails(key)):
        return without_tokens(without_emails(text))
    return text if key == "nextLink" else without_tokens(text)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    """Check whether a member of that name is a secret."""
    lowered = name.lower()
    return lowered in _SECRET_MEMBERS or lowered.endswith(_SECRET_ENDING)


@lru_cache(maxsize=4096)
def _may_hold_emails(name: str) -> bool:
    """Check whether texts in a member of that name may hold e-mail addresses."""
    return name.lower() in _MEMBERS_WITH_EMAILS
