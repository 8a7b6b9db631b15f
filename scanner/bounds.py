"""How large an answer may be and how long it may take: a server that never ends is an unread answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from azure.core.exceptions import ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from scanner.errors import TooLargeError

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_CHUNK = 64 * 1024


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
            raise TooLargeError(f"The answer has more than {self._most:,} bytes; the rest was not read.")
        return part

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def bounded_response(most: int) -> type[aiohttp.ClientResponse]:
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


class AnswerTimePolicy(AsyncHTTPPolicy[Any, Any]):
    """Ends a try whose answer has not come whole in time: each byte may come within the read timeout."""

    def __init__(self, seconds: float) -> None:
        """Allow a try so many seconds from request to last byte."""
        super().__init__()
        self._seconds = seconds

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send it. Raises ServiceResponseTimeoutError, which is tried again like any other."""
        try:
            async with asyncio.timeout(self._seconds) as time_left:
                return await self.next.send(request)
        except TimeoutError as error:
            if time_left.expired():
                raise ServiceResponseTimeoutError(f"no whole answer within {self._seconds:g} s") from error
            raise
