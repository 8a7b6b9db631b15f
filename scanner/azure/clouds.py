"""Describes clouds: the endpoint of Azure Resource Manager, its token audience and who issues its tokens.

The three public clouds are from `get_arm_endpoints` of azure-mgmt-core 1.6 and `AzureAuthorityHosts` of
azure-identity 1.27 (2026-08). A private or sovereign cloud describes itself at `/metadata/endpoints`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from scanner.choices import CloudName
from scanner.errors import CloudError
from scanner.payloads.advice import advice
from scanner.payloads.bodies import parsed

METADATA_VERSIONS = ("2022-09-01", "2015-01-01")
"""The api-versions of `/metadata/endpoints`: one returns a list of clouds, the older one a single object."""

METADATA_BYTES = 4 * 1024 * 1024
"""More than `/metadata/endpoints` of any cloud has, after decompression."""

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables by which other tools find certificates to trust. Python itself reads SSL_CERT_FILE."""

_LONGEST_NAME = 100
_EXAMPLE = "use an address such as https://management.example.com"
_NO_URL = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One cloud. `scope` is the token scope of its ARM endpoint, `authority` the login endpoint."""

    name: str
    arm_endpoint: str
    scope: str
    authority: str
    is_known: bool = True

    @property
    def is_loopback(self) -> bool:
        """Return whether the endpoint is on this machine, so that it cannot be Azure."""
        return is_loopback(self.arm_endpoint)


KNOWN: Mapping[CloudName, Cloud] = {
    CloudName(cloud.name): cloud
    for cloud in (
        Cloud(
            name="AzureCloud",
            arm_endpoint="https://management.azure.com",
            scope="https://management.azure.com/.default",
            authority="https://login.microsoftonline.com",
        ),
        Cloud(
            name="AzureUSGovernment",
            arm_endpoint="https://management.usgovcloudapi.net",
            scope="https://management.core.usgovcloudapi.net/.default",
            authority="https://login.microsoftonline.us",
        ),
        Cloud(
            name="AzureChinaCloud",
            arm_endpoint="https://management.chinacloudapi.cn",
            scope="https://management.chinacloudapi.cn/.default",
            authority="https://login.chinacloudapi.cn",
        ),
    )
}


def is_loopback(url: str) -> bool:
    """Check whether the host of the URL is `localhost` or a loopback address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


DEMO = "the embedded emulator's demo tenant"
"""The words for the server of `azml-audit demo`."""


def source_words(endpoint: str, cloud: str) -> str:
    """Return the words by which reports name the server that answered."""
    if is_loopback(endpoint):
        return f"a server on this machine, {endpoint}"
    return f"Azure Resource Manager at {endpoint} ({cloud})"


def checked_endpoint(url: str) -> str:
    """Return the endpoint without blanks around it and without a trailing slash.

    Raises CloudError unless it is a plain https address, or http on loopback.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname and (parts.port is None or parts.port > 0)) and not _NO_URL.search(url)
    except ValueError:
        raise CloudError(f"--arm-endpoint {url}: {_EXAMPLE}") from None
    if "@" in parts.netloc:
        shown = url.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)
        raise CloudError(
            f"--arm-endpoint {shown}: remove the user name and password; --auth names the sign-in."
        )
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if not is_plain or parts.scheme not in ("http", "https") or extra:
        raise CloudError(f"--arm-endpoint {url or repr(url)}: {_EXAMPLE}")
    if parts.scheme == "http" and not is_loopback(url):
        raise CloudError(f"--arm-endpoint {url}: http works on this machine only; use https")
    return url.rstrip("/?#")


def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities, or only the CA bundle's. Raises CloudError if the file is unusable."""
    if ca_bundle is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except (OSError, ssl.SSLError) as error:
        raise CloudError(
            f"The CA bundle {ca_bundle} (--ca-bundle, {' or '.join(CA_VARIABLES)}) is not readable as PEM "
            f"certificates: {error}"
        ) from error


def ca_bundle_of(environment: Mapping[str, str]) -> Path | None:
    """Return the file of PEM certificates that the environment names for other tools, if any.

    The Azure CLI and curl trust it instead of the system's authorities, so a scan does, too.
    """
    named = next((environment[name] for name in CA_VARIABLES if environment.get(name)), None)
    return Path(named) if named else None


