"""Whether a host can be reached, by which way, and whether its clock and ours agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from scanner.azure.clouds import proxy_for, tls_context
from scanner.doctor.examination import Finding, fine, limited, stopped
from scanner.payloads.advice import CLOCK, advice, is_clock_wrong

_SECONDS = 20


async def reached(
    what: str, url: str, ca_bundle: Path | None, clock: Callable[[], datetime]
) -> list[Finding]:
    """Whether anything answers there, and when it does, how far the clocks are apart.

    Any HTTP status is an answer; no token is sent and no redirect is followed.
    """
    parts = urlsplit(url)
    host, proxy = f"{parts.scheme}://{parts.netloc}", proxy_for(url)
    way = f"{host} through {_shown(proxy)}" if proxy else host
    connector = aiohttp.TCPConnector(ssl=tls_context(ca_bundle))
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, proxy=proxy) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            date = response.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError) as error:
        told = str(error) or f"no answer within {_SECONDS} s"
        return [stopped(what, f"{way}: {type(error).__name__}: {told}", advice(error))]
    return [fine(what, f"{way} answers"), *_clock(date, clock())]


def _clock(date: str | None, now: datetime) -> list[Finding]:
    if date is None:
        return []
    if not is_clock_wrong(date, now):
        return [fine("clock", "less than five minutes from the server's")]
    apart = now - parsedate_to_datetime(date)
    side = "ahead of" if apart.total_seconds() > 0 else "behind"
    return [limited("clock", f"{abs(apart)} {side} the server's", CLOCK)]


def _shown(proxy: str) -> str:
    """The proxy without the password its URL may carry."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
