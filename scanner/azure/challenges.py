"""Adds tokens to requests: renews them before they expire, and answers Azure's claims challenges."""

from __future__ import annotations

import asyncio
import json
from math import inf
from time import time
from typing import Any, cast

from azure.core.credentials import TokenRequestOptions
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

_ONCE_IN = 60.0
"""Seconds in which there is at most one new token for plain refusals."""

_OTHER_TENANT = b"InvalidAuthenticationTokenTenant"
"""The code of a refusal that no new token changes: the resource belongs to another tenant."""


def _signature(token: Any) -> str:
    return f"Bearer {token.token}"


class ChallengePolicy(AsyncARMChallengeAuthenticationPolicy):
    """Signs requests like the SDK's policy, but gets one new token for a challenge that many requests got.

    The SDK (azure-core 1.41) gets a new token for every challenged request, and none for a plain 401. A request
    is sent at most twice: if Azure refuses the new token too, its answer is returned.
    """

    def __init__(self, credential: AsyncSupportsTokenInfo, scope: str) -> None:
        """Sign with tokens for `scope` that Azure may challenge (continuous access evaluation)."""
        super().__init__(credential, scope, enable_cae=True)
        self._answering = asyncio.Lock()
        self._answers: dict[str, Any] = {}
        self._renewed_at = -inf

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
        refused = str(request.http_request.headers["Authorization"])
        response = await self.next.send(request)
        if response.http_response.status_code != 401:
            return response
        if self._token is not None and _signature(self._token) == refused:
            self._token = None
        is_answered = False
        if "WWW-Authenticate" in response.http_response.headers:
            try:
                is_answered = await self.on_challenge(request, response)
            except AzureError as error:
                raise error from HttpResponseError(response=response.http_response)
        if not is_answered and _OTHER_TENANT not in response.http_response.body():
            is_answered = await self._renewed(request, refused)
        return await self.next.send(request) if is_answered else response

    async def _renewed(self, request: PipelineRequest[Any], refused: str) -> bool:
        """Sign the request with another token than the refused one. Return False if there is none.

        The requests that Azure refused meanwhile share the new token, and there is one in a minute at most.
        """
        async with self._answering:
            if self._token is None or _signature(self._token) == refused:
                now = asyncio.get_running_loop().time()
                if now - self._renewed_at < _ONCE_IN:
                    return False
                self._renewed_at = now
                self._token = await self._new_token(refused)
            if self._token is None:
                return False
            request.http_request.headers["Authorization"] = _signature(self._token)
            return True

    async def _new_token(self, refused: str) -> Any:
        """Return a token that is not the refused one, None if the credential has none.

        Credentials cache tokens. Claims about the time of issue make them ask for a new one.
        """
        claims = {"access_token": {"nbf": {"essential": True, "value": str(int(time()))}}}
        plain: TokenRequestOptions = {"enable_cae": True}
        credential = cast(AsyncSupportsTokenInfo, self._credential)
        for options in (plain, TokenRequestOptions(**plain, claims=json.dumps(claims))):
            try:
                token = await credential.get_token_info(*self._scopes, options=options)
            except AzureError:
                return None
            if _signature(token) != refused:
                return token
        return None

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
