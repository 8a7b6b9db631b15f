"""Asks for the subscriptions with the operation of azure-mgmt-resource, through the scan's own pipeline.

The operation builds the request and runs the pipeline. Its models are not used: `Arm` judges the raw answer, so that an
answer that the SDK cannot read is a gap. Later pages are asked for by `Arm`, because the SDK writes a nextLink anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline, PipelineResponse
from azure.core.pipeline.transport import AsyncHttpResponse, HttpRequest
from azure.core.rest import HttpRequest as RestRequest
from multidict import CIMultiDict

KIND = "subscriptions"
"""The kind of the question that this module asks."""

_UNREADABLE = (AzureError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""Errors that the SDK raises for a refusal, and for an answer of another shape."""

Pipeline = AsyncPipeline[HttpRequest, AsyncHttpResponse]


async def listed(
    pipeline: Pipeline,
    credential: AsyncSupportsTokenInfo,
    endpoint: str,
    api_version: str,
    options: Mapping[str, Any],
) -> AsyncHttpResponse:
    """Return the answer that should be the first page of the list. Raises the pipeline's error if no answer came."""
    from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

    recording = _Recording(pipeline, options)
    client = SubscriptionClient(
        credential,  # type: ignore[arg-type]  # the pipeline has the credential already
        base_url=endpoint,
        api_version=api_version,
        pipeline=recording,
    )
    try:
        await anext(client.subscriptions.list().by_page())
    except _UNREADABLE:
        if recording.answer is None:
            raise
    assert recording.answer is not None
    return recording.answer


class _Recording:
    """The scan's pipeline, as the SDK's client runs it. It keeps the last answer."""

    def __init__(self, pipeline: Pipeline, options: Mapping[str, Any]) -> None:
        self.answer: AsyncHttpResponse | None = None
        self._pipeline, self._options = pipeline, options

    async def run(self, request: RestRequest, **_options: Any) -> PipelineResponse[Any, Any]:
        """Send the request as the pipeline's own kind of request."""
        own = HttpRequest(request.method, request.url)
        own.headers = CIMultiDict()
        response = await self._pipeline.run(own, **self._options)
        self.answer = response.http_response
        return response
