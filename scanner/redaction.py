"""Drops secrets, tokens and e-mail addresses from what Azure said, before anything is stored or shown.

Names of secret members: the Machine Learning contract (`sdkTelemetryAppInsightsKey`, compute passwords
and Kubernetes connection strings) and Application Insights' own (2026-08).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"

_Path = tuple[str | int, ...]
"""The members and positions that lead to a value."""

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
_SUSPICIOUS = tuple(
    name.encode() for name in ("@", "\\", "\0", "eyj", *sorted(_SECRET_MEMBERS), _SECRET_ENDING)
)
"""In a body without any of these nothing can have to go. A backslash may spell a name or a sign in another
way, a zero byte means that it is not UTF-8."""
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
    lowered = body.lower()
    if not any(sign in lowered for sign in _SUSPICIOUS):
        return body, ()
    if not isinstance(document, (dict, list)):
        cleaned = _cleaned_text(body)
        return cleaned, (() if cleaned == body else ("",))
    pointers: list[str] = []
    _walk(document, (), pointers, emails=False)
    if not pointers:
        return body, ()
    rewritten = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return rewritten.encode("utf-8", "surrogatepass"), tuple(sorted(pointers))


def _cleaned_text(body: bytes) -> bytes:
    """A body nobody can parse, without what looks like a secret; one with a zero byte is left out whole."""
    if b"\0" in body:
        return REDACTED.encode()
    text = without_tokens(without_emails(body.decode("latin-1")))
    return _SECRET_TEXT.sub(rf"\g<1>{REDACTED}", text).encode("latin-1")


def _walk(node: Any, path: _Path, found: list[str], *, emails: bool) -> None:
    """Replace in `node`, which lies at `path`, what has to go, and add its pointer to `found`."""
    if isinstance(node, dict):
        for name, value in node.items():
            is_secret, bears_emails = _named(name)
            if is_secret and isinstance(value, str) and value:
                _replace(node, name, REDACTED, path, found)
            elif isinstance(value, (str, dict, list)):
                _visit(node, name, value, path, found, emails=emails or bears_emails)
    else:
        for position, value in enumerate(node if isinstance(node, list) else ()):
            if isinstance(value, (str, dict, list)):
                _visit(node, position, value, path, found, emails=emails)


def _visit(parent: Any, key: str | int, value: Any, path: _Path, found: list[str], *, emails: bool) -> None:
    if not isinstance(value, str):
        _walk(value, (*path, key), found, emails=emails)
    elif (emails and "@" in value) or ("eyJ" in value and key != "nextLink"):
        _replace(parent, key, without_tokens(without_emails(value) if emails else value), path, found)


def _replace(parent: Any, key: str | int, text: str, path: _Path, found: list[str]) -> None:
    if parent[key] != text:
        parent[key] = text
        found.append("".join(f"/{_escaped(str(step))}" for step in (*path, key)))


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=4096)
def _named(name: str) -> tuple[bool, bool]:
    """Whether a member of that name is a secret, and whether texts below it may name people."""
    lowered = name.lower()
    is_secret = lowered in _SECRET_MEMBERS or lowered.endswith(_SECRET_ENDING)
    return is_secret, lowered in _EMAIL_BEARERS
