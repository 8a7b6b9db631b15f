"""Which proxy leads to a host, by the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The proxy's URL, or None where the host is to be reached directly.

    aiohttp's own `trust_env` asks this, and for a `.netrc`, in a thread for every request: measured, that
    is a third of the CPU time of a request, and all requests of a scan go to one host.
    """
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.netloc):
        return None
    return getproxies().get(parts.scheme)
