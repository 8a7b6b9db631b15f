"""Turns a request into the bytes ARM would send: versions checked, lists cut into pages."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanner.emulator.directory import Directory
from scanner.emulator.envelopes import (
    ArmError,
    authorization_failed,
    invalid_resource_type,
    missing_api_version,
    unsupported_api_version,
)
from scanner.emulator.routes import ASSOCIATED_LIST, ROLES, Target
from scanner.emulator.versions import Document

_UNPAGED = frozenset({ROLES, "diagnosticSettings", "privateEndpointConnections"})
_ASSIGNED_TO = re.compile(r"atScope\(\) and assignedTo\('([^']+)'\)")
_SKIP_PARAMETER = {"subscriptions": "%24skiptoken", "descendants": "%24skiptoken"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A finished body with its status; `page` is the 1-based page of a list, None for anything else.

    `retry_after` is in seconds, None for no such header; `headers` are those only this answer has.
    """

    status: int
    body: bytes
    page: int | None = None
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(
    directory: Directory, target: Target, query: Mapping[str, str], size: int, base_url: str
) -> Answer:
    """Return ARM's answer to this GET, with at most `size` items to a page and nextLinks under `base_url`."""
    reply = _reply(directory, target, {name.lower(): value for name, value in query.items()}, size, base_url)
    return refusal(reply) if isinstance(reply, ArmError) else reply


def refusal(error: ArmError, retry_after: float | None = None) -> Answer:
    """The answer that carries this error."""
    return Answer(status=error.status, body=error.body(), retry_after=retry_after)


def encoded(document: Any) -> bytes:
    """Compact JSON, as ARM sends it."""
    return json.dumps(document, separators=(",", ":")).encode()


def _reply(
    directory: Directory, target: Target, query: Mapping[str, str], size: int, base_url: str
) -> Answer | ArmError:
    version = query.get("api-version", "")
    if not version:
        return missing_api_version()
    offered = directory.versions(target)
    if not offered and not target.route:
        return invalid_resource_type(target, version)
    if version.lower() not in offered:
        return unsupported_api_version(target, version, offered)
    if not directory.allows(target):
        return authorization_failed(target)
    if target.is_list:
        return _page(directory, target, query, size, base_url)
    found = directory.document(target, version)
    return found if isinstance(found, ArmError) else Answer(status=200, body=encoded(found))


def _page(
    directory: Directory, target: Target, query: Mapping[str, str], size: int, base_url: str
) -> Answer | ArmError:
    documents = _documents(directory, target, query)
    if isinstance(documents, ArmError):
        return documents
    start = _offset(query.get("$skip") or query.get("$skiptoken"))
    if start is None:
        return ArmError(status=400, code="InvalidSkipToken", message="The skip token is not one of ours.")
    end = len(documents) if target.route in _UNPAGED else start + size
    version = query["api-version"]
    if directory.has_empty_pages and target.route == ASSOCIATED_LIST and "$filled" not in query:
        link = f"{base_url}{_link(target, version, start)}&$filled=true"
        return Answer(status=200, body=encoded({"value": [], "nextLink": link}), page=start // size + 1)
    content: Document = {"value": directory.listed(documents[start:end], target, version)}
    if end < len(documents):
        content["nextLink"] = f"{base_url}{_link(target, version, end)}"
    return Answer(status=200, body=encoded(_counted(content, target, documents)), page=start // size + 1)


def _documents(
    directory: Directory, target: Target, query: Mapping[str, str]
) -> Sequence[Document] | ArmError:
    if target.route != ROLES:
        return directory.documents(target)
    principal = _ASSIGNED_TO.fullmatch(query.get("$filter", ""))
    if principal is None:
        message = f"The filter {query.get('$filter')!r} is not one that this emulator knows."
        return ArmError(status=400, code="UnsupportedQuery", message=message)
    return directory.assigned(target, principal[1])


def _counted(content: Document, target: Target, documents: Sequence[Any]) -> Document:
    if target.route != "subscriptions":
        return content
    return {**content, "count": {"type": "Total", "value": len(documents)}}


def _link(target: Target, version: str, offset: int) -> str:
    token = base64.urlsafe_b64encode(f"offset={offset}".encode()).rstrip(b"=").decode()
    return f"{target.spelled}?api-version={version}&{_SKIP_PARAMETER.get(target.route, '$skip')}={token}"


def _offset(token: str | None) -> int | None:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        offset = int(text.removeprefix("offset="))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return offset if offset >= 0 else None
