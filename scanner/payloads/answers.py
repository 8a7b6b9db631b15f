"""Makes a redacted payload or a gap of an answer. Every source calls `answered`, and the evidence replay decides again.

`check_kept` refuses a payload that a source made in another way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from checks.network.resource_ids import resource_id
from scanner.payloads import gaps
from scanner.payloads.advice import CLOCK, is_clock_wrong
from scanner.payloads.bodies import parsed
from scanner.payloads.closing import WEB_PAGE
from scanner.payloads.json_members import key, member, named, spelled, subscription_of, text
from scanner.payloads.pages import FOREIGN, identity_of, items_on
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.people import Pseudonyms
from scanner.payloads.questions import Ask, path_of
from scanner.payloads.redaction import redacted

_MISSING = ("ResourceNotFound", "ResourceGroupNotFound")
"""A 404 with one of these codes means that the resource does not exist. Other codes may hide it."""

UNUSABLE = frozenset({"DisallowedOperation", "DisallowedProvider"})
"""The codes of a 400 for a subscription whose type may not use the provider, so that it has no resources of it.

DisallowedOperation: "The current subscription type is not permitted to perform operations on any provider
namespace" (MicrosoftDocs/azure-docs 28437). DisallowedProvider: "The operation is not permitted for namespace …",
with the list of permitted ones (JulianHayward/Azure-MG-Sub-Governance-Reporting 110, Azure for Students Starter).
"""


PERIMETERS = "networkSecurityPerimeterConfigurations"
"""The kind of payloads and gaps about network security perimeters."""

_TITLE = re.compile(rb"<title[^>]*>(.{1,120}?)</title>", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(
    rb"(\xef\xbb\xbf)?(\s|<\?xml[^>]*>|<!--.*?-->)*<(!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_HEAD = 1 << 14
"""Bytes of a web page in which its title is."""
PRIVATE_ENDPOINTS, VIRTUAL_NETWORKS = "privateEndpoints", "virtualNetworks"
"""The kinds of payloads and gaps about a private endpoint of a workspace, and about the virtual network around it."""

NETWORK_PROVIDER = "networkProvider"
"""The kind of payloads and gaps about the registration of Microsoft.Network in a subscription."""

ROLE_ASSIGNMENTS = "roleAssignments"
"""The kind of payloads and gaps about the roles that an identity has on the target of a private endpoint."""

RESOURCES = frozenset(
    {
        *("subscription", "workspace", "provider", "associatedResource"),
        *(PRIVATE_ENDPOINTS, VIRTUAL_NETWORKS, NETWORK_PROVIDER),
    }
)
"""The kinds of question about one resource: its id is the path of the question."""

ADDRESS_RULES = "networkAcls"
"""The kind of payloads and gaps about workspaces listed once more, for the address rules that a version leaves out."""

_TYPE_IS_UNKNOWN = ("InvalidResourceType", "NoRegisteredProviderFound", "InvalidApiVersionParameter")
"""Refusals of a cloud that does not have the type or its api-version. No resource is associated there."""


def answered(
    ask: Ask,
    body: bytes,
    *,
    status: int,
    headers: Mapping[str, str],
    at: datetime,
    people: Pseudonyms,
    document: Any = None,
) -> Payload | Gap:
    """Return an answer of Azure without secrets and people: a payload, or the gap that it leaves.

    This is the only way to an answer that a source may keep. `document` is the parsed body, if it was parsed already,
    and is changed in place.
    """
    document = parsed(body) if document is None else document
    body, pointers = redacted(body, document, people)
    return payload_or_gap(
        Payload(
            kind=ask.kind,
            scope=ask.scope,
            subscription_id=ask.subscription_id,
            url=ask.url,
            api_version=ask.api_version,
            status=status,
            retrieved_at=at,
            request_id=headers.get("x-ms-request-id", ""),
            correlation_id=headers.get("x-ms-correlation-request-id", ""),
            redactions=pointers,
            method=ask.method,
            request_body=ask.body,
            may_be_missing=ask.may_be_missing,
            content_type=headers.get("Content-Type", ""),
            server_date=headers.get("Date", "") if status == 401 else "",
            body=body,
            document=document,
            is_redacted=True,
        )
    )


def check_kept(item: Payload | Gap) -> None:
    """Raise ValueError for an answer that may hold secrets, or that is a gap and would pass for what Azure has."""
    answer = item.answer if isinstance(item, Gap) else item
    if answer is None:
        return
    if not answer.is_redacted:
        raise ValueError(f"A source kept {answer.ask.request} unredacted. Make it with `answered`.")
    if answer is item and answer.status != 200 and isinstance(payload_or_gap(answer), Gap):
        raise ValueError(
            f"A source kept {answer.ask.request} ({answer.status}) as a payload, but it is a gap."
        )


def payload_or_gap(answer: Payload) -> Payload | Gap:
    """Return the answer if it has status 200 and is about what was asked, or else its gap, with the answer in it.

    No gaps: a 404 for a resource that may be missing, a cloud without network security perimeters, and a refusal
    that proves that a subscription has no workspaces. A superseded answer and the content of an export file, which has
    status 200, are returned as they are.
    """
    if answer.superseded or (answer.status == 200 and answer.url.startswith("file:")):
        return answer
    is_object = isinstance(answer.document, dict)
    if answer.status == 200 and is_object:
        flaw = _flaw(answer)
        return _with_answer(answer, flaw) if flaw else answer
    if answer.status != 200 and not _is_missing(answer) and not is_unusable(answer):
        return _with_answer(answer, _refusal(answer))
    return answer if is_object else _with_answer(answer, _not_json(answer))


def _not_json(answer: Payload) -> Gap:
    page = _web_page(answer)
    message = (
        f"The answer is not a JSON object but {len(answer.body)} bytes of {answer.content_type or 'no stated type'}."
        if page is None
        else gaps.page_words(page)
    )
    gap = gaps.unreadable(answer.ask, "NotJson", message, request_id=answer.request_id)
    return gap if page is None else replace(gap, closes=WEB_PAGE)


def _flaw(answer: Payload) -> Gap | None:
    """Return a gap if a complete answer is an error or is about something else."""
    if is_error(answer.document):
        return _refusal(answer)
    if answer.kind in RESOURCES:
        other = _other_resource(answer)
    elif answer.kind == PERIMETERS:
        other = next((flaw.message for flaw in items_on(answer).flaws), "")
    elif answer.method == "POST":
        other = _other_subscription(answer)
    else:
        return None
    return gaps.unreadable(answer.ask, FOREIGN, other, request_id=answer.request_id) if other else None


def is_error(document: Any) -> bool:
    """Check whether a document is an error of Azure and nothing else."""
    if not isinstance(document, dict):
        return False
    names = {each.lower() for each in document}
    if names & {"id", "value", "data"}:
        return False
    error = document.get(spelled(document, "error"))
    return bool(error and isinstance(error, dict | str)) or {"code", "message"} <= names


def _other_subscription(answer: Payload) -> str:
    """Return which row of a query is of a subscription that the query does not name, "" if none is."""
    asked = member(parsed(answer.request_body.encode()), "subscriptions") or ()
    keys = {str(each).lower() for each in asked}
    rows = member(answer.document, "data")
    for row in rows if isinstance(rows, list) else ():
        identity = named(row, "id")
        if identity and (subscription_of(identity) or "").lower() not in keys:
            return f"The answer has a row about {identity}, which is in no subscription that was asked for."
    return ""


def _other_resource(answer: Payload) -> str:
    """Return how the answer differs from the resource that was asked for, "" if it does not."""
    asked, identity = answer.path, identity_of(f"{answer.kind}s", answer.document)
    if answer.of_list and path_of(answer.url) != list_path(answer.scope):
        return f"The answer is an item of {path_of(answer.url)}, which does not list {asked}."
    if identity is None:
        return f"The answer has no id, or two that differ, so it may not be about {asked}."
    if key(identity) != asked:
        return f"The answer is about {identity}, not about {asked}."
    of_type, parsed = text(answer.document, "type"), resource_id(identity)
    if of_type and parsed and parsed.resource_type and of_type.lower() != parsed.resource_type:
        return f"The answer is about a {of_type}, not about {asked}."
    return ""


def list_path(identity: str) -> str:
    """Return the lower-cased path of the list of all resources of this type in the subscription, "" for no id."""
    parsed = resource_id(identity)
    return f"/subscriptions/{parsed.subscription}/providers/{parsed.resource_type}".lower() if parsed else ""


def is_answer(payload: Payload) -> bool:
    """Check whether the payload answers its question, so that a resumed scan need not ask again."""
    return not payload.superseded and isinstance(payload_or_gap(payload), Payload)


def keep_superseded(gap: Gap, keep: Keep) -> None:
    """Keep the answer behind a gap that another question has closed."""
    if gap.answer:
        keep(replace(gap.answer, superseded=True))


def is_unusable(answer: Payload) -> bool:
    """Check whether Azure refused to list workspaces because the subscription's type can have none.

    Only the first page counts: a refused later page does not undo the workspaces on the pages before it.
    """
    if answer.status != 400 or answer.kind != "workspaces":
        return False
    code, _ = gaps.arm_error(answer.document)
    return code in UNUSABLE and parse_qs(urlsplit(answer.url).query).keys() == {"api-version"}


def _refusal(answer: Payload) -> Gap:
    gap = gaps.from_answer(
        answer.ask,
        answer.status,
        answer.document,
        answer.request_id,
        web_page=_web_page(answer),
    )
    is_clock_to_blame = answer.status == 401 and is_clock_wrong(answer.server_date, answer.retrieved_at)
    return replace(gap, closes=CLOCK) if is_clock_to_blame else gap


def _web_page(answer: Payload) -> str | None:
    """Return the title of a web page, which often names the proxy, or "" if it has none. None for other answers.

    Azure Resource Manager never sends HTML. Some proxies send it with another content type, or with none.
    """
    head = answer.body[:_HEAD]
    is_html = "html" in answer.content_type.lower() or _PAGE.match(head)
    if not is_html or isinstance(answer.document, dict):
        return None
    found = _TITLE.search(head)
    return " ".join(unescape(found[1].decode("utf-8", "replace")).split()) if found else ""


def _with_answer(answer: Payload, gap: Gap) -> Gap:
    return replace(gap, answer=replace(answer, document=None))


def _is_missing(answer: Payload) -> bool:
    code, _ = gaps.arm_error(answer.document)
    if answer.kind == PERIMETERS:
        return answer.status == 404 or (answer.status == 400 and code in _TYPE_IS_UNKNOWN)
    return answer.may_be_missing and answer.status == 404 and code in _MISSING
