"""The response headers ARM adds to every answer."""

from __future__ import annotations

from scanner.emulator.answers import Answer
from scanner.emulator.routes import GRAPH, UNAUTHENTICATED, Target

_FULL_BUCKET, _FULL_GLOBAL_BUCKET = 249, 3749
_STAMP = "20260115T090000Z"
_COMMON = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
}


def arm_headers(
    position: int, correlation: str | None, target: Target, answer: Answer, base_url: str
) -> dict[str, str]:
    """The headers of the answer to the request at that position of the log.

    `correlation` is the correlation id the client sent, if any; ARM returns it.
    """
    if target.route in UNAUTHENTICATED:
        return {**_COMMON, **_retry(answer)}
    request_id = f"{position:08x}-0000-4000-8000-000000000000"
    correlation = correlation or request_id
    return {
        **_COMMON,
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": correlation,
        "x-ms-routing-request-id": f"WESTEUROPE:{_STAMP}:{correlation}",
        **_remaining(target, answer),
        **_retry(answer),
        **_challenge(answer, base_url),
        **answer.headers,
    }


def _remaining(target: Target, answer: Answer) -> dict[str, str]:
    if target.route == GRAPH:
        return {"x-ms-ratelimit-remaining-tenant-resource-requests": "14"}
    left = 0 if answer.status == 429 else _FULL_BUCKET
    if target.subscription is None:
        return {"x-ms-ratelimit-remaining-tenant-reads": str(left)}
    return {
        "x-ms-ratelimit-remaining-subscription-reads": str(left),
        "x-ms-ratelimit-remaining-subscription-global-reads": str(_FULL_GLOBAL_BUCKET),
    }


def _retry(answer: Answer) -> dict[str, str]:
    return {} if answer.retry_after is None else {"Retry-After": f"{answer.retry_after:g}"}


def _challenge(answer: Answer, base_url: str) -> dict[str, str]:
    if answer.status < 400:
        return {}
    refused_by_gateway = {"x-ms-failure-cause": "gateway"}
    if answer.status != 401:
        return refused_by_gateway
    challenge = (
        f'Bearer authorization_uri="{base_url}", error="invalid_token", '
        'error_description="The access token is missing or invalid."'
    )
    return {**refused_by_gateway, "WWW-Authenticate": challenge}
