"""Builds the pipeline that every request passes: guard, deadline, retries, slots and sign-in.

None of these policies is a `SansIOHTTPPolicy`, because azure-core (1.41) wraps those in a runner whose two
`await_result` calls cost as much as a whole policy. A generated management client also installs
`ARMAutoResourceProviderRegistrationPolicy`, which answers a 409 MissingSubscriptionRegistration by
registering the provider. That is a write, so it is left out; `GuardPolicy` would refuse its POST anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy, AsyncRetryPolicy

from scanner.azure.challenges import ChallengePolicy
from scanner.azure.clouds import Cloud
from scanner.azure.throttling import Throttle, quota_wait, refused_scope, retry_after, scopes
from scanner.errors import DeadlineError, RefusedRequestError, TooSlowError
from scanner.version import VERSION

_SECONDS_LEFT = "azml_audit_seconds_left"
_TIME_IS_UP = "The scan's time budget was used up before this was read."


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The pace of a scan and its longest waits. Times are in seconds.

    `burst` and `reads_per_second` are the bucket that Azure Resource Manager keeps for each principal and
    region, for every subscription and for the tenant (request limits and throttling, 2026-08). `deadline`
    limits the time in which an `Arm` sends requests after it is entered; None means no limit.
    `read_timeout` limits the silence within an answer, `question_timeout` the time of one question with its
    retries and a new token if it needs one, and `max_answer_bytes` the size of an answer after decompression.
    """

    max_concurrency: int = 256
    first_concurrency: int = 48
    max_per_subscription: int = 16
    first_per_subscription: int = 8
    burst: float = 250.0
    reads_per_second: float = 25.0
    deadline: float | None = None
    retries: int = 3
    backoff: float = 0.8
    throttle_budget: float = 300.0
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    question_timeout: float = 120.0
    max_answer_bytes: int = 256 * 1024 * 1024

    def shared_by(self, tenants: int) -> Patience:
        """Return the same with the concurrent requests divided among the tenants of a scan."""
        return replace(self, max_concurrency=max(1, self.max_concurrency // tenants))

    def after(self, seconds: float) -> Patience:
        """Return the same with the deadline shortened by `seconds`."""
        if self.deadline is None:
            return self
        return replace(self, deadline=max(0.0, self.deadline - seconds))


RESOURCE_GRAPH_PATH = "/providers/Microsoft.ResourceGraph/resources"
"""The only path that a POST may go to: it sends a query and changes nothing."""


class GuardPolicy(AsyncHTTPPolicy[Any, Any]):
    """Refuses requests that write or go to another host than the cloud's, before they are sent.

    It also adds our headers. The id of a request is the scan's id and a number, by which Azure's support can
    find the request.
    """

    def __init__(self, cloud: Cloud) -> None:
        """Allow the host and port of the cloud's endpoint."""
        super().__init__()
        self._endpoint = cloud.arm_endpoint
        self._first_of_ids = str(uuid4())[:24]
        self._ids = count(1)

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send the request. Raises RefusedRequestError if it is not allowed."""
        http = request.http_request
        _check_reads(http.method, http.url)
        if not is_same_origin(http.url, self._endpoint):
            raise RefusedRequestError(
                f"a request to {urlsplit(http.url).netloc} was refused: it is not {self._endpoint}"
            )
        http.headers["Accept"] = "application/json"
        http.headers["User-Agent"] = f"azml-audit/{VERSION}"
        http.headers["x-ms-client-request-id"] = f"{self._first_of_ids}{next(self._ids):012x}"
        return await self.next.send(request)


def _check_reads(method: str, url: str) -> None:
    """Raise RefusedRequestError unless the request is a GET or the POST that queries Resource Graph."""
    if method != "GET" and not (method == "POST" and urlsplit(url).path == RESOURCE_GRAPH_PATH):
        raise RefusedRequestError(f"{method} {url}: azml-audit only reads")


def is_same_origin(url: str, endpoint: str) -> bool:
    """Check whether scheme, host and port of two URLs agree."""
    return url.startswith(f"{endpoint}/") or _origin(url) == _origin(endpoint)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "no URL", None, None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port or default


class DeadlinePolicy(AsyncHTTPPolicy[Any, Any]):
    """Ends every request, with its waits and retries, at one moment for the whole scan."""

    def __init__(self, seconds: float) -> None:
        """Set the moment to `seconds` from now, by the clock of the running loop."""
        super().__init__()
        self._at = asyncio.get_running_loop().time() + seconds

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send the request. Raises DeadlineError if the time is used up before the answer is complete."""
        if asyncio.get_running_loop().time() >= self._at:
            raise DeadlineError(_TIME_IS_UP)
        try:
            async with asyncio.timeout_at(self._at) as time_left:
                return await self.next.send(request)
        except TimeoutError as error:
            if time_left.expired():
                raise DeadlineError(_TIME_IS_UP) from error
            raise


class QuestionTimePolicy(AsyncHTTPPolicy[Any, Any]):
    """Ends a question whose tries took `seconds` together, with a new token if one was needed.

    Waits for a turn do not count: the throttle and the deadline limit those.
    """

    def __init__(self, seconds: float) -> None:
        """Allow so many seconds for every question."""
        super().__init__()
        self._seconds = seconds

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send the request once. Raises TooSlowError, which is not retried, if the time is used up."""
        clock = asyncio.get_running_loop().time
        left, began = request.context.get(_SECONDS_LEFT, self._seconds), clock()
        try:
            async with asyncio.timeout(left) as time_left:
                return await self.next.send(request)
        except TimeoutError as error:
            if time_left.expired():
                message = f"No complete answer came within {self._seconds:g} s, retries included."
                raise TooSlowError(message) from error
            raise
        finally:
            request.context[_SECONDS_LEFT] = left - (clock() - began)


class PatientRetryPolicy(AsyncRetryPolicy[Any, Any]):
    """Retries like the SDK, but closes a gate of the subscription for Retry-After, within a budget.

    The SDK's own policy waits as long as the server asks, even an hour for each retry (measured with
    azure-core 1.41), and holds a slot meanwhile.
    """

    def __init__(self, throttle: Throttle, patience: Patience) -> None:
        """Retry connection errors and 408, 429 and 5xx up to `patience.retries` times."""
        super().__init__(
            retry_total=patience.retries,
            retry_status=patience.retries,
            retry_backoff_factor=patience.backoff,
        )
        self._throttle = throttle

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Check whether to retry: an answer that is cut off, too, but no wait beyond the budget."""
        http = response.http_response
        if http.status_code == 200:
            return http.json() is None
        if not super().is_retry(settings, response):
            return False
        wait = self.get_retry_after(response)
        if not wait:
            return http.status_code in self._RETRY_CODES
        if self._throttle.grants(_waiting_scope(response), wait):
            return True
        if http.status_code == 429:
            self._throttle.count_beyond(_waiting_scope(response))
        return False

    def increment(
        self, settings: dict[str, Any], response: Any = None, error: Exception | None = None
    ) -> bool:
        """Count a retry, unless Azure asked for a wait: that one counts against the budget."""
        if isinstance(response, PipelineResponse) and self.get_retry_after(response):
            return True
        return bool(super().increment(settings, response=response, error=error))

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Return the seconds that a refusal asks to wait, by Retry-After or the quota headers of Resource Graph."""
        http = response.http_response
        if http.status_code < 400:
            return None
        seconds = retry_after(http.headers, datetime.now(UTC))
        return seconds or (quota_wait(http.headers) if http.status_code == 429 else None)

    async def sleep(
        self,
        settings: dict[str, Any],
        transport: Any,
        response: PipelineResponse[Any, Any] | None = None,
    ) -> None:
        """Close the gate if Azure asked for a wait, or else back off."""
        wait = self.get_retry_after(response) if response else None
        if response and wait:
            is_throttled = response.http_response.status_code == 429
            self._throttle.close(_waiting_scope(response), max(float(wait), 1.0), is_throttled=is_throttled)
            return
        await super().sleep(settings, transport)


def _waiting_scope(response: PipelineResponse[Any, Any]) -> str:
    """Return the scope that has to wait after an answer with Retry-After."""
    url, answer = response.http_request.url, response.http_response
    if answer.status_code != 429:
        return scopes(url)[0]
    return refused_scope(url, answer.headers, answer.body())


def policies(
    cloud: Cloud,
    credential: AsyncSupportsTokenInfo,
    *,
    throttle: Throttle,
    slots: AsyncHTTPPolicy[Any, Any],
    patience: Patience,
) -> Sequence[Any]:
    """Return the policies of one pipeline, outermost first."""
    return (
        GuardPolicy(cloud),
        *([] if patience.deadline is None else [DeadlinePolicy(patience.deadline)]),
        PatientRetryPolicy(throttle, patience),
        slots,
        QuestionTimePolicy(patience.question_timeout),
        ChallengePolicy(credential, cloud.scope),
    )
