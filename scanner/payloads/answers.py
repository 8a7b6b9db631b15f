"""Decides whether an answer is a payload or a gap. The pipeline and the evidence replay call it."""

from __future__ import annotations

from dataclasses import replace

from scanner.payloads import gaps
from scanner.payloads.advice import CLOCK, is_clock_wrong
from scanner.payloads.payload import Gap, Keep, Payload

_MISSING = ("ResourceNotFound", "ResourceGroupNotFound")
"""A 404 with one of these codes means that the resource does not exist. Other codes may hide it."""


PERIMETERS = "networkSecurityPerimeterConfigurations"
"""The kind of payloads and gaps about network security perimeters."""

_TYPE_IS_UNKNOWN = ("InvalidResourceType", "NoRegisteredProviderFound", "InvalidApiVersionParameter")
"""Refusals of a cloud that does not have the type or its api-version. No resource is associated there."""


def payload_or_gap(answer: Payload) -> Payload | Gap:
    """Return the answer if it has status 200 and is a JSON object, or else its gap, with the answer in it.

    A 404 for a resource that may be missing is no gap, nor is a cloud without network security perimeters. A
    superseded answer and the content of an export file are returned as they are.
    """
    is_object = isinstance(answer.document, dict)
    if (answer.status == 200 and is_object) or answer.superseded or answer.url.startswith("file:"):
        return answer
    if answer.status != 200 and not _is_missing(answer):
        return _with_answer(answer, _refusal(answer))
    if not is_object:
        message = (
            f"The answer is not a JSON object but {len(answer.body)} bytes of "
            f"{answer.content_type or 'no stated type'}."
        )
        gap = gaps.unreadable(answer.ask, "NotJson", message, request_id=answer.request_id)
        return _with_answer(answer, gap)
    return answer


def is_answer(payload: Payload) -> bool:
    """Check whether the payload answers its question, so that a resumed scan need not ask again."""
    return not payload.superseded and isinstance(payload_or_gap(payload), Payload)


def keep_superseded(gap: Gap, keep: Keep) -> None:
    """Keep the answer behind a gap that another question has closed."""
    if gap.answer:
        keep(replace(gap.answer, superseded=True))


def _refusal(answer: Payload) -> Gap:
    gap = gaps.from_answer(answer.ask, answer.status, answer.document, answer.request_id)
    is_clock_to_blame = answer.status == 401 and is_clock_wrong(answer.server_date, answer.retrieved_at)
    return replace(gap, closes=CLOCK) if is_clock_to_blame else gap


def _with_answer(answer: Payload, gap: Gap) -> Gap:
    return replace(gap, answer=replace(answer, document=None))


def _is_missing(answer: Payload) -> bool:
    code, _ = gaps.arm_error(answer.document)
    if answer.kind == PERIMETERS:
        return answer.status == 404 or (answer.status == 400 and code in _TYPE_IS_UNKNOWN)
    return answer.may_be_missing and answer.status == 404 and code in _MISSING
