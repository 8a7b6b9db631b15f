"""Adds tokens to requests: renews them before they expire, and answers Azure's claims challenges."""

from __future__ import annotations

import asyncio
from typing import Any

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy


class ChallengePolicy(AsyncARMChallengeAuthenticationPolicy):
    """Signs requests like the SDK's policy, but gets one new token for a challenge that many requests got.

    The SDK (azure-core 1.41) gets a new token for every challenged request. A request is sent at most twice:
    if Azure refuses the new token too, its answer is returned.
    """

    def __init__(self, credential: AsyncSupportsTokenInfo, scope: str) -> None:
        """Sign with tokens for `scope` that Azure may challenge (continuous access evaluation)."""
        super().__init__(credential, scope, enable_cae=True)
        self._answering = asyncio.Lock()
        self._answers: dict[str, Any] = {}

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Sign and send the request, and send it once more if a challenge could be answered.

        This is the SDK's method without what it repeats for every request: it checks three hooks for
        coroutines and the endpoint for https. `GuardPolicy` allows only the cloud's endpoint.
        """
        if self._token is None or self._need_new_token():
            await self.on_request(request)
        else:
            request.context.options.pop("enforce_https", None)
            request.http_request.headers["Authorization"] = f"Bearer {self._token.token}"
        response = await self.next.send(request)
        if response.http_response.status_code != 401:
            return response
        self._token = None
        if "WWW-Authenticate" not in response.http_response.headers:
            return response
        try:
            is_answered = await self.on_challenge(request, response)
        except AzureError as error:
            raise error from HttpResponseError(response=response.http_response)
        return await self.next.send(request) if is_answered else response

    async def on_challenge(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> bool:
        """Answer a challenge with a new token. Return whether the request now has one.

        A challenge whose claims cannot be decoded is not answered, so Azure's refusal is the answer.
        """
        challenge = response.http_response.headers["WWW-Authenticate"]
        async with self._answering:
            known = self._answers.get(challenge)
            if known is None:
                try:
                    is_answered = await super().on_challenge(request, response)
                except ValueError:
                    return False
                if is_answered:
                    self._answers[challenge] = self._token
                return is_answered
            self._token = known
            request.http_request.headers["Authorization"] = f"Bearer {known.token}"
            return True
