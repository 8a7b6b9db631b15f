"""What an answer comes to, just read or kept: the answer itself, or the gap it leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner.payloads import gaps
from scanner.payloads.advice import CLOCK, is_clock_wrong
from scanner.payloads.gaps import Ask
from scanner.payloads.payload import Gap, Keep, Payload


def understood(answer: Payload) -> Payload | Gap:
    """The answer where it has status 200 and is a JSON object; else the gap it leaves, which carries it.

    A 404 of what may be missing is an answer, too. One that is superseded stays as it is, and so does what
    was read from the file of an export.
    """
    is_whole = answer.status == 200 and isinstance(answer.document, dict)
    if is_whole or answer.superseded or answer.url.startswith("file:"):
        return answer
    ask = gaps.ask_of(answer)
    if answer.status != 200 and not _is_told_missing(ask, answer.status, answer.document):
        return _left(answer, _refusal(ask, answer))
    if not isinstance(answer.document, dict):
        message = (
            f"The answer is not a JSON object but {len(answer.body)} bytes of "
            f"{answer.content_type or 'no stated type'}."
        )
        return _left(answer, gaps.unreadable(ask, "NotJson", message, request_id=answer.request_id))
    return answer


def keep_superseded(gap: Gap, keep: Keep) -> None:
    """Keep the answer behind a gap that is none any more, because the question was put in another way."""
    if gap.answer:
        keep(replace(gap.answer, superseded=True))


def _refusal(ask: Ask, answer: Payload) -> Gap:
    gap = gaps.from_answer(ask, answer.status, answer.document, answer.request_id)
    is_late = answer.status == 401 and is_clock_wrong(answer.server_date, answer.retrieved_at)
    return replace(gap, closes=CLOCK) if is_late else gap


def _left(answer: Payload, gap: Gap) -> Gap:
    return replace(gap, answer=replace(answer, document=None))


def _is_told_missing(ask: Ask, status: int, document: Any) -> bool:
    """Whether Azure says that what may be missing does not exist; not that it is hidden elsewhere."""
    code, _ = gaps.arm_error(document)
    return ask.may_be_missing and status == 404 and code in ("ResourceNotFound", "ResourceGroupNotFound")
