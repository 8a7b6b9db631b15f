"""Sends questions to Azure Resource Manager and returns the raw answers. The reading package calls it.

It returns raw JSON at a pinned api-version, because the management SDK's models are too old.
azure-mgmt-machinelearningservices 1.0.1, the newest stable release, uses api-version 2020-08-01, and its
`Workspace` has neither `publicNetworkAccess` nor `managedNetwork`. With a newer `api_version` the SDK
receives both and drops them, and uses that version for the first page only. The betas (2.0.0b2, 2023-04-01)
have no `managedNetwork` either. `tests/scanner/azure/test_sdk_facts.py` measures these facts. The SDK still
provides credentials, pipeline and retries. The raw bodies are also the evidence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import CustomHookPolicy
from azure.core.pipeline.transport import AsyncHttpResponse, HttpRequest
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient
from multidict import CIMultiDict

from scanner.azure.clouds import Cloud, proxy_for, tls_context
from scanner.azure.identity import identity_of
from scanner.azure.pacing import SlotPolicy
from scanner.azure.pipeline import Patience, is_same_origin, policies
from scanner.azure.throttling import Throttle
from scanner.azure.transport import Transport
from scanner.errors import CredentialError, RefusedRequestError
from scanner.payloads import gaps
from scanner.payloads.advice import advice
from scanner.payloads.answers import payload_or_gap
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask
from scanner.payloads.redaction import redacted
from scanner.progress import Progress, Silent

Clock = Callable[[], datetime]
Recall = Callable[[Ask], Payload | None]


class Arm:
    """One pipeline and one pool of connections for a whole scan. Use it as an async context manager."""

    def __init__(
        self,
        cloud: Cloud,
        credential: AsyncSupportsTokenInfo,
        *,
        clock: Clock,
        patience: Patience | None = None,
        ca_bundle: Path | None = None,
        progress: Progress | None = None,
        recall: Recall | None = None,
    ) -> None:
        """Prepare without opening anything. `recall` returns answers of an interrupted scan, or None."""
        self.cloud = cloud
        self.clock = clock
        self._credential = credential
        self._patience = patience or Patience()
        self._ca_bundle = ca_bundle
        self._progress = progress or Silent()
        self._recall = recall or (lambda _ask: None)

    async def __aenter__(self) -> Arm:
        """Open the pool and sign in. Raises CredentialError if there is no token."""
        self._transport = Transport(
            aiohttp.TCPConnector(ssl=tls_context(self._ca_bundle), limit=self._patience.max_concurrency),
            proxy=proxy_for(self.cloud.arm_endpoint),
            connect_timeout=self._patience.connect_timeout,
            read_timeout=self._patience.read_timeout,
            answer_timeout=self._patience.answer_timeout,
            max_bytes=self._patience.max_answer_bytes,
        )
        throttle = Throttle(budget=self._patience.throttle_budget, on_wait=self._progress.throttled)
        slots = SlotPolicy(throttle, self._patience, self._progress)
        self._policies = policies(
            self.cloud, self._credential, throttle=throttle, slots=slots, patience=self._patience
        )
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            self._transport, self._policies
        )
        try:
            await self._sign_in()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close the pool and the credential."""
        try:
            await self._transport.close()
        finally:
            await self._credential.close()

    async def _sign_in(self) -> None:
        try:
            async with asyncio.timeout(self._patience.deadline):
                token = await self._credential.get_token_info(self.cloud.scope, options={"enable_cae": True})
        except TimeoutError as error:
            raise CredentialError(
                "Allow more time for the sign-in with --deadline, or check --auth.\n"
                f"No token for {self.cloud.scope} came from {self.cloud.authority} within "
                f"{self._patience.deadline:g} s."
            ) from error
        except (ClientAuthenticationError, AzureError, ValueError) as error:
            raise CredentialError(
                f"{advice(error)}\nNo token for {self.cloud.scope} from {self.cloud.authority}: {error}"
            ) from error
        self.identity = identity_of(token.token)

    def recalls(self, ask: Ask) -> bool:
        """Check whether an interrupted scan has the answer."""
        return self._recall(ask) is not None

    def subscription_client(self) -> SubscriptionClient:
        """Return the SDK's subscription client on this pipeline. Do not close it."""
        return SubscriptionClient(
            cast(AsyncTokenCredential, self._credential),
            base_url=self.cloud.arm_endpoint,
            policies=[CustomHookPolicy(), *self._policies],
            transport=self._transport,
            credential_scopes=[self.cloud.scope],
        )

    def url(self, path: str, api_version: str) -> str:
        """Return the URL of an ARM path, such as a resource id."""
        return f"{self.cloud.arm_endpoint}{path}?api-version={api_version}"

    async def get(self, ask: Ask) -> Payload | Gap:
        """Return the answer: a payload with status 200 and a JSON object, or a gap.

        A resumed scan sends a query again, because its later pages cannot be read afterwards.
        """
        known = self._recall(ask) if ask.method == "GET" else None
        if known is not None:
            return known
        try:
            response = await self._pipeline.run(_request(ask), **self._options(ask.method))
        except (AzureError, RefusedRequestError) as error:
            return gaps.from_failure(ask, error)
        return self.answered(ask, response.http_response)

    def _options(self, method: str) -> dict[str, Any]:
        """Allow retries of Resource Graph's POST too, because a query changes nothing."""
        options = self.request_options()
        return options if method == "GET" else options | {"retry_on_methods": [method]}

    def request_options(self) -> dict[str, Any]:
        """Return the arguments for every SDK call. Only an endpoint on loopback may use http."""
        return {} if self.cloud.arm_endpoint.startswith("https://") else {"enforce_https": False}

    def answered(self, ask: Ask, response: AsyncHttpResponse) -> Payload | Gap:
        """Return a response as a payload or a gap."""
        body = response.body()
        document = parsed(body)
        body, pointers = redacted(body, document)
        headers = response.headers
        return payload_or_gap(
            Payload(
                kind=ask.kind,
                scope=ask.scope,
                subscription_id=ask.subscription_id,
                url=ask.url,
                api_version=ask.api_version,
                status=response.status_code,
                retrieved_at=self.clock(),
                request_id=headers.get("x-ms-request-id", ""),
                correlation_id=headers.get("x-ms-correlation-request-id", ""),
                redactions=pointers,
                method=ask.method,
                request_body=ask.body,
                may_be_missing=ask.may_be_missing,
                content_type=headers.get("Content-Type", ""),
                server_date=headers.get("Date", "") if response.status_code == 401 else "",
                body=body,
                document=document,
            )
        )

    async def pages(self, ask: Ask) -> AsyncIterator[Payload | Gap]:
        """Yield every page of a list. Follow each nextLink exactly as Azure wrote it, and stop at a gap.

        A nextLink to another host or to an earlier page is a gap, and so is a page whose `value` is no array.
        The pages before it stay. An empty page and an empty nextLink are valid.
        """
        seen = {ask.url}
        page: Payload | Gap | None = await self.get(ask)
        while page is not None:
            yield page
            page = await self.resolve(self.next_ask(page, seen))

    async def pages_after(self, first: Payload) -> list[Payload | Gap]:
        """Return the first page and all later ones, as `pages` yields them."""
        seen = {first.url}
        pages: list[Payload | Gap] = []
        page: Payload | Gap | None = first
        while page is not None:
            pages.append(page)
            page = await self.resolve(self.next_ask(page, seen))
        return pages

    def next_ask(self, page: Payload | Gap, seen: set[str]) -> Ask | Gap | None:
        """Return the question for the page after this one, as the function of this name does."""
        return None if isinstance(page, Gap) else next_ask(page, seen, self.cloud.arm_endpoint)

    async def resolve(self, ask: Ask | Gap | None) -> Payload | Gap | None:
        """Return the answer to a question, or a gap or None as it is."""
        return await self.get(ask) if isinstance(ask, Ask) else ask


