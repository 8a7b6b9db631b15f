"""Turns every failure into a `Gap` that says what would close it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from scanner.errors import DeadlineError, TooLargeError
from scanner.payloads.advice import advice
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.redaction import without_emails, without_tokens

_ACTION = re.compile(r"perform action '([^']+)'", re.IGNORECASE)
_SCOPE = re.compile(r"over scope '([^']+)'", re.IGNORECASE)
_OBJECT_ID = re.compile(r"object id '([^']+)'", re.IGNORECASE)
_MAX_MESSAGE = 500
_FOR_SUPPORT = "Please provide below info when asking for support"

RETRY_LATER = (
    "Run the audit again; if it persists, open an Azure support case with the request id that "
    "--log-level info shows."
)

PAST_DEADLINE = "DeadlinePassed"
MORE_TIME = "Continue with azml-audit scan --resume, or allow more time with --deadline."
NO_SUCH_SIZE = "No answer of Azure is that large: check network and proxy, then open an Azure support case."


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question to Azure: what kind, about which resource id, at which URL and api-version.

    Where it `may_be_missing`, Azure's word that it does not exist is an answer and no gap. `body` is what a
    POST, such as a Resource Graph query, sends.
    """

    kind: str
    scope: str
    url: str
    api_version: str
    subscription_id: str | None = None
    may_be_missing: bool = False
    method: str = "GET"
    body: str = ""

    @property
    def request(self) -> str:
        """Method and URL, for people."""
        return f"{self.method} {self.url}"


def ask_of(answer: Payload) -> Ask:
    """The question that was answered."""
    return Ask(
        kind=answer.kind,
        scope=answer.scope,
        url=answer.url,
        api_version=answer.api_version,
        subscription_id=answer.subscription_id,
        may_be_missing=answer.may_be_missing,
        method=answer.method,
        body=answer.request_body,
    )


def arm_error(document: Any) -> tuple[str, str]:
    """Code and message of an ARM error body, with or without its `error` envelope; "" where absent."""
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error", document)
    if not isinstance(error, dict):
        return str(error), str(document.get("error_description", ""))
    return str(error.get("code") or ""), _message(error)


def _message(error: dict[str, Any]) -> str:
    """What an error says; Resource Graph says it in the first detail, under a line for its support."""
    told = str(error.get("message") or "")
    details = error.get("details")
    if not told.startswith(_FOR_SUPPORT) or not isinstance(details, list) or not details:
        return told
    return str(details[0].get("message") or told) if isinstance(details[0], dict) else told


def from_answer(ask: Ask, status: int, document: Any, request_id: str) -> Gap:
    """The gap an answer other than 200 leaves."""
    code, message = arm_error(document)
    code = code or f"HTTP{status}"
    message = message or "The answer carries no ARM error."
    return _gap(ask, code, message, _closes(ask, status, code, message), status=status, request_id=request_id)


def from_failure(ask: Ask, error: BaseException) -> Gap:
    """The gap a request leaves that was never answered, or whose answer broke off."""
    if isinstance(error, DeadlineError):
        return _gap(ask, PAST_DEADLINE, str(error), MORE_TIME)
    if isinstance(error, TooLargeError):
        return _gap(ask, "AnswerTooLarge", str(error), NO_SUCH_SIZE)
    cause = error.__cause__ or error
    name = type(cause).__name__
    message = f"No complete answer came: {name}: {error}"
    return _gap(ask, name, message, f"{advice(error)} {RETRY_LATER}")


def unreadable(
    ask: Ask, code: str, message: str, *, request_id: str = "", status: int | None = 200, about: str = ""
) -> Gap:
    """The gap an answer leaves that came whole but does not say what it should."""
    gap = _gap(ask, code, message, RETRY_LATER, status=status, request_id=request_id)
    return replace(gap, about=about)


def told(ask: Ask, code: str, message: str, closes: str) -> Gap:
    """A gap of our own making: something we decided not to ask, or know to be missing."""
    return _gap(ask, code, message, closes)


def _gap(
    ask: Ask, code: str, message: str, closes: str, *, status: int | None = None, request_id: str = ""
) -> Gap:
    return Gap(
        scope=ask.scope,
        subscription_id=ask.subscription_id,
        asked=ask.kind,
        request=ask.request,
        http_status=status,
        code=code,
        message=without_tokens(without_emails(message))[:_MAX_MESSAGE],
        closes=closes,
        request_id=request_id,
    )


def _closes(ask: Ask, status: int, code: str, message: str) -> str:
    if code == "InvalidAuthenticationTokenTenant":
        return (
            "The resource belongs to another tenant: audit it with --tenant set to the one the message names "
            "(after a subscription moved, this can last an hour)."
        )
    if status == 401:
        return "Sign in again; the token was refused. Check --auth, --tenant and --cloud."
    if status == 403 and ask.method == "POST":
        return (
            "Resource Graph answers who has Reader on at least one of the subscriptions: assign it there, or "
            "scan with --discover arm, without Resource Graph."
        )
    if status == 403:
        return _grant(ask, message)
    if status == 404:
        return "It does not exist (any more) or is hidden from this identity. Run the audit again."
    if status == 409:
        return "The resource provider is not ready in this subscription; see the message."
    if status == 429:
        return "Azure throttles this identity: allow a longer wait with --max-wait, or run the audit later."
    return RETRY_LATER


def _grant(ask: Ask, message: str) -> str:
    action, scope, object_id = (
        match.group(1) if (match := pattern.search(message)) else ""
        for pattern in (_ACTION, _SCOPE, _OBJECT_ID)
    )
    needed = f"a role with {action}" if action else "a role that may read it"
    where = f"/subscriptions/{ask.subscription_id}" if ask.subscription_id else scope or ask.scope
    assignee = object_id or "<object-id>"
    return (
        f"Grant Reader (or {needed}): "
        f"az role assignment create --assignee-object-id {assignee} --role Reader --scope {where}"
    )


def gap_row(key: str, gap: Gap) -> dict[str, Any]:
    """The gap as a row of `gaps`, with `key` for its id."""
    return {
        "gap_id": key,
        "scope": gap.scope,
        "subscription_id": gap.subscription_id,
        "asked": gap.asked,
        "request": gap.request,
        "http_status": gap.http_status,
        "code": gap.code,
        "message": gap.message,
        "closes": gap.closes,
    }
