"""Breaks connections on purpose."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import web

from scanner.emulator.answers import Answer
from scanner.emulator.faults import Fault

_LINGER_ZERO = struct.pack("ii", 1, 0)


def reset(request: web.BaseRequest) -> web.Response:
    """Resets the connection (TCP RST); the response returned is never sent."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
    return web.Response()


def raw(request: web.BaseRequest, answer: Answer, headers: Mapping[str, str], fault: Fault) -> web.Response:
    """Writes an answer as the fault has it, valid HTTP or not, and closes the connection."""
    body = answer.body if fault.body is None else fault.body.encode("utf-8", "surrogatepass")
    body = fault.rewrite(body) if fault.rewrite else body
    given = fault.header.split("\n") if fault.header else []
    names = {line.partition(":")[0].strip().lower() for line in given}
    usual = {"Content-Length": str(len(body)), **headers, "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in usual.items() if name.lower() not in names]
    head = "\r\n".join([f"HTTP/1.1 {fault.status} Raw", *lines, *given, "", ""])
    if request.transport is not None:
        request.transport.write(head.encode("latin-1", "replace") + body)
        request.transport.close()
    return web.Response()


async def dripping(
    request: web.BaseRequest, answer: Answer, headers: Mapping[str, str], seconds: float
) -> web.StreamResponse:
    """Announces the whole body and sends one byte every so many seconds, until the other side leaves."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    with suppress(ConnectionResetError):
        for byte in answer.body:
            await response.write(bytes([byte]))
            await asyncio.sleep(seconds)
    return response


async def truncated(
    request: web.BaseRequest, answer: Answer, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Announces the whole body, sends the first half and closes the connection."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
