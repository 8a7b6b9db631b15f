"""Makes a `Gap` of every failure. A gap names what could not be read and the action that closes it."""

from __future__ import annotations

from typing import Any

from scanner.errors import DeadlineError, TooLargeError, TooSlowError, WaitUsedUpError
from scanner.payloads.advice import advice
from scanner.payloads.closing import RETRY_LATER, THROTTLED, Refusal, closes
from scanner.payloads.json_members import member, spelled
from scanner.payloads.payload import Gap
from scanner.payloads.questions import Ask
from scanner.payloads.secret_forms import redacted_text

_MAX_MESSAGE = 500
_FOR_SUPPORT = "Please provide below info when asking for support"

PAST_DEADLINE = "DeadlinePassed"
INTERNAL_ERROR = "InternalError"
NONE_VISIBLE, NONE_READ = "NoSubscriptionVisible", "NoSubscriptionRead"
NOTHING_IN_SCOPE = "NothingInScope"
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


def arm_error(document: Any) -> tuple[str, str]:
    """Return code and message of an ARM error body, with or without its `error` envelope; "" if absent."""
    if not isinstance(document, dict):
        return "", ""
    name = spelled(document, "error")
    error = document.get(name, document)
    if not isinstance(error, dict):
        return error if isinstance(error, str) else "", str(document.get("error_description", ""))
    return str(_of(error, "code") or ""), _message(error)


def _of(document: Any, name: str) -> Any:
    return member(document, spelled(document, name))


def _message(error: dict[str, Any]) -> str:
    """Return the message of an error. Resource Graph writes it into the first detail instead."""
    message = str(_of(error, "message") or "")
    details = _of(error, "details")
    if not message.startswith(_FOR_SUPPORT) or not isinstance(details, list) or not details:
        return message
    return str(_of(details[0], "message") or message)


def from_answer(ask: Ask, status: int, document: Any, request_id: str, *, web_page: str | None = None) -> Gap:
    """Return the gap of a refusal. `web_page` is the title of an answer that is a web page."""
    code, message = arm_error(document)
    refusal = Refusal(
        ask=ask,
        status=status,
        code=code or f"HTTP{status}",
        message=message,
        is_web_page=web_page is not None,
    )
    if not message:
        message = page_words(web_page) if web_page is not None else "The answer carries no ARM error."
    return gap(ask, refusal.code, message, closes(refusal), status=status, request_id=request_id)


def page_words(title: str) -> str:
    """Return the message of a gap whose answer is a web page with this title."""
    return f"The answer is a web page{f' with the title {title!r}' if title else ''}, not an answer of Azure."


def from_failure(ask: Ask, error: BaseException) -> Gap:
    """Return the gap of a request that got no answer, or an answer that broke off."""
    if isinstance(error, DeadlineError):
        return gap(ask, PAST_DEADLINE, str(error), MORE_TIME)
    if isinstance(error, WaitUsedUpError):
        return gap(ask, "MaxWaitUsedUp", str(error), THROTTLED)
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
    """Return a gap, its message shortened and without secrets and people."""
    return Gap(
        scope=ask.scope,
        subscription_id=ask.subscription_id,
        asked=ask.kind,
        request=ask.request,
        http_status=status,
        code=redacted_text(code),
        message=redacted_text(message)[:_MAX_MESSAGE],
        closes=closes,
        request_id=request_id,
        about=about,
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
