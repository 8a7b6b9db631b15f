"""Reads URLs with nothing but aiohttp: no SDK, no checks, no reports. What a scan is compared with.

    python tests/benchmarks/bare_loop.py ENDPOINT CA_PEM URLS CONCURRENCY

`URLS` is JSON: `first`, a list of URLs read one after the other; `subscriptions`, a list of objects with
`pages` (read one after the other) and `rest` (read at once when the pages are there), as a scan must.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import aiohttp

from scanner.emulator.tenants.identity import CLIENT_ID, CLIENT_SECRET, TENANT_ID


async def read(endpoint: str, authority: str, urls: dict[str, Any], concurrency: int) -> int:
    """Read everything and return how many bytes came."""
    slots = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=authority), limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": f"{endpoint}/.default",
        }
        async with session.post(f"{endpoint}/{TENANT_ID}/oauth2/v2.0/token", data=form) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

        async def get(url: str) -> int:
            async with slots, session.get(url, headers=headers) as answer:
                body = await answer.read()
                json.loads(body)
                return len(body)

        async def subscription(pages: list[str], rest: list[str]) -> int:
            size = sum([await get(url) for url in pages])
            return size + sum(await asyncio.gather(*(get(url) for url in rest)))

        size = sum([await get(url) for url in urls["first"]])
        return size + sum(await asyncio.gather(*(subscription(**each) for each in urls["subscriptions"])))


if __name__ == "__main__":
    endpoint, authority, urls, concurrency = sys.argv[1:]
    document = json.loads(Path(urls).read_text("utf-8"))
    print(asyncio.run(read(endpoint, authority, document, int(concurrency))))
