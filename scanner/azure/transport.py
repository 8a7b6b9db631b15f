"""How requests leave and answers come in: aiohttp, with bounds on the size of an answer and on its time.

azure-core's own transport (1.41) makes a timeout, encodes the URL and looks for a TLS setting with every
request, and hands each answer on through three objects. What is ours is sent without that, an eighth of the
CPU time of a request; the SDK's client, whose requests are of another kind, keeps it, within the same bounds.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from azure.core.exceptions import (
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpResponse, AsyncHttpTransport, HttpRequest
from yarl import URL

from scanner.errors import TooLargeError

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_CHUNK = 64 * 1024
_PLAIN_URL = re.compile(r"[\w.~:/?&=$,-]+", re.ASCII)
"""A URL that encoding would leave as it is."""


class Answer(AsyncHttpResponse):
    """An answer that was read to its end."""

    def __init__(self, request: HttpRequest, response: aiohttp.ClientResponse, body: bytes) -> None:
        """Of that request, its body decompressed."""
        super().__init__(request, response)
        self.status_code = response.status
        self.headers = cast(Any, response.headers)
        self.reason = response.reason
        self.content_type = response.headers.get("Content-Type")
        self._body = body

    def body(self) -> bytes:
        """All of it."""
        return self._body


class Transport(AsyncHttpTransport[Any, Any]):
    """The last link of the pipeline: one pool of connections for a whole scan.

    An answer past `max_bytes`, counted after decompression, raises TooLargeError and is read no further; one
    that has not come whole in `answer_timeout` seconds, or is silent for `read_timeout`, raises the SDK's
    ServiceResponseTimeoutError, which is tried again like any other.
    """

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        *,
        proxy: str | None,
        connect_timeout: float,
        read_timeout: float,
        answer_timeout: float,
        max_bytes: int,
    ) -> None:
        """Open sessions on that pool; `close` closes both, and the pool. To be called in a running loop."""
        common: dict[str, Any] = {
            "connector": connector,
            "connector_owner": False,
            "cookie_jar": aiohttp.DummyCookieJar(),
            "proxy": proxy,
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._session = aiohttp.ClientSession(timeout=timeout, **common)
        self._session_for_sdk = aiohttp.ClientSession(response_class=_bounded_response(max_bytes), **common)
        self._for_sdk = AioHttpTransport(
            session=self._session_for_sdk,
            session_owner=False,
            connection_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
        self._connector = connector
        self._read_timeout = read_timeout
        self._answer_timeout = answer_timeout
        self._max_bytes = max_bytes

    async def __aenter__(self) -> Transport:
        """The transport itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close it."""
        await self.close()

    async def open(self) -> None:
        """Nothing: it was opened when it was made."""

    async def close(self) -> None:
        """Close sessions and connections."""
        await self._session.close()
        await self._session_for_sdk.close()
        await self._connector.close()

    async def send(self, request: Any, **options: Any) -> Any:
        """The answer: an `Answer` to our own kind of request, to another what azure-core makes of it."""
        if isinstance(request, HttpRequest):
            return await self._answer(request)
        try:
            async with asyncio.timeout(self._answer_timeout) as time_left:
                return await self._for_sdk.send(request, **options)
        except TimeoutError as error:
            if time_left.expired():
                raise self._too_late() from error
            raise

    async def _answer(self, request: HttpRequest) -> Answer:
        """Raises what azure-core's own transport raises, since that decides what is tried again."""
        end = asyncio.get_running_loop().time() + self._answer_timeout
        try:
            async with asyncio.timeout(min(self._read_timeout, self._answer_timeout)) as patience:
                url = URL(request.url, encoded=_PLAIN_URL.fullmatch(request.url) is not None)
                response = await self._session.request(
                    request.method, url, headers=request.headers, data=request.data, allow_redirects=False
                )
                return Answer(request, response, await self._body(response, patience, end))
        except aiohttp.ClientPayloadError as error:
            raise IncompleteReadError(error, error=error) from error
        except aiohttp.ClientResponseError as error:
            raise ServiceResponseError(error, error=error) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise ServiceRequestTimeoutError(error, error=error) from error
        except TimeoutError as error:
            if (patience.when() or 0) >= end:
                raise self._too_late() from error
            silence = aiohttp.SocketTimeoutError(f"nothing came for {self._read_timeout:g} s")
            raise ServiceResponseTimeoutError(silence, error=silence) from silence
        except aiohttp.ClientError as error:
            raise ServiceRequestError(error, error=error) from error

    async def _body(self, response: aiohttp.ClientResponse, patience: asyncio.Timeout, end: float) -> bytes:
        """All of it; its connection is free for others then. Raises TooLargeError.

        There is new patience whenever something came, until the `end`: one timer for an answer that comes at
        once, where aiohttp would set one with every piece of it.
        """
        content, clock = response.content, asyncio.get_running_loop()
        parts, size = [], 0
        try:
            while not content.at_eof():
                if not content.is_eof():
                    patience.reschedule(min(clock.time() + self._read_timeout, end))
                part = await content.readany()
                size += len(part)
                if size > self._max_bytes:
                    raise _too_large(self._max_bytes)
                parts.append(part)
        except BaseException:
            response.close()
            raise
        return b"".join(parts)

    def _too_late(self) -> ServiceResponseTimeoutError:
        return ServiceResponseTimeoutError(f"no whole answer within {self._answer_timeout:g} s")


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"The answer has more than {most:,} bytes; the rest was not read.")


def _bounded_response(most: int) -> type[aiohttp.ClientResponse]:
    """The class of answers whose body breaks off past `most` bytes, for aiohttp's `response_class`.

    aiohttp 3.14 decompresses in bounded steps, so that a small body cannot become a large one before it
    is counted.
    """

    class BoundedResponse(aiohttp.ClientResponse):
        async def start(self, connection: Connection) -> aiohttp.ClientResponse:
            await super().start(connection)
            self.content = cast(aiohttp.StreamReader, _BoundedReader(self.content, most))
            return self

    return BoundedResponse


class _BoundedReader:
    """An aiohttp stream that breaks off past a number of bytes, counted after decompression."""

    def __init__(self, stream: aiohttp.StreamReader, most: int) -> None:
        self._stream = stream
        self._most = most
        self._read = 0

    async def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; all of them for -1. Raises TooLargeError."""
        if size >= 0:
            return self._counted(await self._stream.read(size))
        parts = []
        while part := await self._stream.read(_CHUNK):
            parts.append(self._counted(part))
        return b"".join(parts)

    def _counted(self, part: bytes) -> bytes:
        self._read += len(part)
        if self._read > self._most:
            raise _too_large(self._most)
        return part

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
