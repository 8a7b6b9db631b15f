"""Signing in along the way: tokens renewed before they end, and Azure's claims challenges answered once."""

from __future__ import annotations

import asyncio
from typing import Any

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy


class ChallengePolicy(AsyncARMChallengeAuthenticationPolicy):
    """The SDK's policy, save that one new token answers a challenge that many requests heard at once.

    The SDK renews a token five minutes before it ends, but asks for one anew with every challenged request
    (azure-core 1.41). No request is sent more than twice: where the new token is refused, too, that stands.
    """

    def __init__(self, credential: AsyncSupportsTokenInfo, scope: str) -> None:
        """Ask for tokens of that scope that may be challenged (continuous access evaluation)."""
        super().__init__(credential, scope, enable_cae=True)
        self._answering = asyncio.Lock()
        self._answers: dict[str, Any] = {}

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send it signed, and once more where a challenge could be answered.

        As the SDK does, which asks of three hooks whether they are coroutines, with every request, and
        whether the endpoint speaks https: `GuardPolicy` lets nothing go elsewhere.
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
        """Whether the request now carries a token that answers the challenge."""
        challenge = response.http_response.headers["WWW-Authenticate"]
        async with self._answering:
            known = self._answers.get(challenge)
            if known is None:
                is_answered = await super().on_challenge(request, response)
                if is_answered:
                    self._answers[challenge] = self._token
                return is_answered
            self._token = known
            request.http_request.headers["Authorization"] = f"Bearer {known.token}"
            return True