def next_ask(page: Payload, seen: set[str], endpoint: str) -> Ask | Gap | None:
    """Return the question for the next page, a gap if it cannot be asked, or None after the last page.

    `seen` holds the URLs of the list so far. The URL of the next page is added.
    """
    link = page.document.get("nextLink")
    if not isinstance(page.document.get("value"), list):
        found = type(page.document.get("value")).__name__
        message = f"The page has no array of values but {'null' if found == 'NoneType' else found}."
        return _no_next(page, "ValueNotAList", message)
    if link is None or link == "":
        return None
    if not isinstance(link, str) or not is_same_origin(link, endpoint):
        host = _host(link) if isinstance(link, str) else type(link).__name__
        message = f"The next page is at {host}, not at {endpoint}. No request was sent there."
        return _no_next(page, "ForeignNextLink", message)
    if link in seen:
        message = "The next page is an earlier page of this list, so the list never ends."
        return _no_next(page, "NextLinkLoop", message)
    seen.add(link)
    return Ask(
        kind=page.kind,
        scope=page.scope,
        url=link,
        api_version=parse_qs(urlsplit(link).query).get("api-version", [page.api_version])[0],
        subscription_id=page.subscription_id,
    )


def _host(link: str) -> str:
    try:
        return urlsplit(link).netloc or "no host"
    except ValueError:
        return "no URL"


def _no_next(page: Payload, code: str, message: str) -> Gap:
    ask = replace(page.ask, may_be_missing=False)
    return gaps.unreadable(ask, code, message, request_id=page.request_id, about=page.id)


def _request(ask: Ask) -> HttpRequest:
    """Return a request of the pipeline's own kind, four times as fast as one of `azure.core.rest`.

    Its headers are a dictionary of aiohttp's kind, so that aiohttp need not copy them.
    """
    request = HttpRequest(ask.method, ask.url, data=ask.body or None)
    request.headers = CIMultiDict({"Content-Type": "application/json"} if ask.body else {})
    return request