def proxy_for(url: str) -> str | None:
    """Return the URL of the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for a URL, if any.

    aiohttp's own `trust_env` looks this up, and a `.netrc`, in a thread for every request. That takes a third
    of the CPU time of a request, and all requests of a scan go to one host. Raises CloudError.
    """
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.netloc):
        return None
    proxy = getproxies().get(parts.scheme)
    return _checked_proxy(proxy, f"{parts.scheme.upper()}_PROXY") if proxy else None


def _checked_proxy(proxy: str, variable: str) -> str:
    """Return the address of a proxy. As in curl, one without a scheme is http. Raises CloudError."""
    address = proxy.strip() if "://" in proxy else f"http://{proxy.strip()}"
    try:
        parts = urlsplit(address)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or _NO_URL.search(address):
        shown = proxy.rpartition("@")[2]
        raise CloudError(f"{variable} is {shown!r}: use an address such as http://proxy.example:8080.")
    return address


async def discovered(arm_endpoint: str, ca_bundle: Path | None, deadline: float | None = None) -> Cloud:
    """Return the cloud that `/metadata/endpoints` of `arm_endpoint` describes.

    Raises CloudError if it does not answer within `deadline` seconds, or does not name the issuer and the
    audience of its tokens.
    """
    endpoint = checked_endpoint(arm_endpoint)
    try:
        async with asyncio.timeout(deadline):
            return await _discovered(endpoint, ca_bundle)
    except TimeoutError as error:
        raise CloudError(
            f"{endpoint}/metadata/endpoints did not answer within the {deadline:g} s of --deadline. "
            "Allow more, or check the address."
        ) from error


async def _discovered(endpoint: str, ca_bundle: Path | None) -> Cloud:
    connector = aiohttp.TCPConnector(ssl=tls_context(ca_bundle))
    timeout, proxy = aiohttp.ClientTimeout(total=30), proxy_for(endpoint)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, proxy=proxy) as session:
        refusals, advised = [], "Check the address."
        for version in METADATA_VERSIONS:
            try:
                return _described(endpoint, await _metadata(session, endpoint, version))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                if isinstance(error, aiohttp.ClientError | TimeoutError):
                    advised = advice(error)
                refusals.append(f"{version}: {type(error).__name__}: {error}")
    raise CloudError(
        f"{endpoint}/metadata/endpoints does not describe a cloud ({'; '.join(refusals)}). {advised}"
    )


async def _metadata(session: aiohttp.ClientSession, endpoint: str, version: str) -> Any:
    url = f"{endpoint}/metadata/endpoints"
    async with session.get(url, params={"api-version": version}, allow_redirects=False) as response:
        if response.status != 200:
            raise ValueError(f"HTTP {response.status}")
        body = b""
        async for part in response.content.iter_any():
            body += part
            if len(body) > METADATA_BYTES:
                raise ValueError(f"more than {METADATA_BYTES:,} bytes")
    document = parsed(body)
    if document is None:
        raise ValueError("no JSON")
    return document


def _described(endpoint: str, metadata: Any) -> Cloud:
    described = _ours(endpoint, metadata) if isinstance(metadata, list) else metadata
    try:
        authentication = described["authentication"]
        authority, audiences = authentication["loginEndpoint"], authentication["audiences"]
        audience = next((a for a in audiences if _host(a) == _host(endpoint)), audiences[0])
        return Cloud(
            name=_name(described) or urlsplit(endpoint).netloc,
            arm_endpoint=endpoint,
            scope=f"{audience.rstrip('/')}/.default",
            authority=authority.rstrip("/"),
            is_known=False,
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no authentication.loginEndpoint and audiences in it ({error!r})") from error


def _name(described: dict[str, Any]) -> str:
    """Return the cloud's own name, "" unless it is a short text that can be printed."""
    name = described.get("name")
    return name if isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isprintable() else ""


def _ours(endpoint: str, clouds: list[Any]) -> Any:
    """Return the cloud whose resourceManager is this endpoint, or the only cloud there is."""
    ours = [c for c in clouds if isinstance(c, dict) and _host(c.get("resourceManager")) == _host(endpoint)]
    if not ours and len(clouds) != 1:
        raise ValueError(f"{len(clouds)} clouds, none of them at {endpoint}")
    return (ours or clouds)[0]


def _host(url: object) -> str:
    return urlsplit(url).netloc.lower() if isinstance(url, str) else ""
