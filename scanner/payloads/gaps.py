"""Makes a `Gap` of every failure. A gap names what could not be read and the action that closes it."""

from __future__ import annotations

import re
from typing import Any

from scanner.errors import DeadlineError, TooLargeError, TooSlowError
from scanner.payloads.advice import advice
from scanner.payloads.payload import Gap
from scanner.payloads.questions import Ask
from scanner.payloads.redaction import without_emails, without_tokens

_ACTION = re.compile(r"perform action '([^']+)'", re.IGNORECASE)
_SCOPE = re.compile(r"over scope '([^']+)'", re.IGNORECASE)
_OBJECT_ID = re.compile(r"object id '([^']+)'", re.IGNORECASE)
_MAX_MESSAGE = 500
_FOR_SUPPORT = "Please provide below info when asking for support"

RETRY_LATER = (
    "Run the audit again. If it fails again, open an Azure support case with the request id that "
    "--log-level info shows."
)
PAST_DEADLINE = "DeadlinePassed"
INTERNAL_ERROR = "InternalError"
NONE_VISIBLE, NONE_READ = "NoSubscriptionVisible", "NoSubscriptionRead"
NONE_TO_READ = (NONE_VISIBLE, NONE_READ)
"""The codes of gaps about an audit of nothing although the list of subscriptions was read."""

REPORT_IT = "Run the audit again with --log-level debug, and report the error with its traceback."
MORE_TIME = "Continue with azml-audit scan --resume, or allow more time with --deadline."
MORE_QUESTION_TIME = (
    "Allow more time for each question with --question-timeout, or check the network and the proxy."
)
NO_SUCH_SIZE = (
    "Azure sends no answer this large. Check the network and the proxy, then open an Azure support case."
)


_GRAPH_GRANT = (
    "Resource Graph needs Reader on at least one of the subscriptions. Grant it there, or scan with "
    "--discover arm, which does not use Resource Graph."
)
_CLOSES = {
    401: "Azure refused the token. Check --auth, --tenant and --cloud, and sign in again.",
    404: "The resource does not exist (any more) or is hidden from this identity. Run the audit again.",
    409: "The resource provider is not ready in this subscription. See the message.",
    429: "Azure throttles this identity. Allow a longer wait with --max-wait, or run the audit later.",
}


def arm_error(document: Any) -> tuple[str, str]:
    """Return code and message of an ARM error body, with or without its `error` envelope; "" if absent."""
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error", document)
    if not isinstance(error, dict):
        return str(error), str(document.get("error_description", ""))
    return str(error.get("code") or ""), _message(error)


def _message(error: dict[str, Any]) -> str:
    """Return the message of an error. Resource Graph writes it into the first detail instead."""
    message = str(error.get("message") or "")
    details = error.get("details")
    if not message.startswith(_FOR_SUPPORT) or not isinstance(details, list) or not details:
        return message
    return str(details[0].get("message") or message) if isinstance(details[0], dict) else message


def from_answer(ask: Ask, status: int, document: Any, request_id: str) -> Gap:
    """Return the gap of an answer with another status than 200."""
    code, message = arm_error(document)
    code = code or f"HTTP{status}"
    message = message or "The answer carries no ARM error."
    return gap(ask, code, message, _closes(ask, status, code, message), status=status, request_id=request_id)


def from_failure(ask: Ask, error: BaseException) -> Gap:
    """Return the gap of a request that got no answer, or an answer that broke off."""
    if isinstance(error, DeadlineError):
        return gap(ask, PAST_DEADLINE, str(error), MORE_TIME)
    if isinstance(error, TooLargeError):
        return gap(ask, "AnswerTooLarge", str(error), NO_SUCH_SIZE)
    if isinstance(error, TooSlowError):
        return gap(ask, "AnswerTooSlow", str(error), MORE_QUESTION_TIME)
    name = type(error.__cause__ or error).__name__
    message = f"No complete answer came: {name}: {error}"
    return gap(ask, name, message, f"{advice(error)} {RETRY_LATER}")


def unexpected(ask: Ask, error: BaseException, *, about: str = "") -> Gap:
    """Return the gap of a question whose answer, or whose sending, failed in a way that nobody expected."""
    message = f"The question or its answer could not be processed: {_named(error)}"
    return gap(ask, "UnexpectedAnswer", message, RETRY_LATER, about=about)


def internal(ask: Ask, error: BaseException) -> Gap:
    """Return the gap of a subscription in which azml-audit itself failed. The exit code is then 4."""
    message = f"azml-audit failed while it read the subscription: {_named(error)}"
    return gap(ask, INTERNAL_ERROR, message, REPORT_IT)


def _named(error: BaseException) -> str:
    """Return the innermost error of a group by type and message."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def unreadable(
    ask: Ask, code: str, message: str, *, request_id: str = "", status: int | None = 200, about: str = ""
) -> Gap:
    """Return the gap of a complete answer that lacks what it should contain."""
    return gap(ask, code, message, RETRY_LATER, status=status, request_id=request_id, about=about)


def gap(
    ask: Ask,
    code: str,
    message: str,
    closes: str,
    *,
    status: int | None = None,
    request_id: str = "",
    about: str = "",
) -> Gap:
    """Return a gap, its message shortened and without tokens and e-mail addresses."""
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
        about=about,
    )


def _closes(ask: Ask, status: int, code: str, message: str) -> str:
    if code == "InvalidAuthenticationTokenTenant":
        return (
            "The resource belongs to another tenant. Audit it with --tenant set to the tenant in the message. "
            "After a subscription has moved, this error can last an hour."
        )
    if status == 403:
        return _GRAPH_GRANT if ask.method == "POST" else _grant(ask, message)
    return _CLOSES.get(status, RETRY_LATER)


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
    """Return the gap as a row of the table `gaps`, with `key` as its id."""
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
