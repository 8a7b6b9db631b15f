"""Sends questions to Azure Resource Manager and returns the raw answers. The reading package calls it.

It returns raw JSON at a pinned api-version, because the management SDK's models are too old.
azure-mgmt-machinelearningservices 1.0.1, the newest stable release, uses api-version 2020-08-01, and its
`Workspace` has neither `publicNetworkAccess` nor `managedNetwork`. With a newer `api_version` the SDK
receives both and drops them, and uses that version for the first page only. The betas (2.0.0b2, 2023-04-01)
have no `managedNetwork` either. `tests/scanner/azure/test_sdk_facts.py` measures these facts. The list of
subscriptions is asked for with azure-mgmt-resource. The SDK provides credentials, pipeline and retries, too. The raw
bodies are also the evidence.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.transport import AsyncHttpResponse, HttpRequest
from multidict import CIMultiDict

from scanner.azure import subscriptions
from scanner.azure.clouds import Cloud, proxy_for, tls_context
from scanner.azure.credentials import waits_for_person
from scanner.azure.identity import identity_of
from scanner.azure.pacing import SlotPolicy
from scanner.azure.paging import Paging
from scanner.azure.pipeline import Patience, policies
from scanner.azure.throttling import Throttle
from scanner.azure.transport import Answer, Transport
from scanner.errors import CredentialError, RefusedRequestError
from scanner.payloads import gaps, json_members
from scanner.payloads.advice import advice
from scanner.payloads.answers import answered
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.people import Pseudonyms
from scanner.payloads.questions import Ask
from scanner.progress import Progress, Silent

Clock = Callable[[], datetime]
Recall = Callable[[Ask], Payload | None]

_ODD_TOKEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""Raised by azure-identity (1.27) if a token endpoint answers with JSON of another shape."""

_log = logging.getLogger("azml_audit.questions")


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
        tenant: str = "",
        people: Pseudonyms | None = None,
    ) -> None:
        """Prepare without opening anything. `recall` returns answers of an interrupted scan, or None.

        `tenant` is the tenant that the credential signs in to, if the scan reads several; "" if it reads one. `people`
        are the pseudonyms of the scan, by default under a new key.
        """
        self.people = people or Pseudonyms()
        self.cloud = cloud
        self.tenant = tenant
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
            max_bytes=self._patience.max_answer_bytes,
        )
        throttle = Throttle(
            budget=self._patience.throttle_budget,
            on_wait=self._progress.throttled,
            on_unavailable=self._progress.unavailable,
        )
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
        limits = [(self._patience.deadline, "--deadline")]
        if not waits_for_person(self._credential):
            limits.append((self._patience.question_timeout, "--question-timeout"))
        given = [(limit, option) for limit, option in limits if limit is not None]
        seconds, option = min(given, default=(None, ""))
        try:
            async with asyncio.timeout(seconds):
                token = await self._credential.get_token_info(self.cloud.scope, options={"enable_cae": True})
            self.identity = identity_of(token.token)
            self._check_tenant()
        except TimeoutError as error:
            raise CredentialError(
                f"{self._where}Allow more time for the sign-in with {option}, or check --auth.\n"
                f"No token for {self.cloud.scope} came from {self.cloud.authority} within {seconds:g} s."
            ) from error
        except (AzureError, *_ODD_TOKEN) as error:
            raise CredentialError(
                f"{self._where}{advice(error)}\nNo token for {self.cloud.scope} from {self.cloud.authority}: {error}"
            ) from error

    @property
    def _where(self) -> str:
        return f"Tenant {self.tenant}: " if self.tenant else ""

    def _check_tenant(self) -> None:
        """Raise CredentialError if the token is of another tenant, which would be read twice instead."""
        found = self.identity.tenant_id
        if self.tenant and found.lower() != self.tenant.lower():
            raise CredentialError(
                f"--tenant {self.tenant}: the sign-in gave a token of tenant {found or 'none'}. Name each tenant by "
                "its id, and check --auth."
            )

    def url(self, path: str, api_version: str) -> str:
        """Return the URL of an ARM path, such as a resource id."""
        return f"{self.cloud.arm_endpoint}{json_members.quoted(path)}?api-version={api_version}"

    async def get(self, ask: Ask) -> Payload | Gap:
        """Return the answer: a payload with status 200 and a JSON object, or a gap.

        Every failure becomes the gap of this question and never ends the scan. A resumed scan sends a query again,
        because its later pages cannot be read afterwards.
        """
        try:
            known = self._recall(ask) if ask.method == "GET" else None
            return known or await self._sent(ask)
        except (AzureError, RefusedRequestError) as error:
            return gaps.from_failure(ask, error)
        except Exception as error:  # noqa: BLE001 - one question, one gap
            _log.debug("%s failed in a way that nobody expected", ask.request, exc_info=True)
            return gaps.unexpected(ask, error)

    async def _sent(self, ask: Ask) -> Payload | Gap:
        """Send the question. A retry of Resource Graph's POST is allowed, because a query changes nothing."""
        if ask.kind == subscriptions.KIND and not ask.is_later_page:
            response = await subscriptions.listed(
                self._pipeline,
                self._credential,
                self.cloud.arm_endpoint,
                ask.api_version,
                self.request_options(),
            )
            return self._answered(ask, response)
        retries: dict[str, Any] = {} if ask.method == "GET" else {"retry_on_methods": [ask.method]}
        answer = await self._pipeline.run(_request(ask), **retries, **self.request_options())
        return self._answered(ask, answer.http_response)

    def request_options(self) -> dict[str, Any]:
        """Return the options of every request. Only an endpoint on loopback may use http."""
        return {} if self.cloud.arm_endpoint.startswith("https://") else {"enforce_https": False}

    def _answered(self, ask: Ask, response: AsyncHttpResponse) -> Payload | Gap:
        """Return a response as a payload or a gap."""
        return answered(
            ask,
            response.body(),
            status=response.status_code,
            headers=response.headers,
            at=self.clock(),
            people=self.people,
            document=response.json() if isinstance(response, Answer) else None,
        )

    async def pages(self, first: Payload | Gap) -> AsyncIterator[Payload | Gap]:
        """Yield every page of a list from its first. Follow each nextLink as Azure wrote it, and stop at a gap.

        The pages before a gap stay. An empty page and an empty nextLink are valid. A page is dropped before
        the next one is asked for: a thousand lists may wait with a page each.
        """
        page: Payload | Gap | None = first
        paging: Paging | None = None
        del first
        while page is not None:
            yield page
            if isinstance(page, Gap) or page.status != 200:
                return
            paging = paging or Paging(page, self.cloud.arm_endpoint)
            following = paging.following(page)
            page = None
            page = await self.get(following) if isinstance(following, Ask) else following


def _request(ask: Ask) -> HttpRequest:
    """Return a request of the pipeline's own kind, four times as fast as one of `azure.core.rest`.

    Its headers are a dictionary of aiohttp's kind, so that aiohttp need not copy them.
    """
    request = HttpRequest(ask.method, ask.url, data=ask.body or None)
    request.headers = CIMultiDict({"Content-Type": "application/json"} if ask.body else {})
    return request
