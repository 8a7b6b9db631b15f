"""Drops secrets and e-mail addresses from what Azure said, before anything is stored or shown.

Names of secret members: the Machine Learning contract (`sdkTelemetryAppInsightsKey`, compute passwords
and Kubernetes connection strings) and Application Insights' own (2026-08).
"""

from __future__ import annotations

import json
import re
from typing import Any

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
_EMAIL_BEARERS = frozenset({"systemdata", "error"})
_SUSPICIOUS = tuple(name.encode() for name in ("@", "\\", "\0", *sorted(_SECRET_MEMBERS), _SECRET_ENDING))
"""In a body without any of these nothing can have to go. A backslash may spell a name or a sign in another
way, a zero byte means that it is not UTF-8."""


def without_emails(text: str) -> str:
    """The text with every e-mail address replaced."""
    return _EMAIL.sub(REDACTED, text) if "@" in text else text


def redacted(body: bytes, document: Any) -> tuple[bytes, tuple[str, ...]]:
    """The body without secrets, and the JSON pointers of what was replaced, sorted.

    `document` is the parsed body and is changed in place. Where nothing had to go, the bytes come back
    as they were; otherwise the document is written anew, compact, members in their order.
    """
    lowered = body.lower()
    if not any(sign in lowered for sign in _SUSPICIOUS):
        return body, ()
    pointers: list[str] = []
    _walk(document, "", pointers, emails=False)
    if not pointers:
        return body, ()
    rewritten = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return rewritten.encode("utf-8", "surrogatepass"), tuple(sorted(pointers))


def _walk(node: Any, pointer: str, found: list[str], *, emails: bool) -> None:
    if isinstance(node, dict):
        for name, value in node.items():
            here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if _is_secret(name, value):
                node[name] = REDACTED
                found.append(here)
            else:
                _visit(node, name, value, here, found, emails=emails or name.lower() in _EMAIL_BEARERS)
    elif isinstance(node, list):
        for position, value in enumerate(node):
            _visit(node, position, value, f"{pointer}/{position}", found, emails=emails)


def _visit(parent: Any, key: str | int, value: Any, pointer: str, found: list[str], *, emails: bool) -> None:
    if isinstance(value, str):
        if emails and "@" in value and (cleaned := without_emails(value)) != value:
            parent[key] = cleaned
            found.append(pointer)
    elif isinstance(value, (dict, list)):
        _walk(value, pointer, found, emails=emails)


def _is_secret(name: str, value: Any) -> bool:
    lowered = name.lower()
    named = lowered in _SECRET_MEMBERS or lowered.endswith(_SECRET_ENDING)
    return named and isinstance(value, str) and value not in ("", REDACTED)
