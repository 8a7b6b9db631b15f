"""What a cloud describes of itself is bounded, and addresses that cannot work are named before anything is asked."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from contextlib import suppress

import pytest
from aiohttp import web
from azure.core.exceptions import AzureError
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.azure.clouds import METADATA_BYTES, Cloud, checked_endpoint, discovered, proxy_for
from scanner.azure.credentials import credential
from scanner.choices import Auth, CloudName
from scanner.commands.connections import connection
from scanner.errors import CloudError

MIB = 1024 * 1024
DESCRIBED = {"authentication": {"loginEndpoint": "https://login.example", "audiences": ["https://x"]}}


def described(body: bytes, headers: dict[str, str] | None = None) -> Cloud:
    """The cloud of a server that answers with this body."""

    async def handler(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Type": "application/json", **(headers or {})})

    async def run() -> Cloud:
        runner = web.ServerRunner(web.Server(handler))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            return await discovered(f"http://127.0.0.1:{runner.addresses[0][1]}", None, 60.0)
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def test_a_bomb_of_metadata_is_not_unpacked() -> None:
    bomb = gzip.compress(b'{"a":"' + b" " * 64 * MIB + b'"}', compresslevel=1)
    tracemalloc.start()
    with pytest.raises(CloudError, match=f"more than {METADATA_BYTES:,} bytes"):
        described(bomb, {"Content-Encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * MIB


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"3",
            b"[null]",
            b"{",
            b"[" * 100_000,
            b'{"a":' * 5000 + b"1" + b"}" * 5000,
        ),
        *(b'{"authentication": {"loginEndpoint": 3, "audiences": ["x"]}}', b'{"authentication": null}'),
        *(
            b'{"authentication": {"loginEndpoint": "x", "audiences": {}}}',
            b'[{"resourceManager": "http://["}, {}]',
        ),
        b'{"authentication": {"loginEndpoint": "x", "audiences": ["http://["]}}',
    ],
)
def test_metadata_that_describes_no_cloud_is_an_error(body: bytes) -> None:
    with pytest.raises(CloudError, match="does not describe a cloud"):
        described(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["http://[", "\ud800", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["authentication", "loginEndpoint", "audiences", "name"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from([b"", b"x", b"]"]))
@settings(max_examples=40, deadline=None)
def test_any_metadata_is_a_cloud_or_an_error(document: object, rest: bytes) -> None:
    with suppress(CloudError):
        assert isinstance(described(json.dumps(document).encode() + rest), Cloud)


def test_a_name_that_cannot_be_printed_is_not_the_cloud_s() -> None:
    assert described(json.dumps({**DESCRIBED, "name": "\x1b[31m"}).encode()).name.startswith("127.0.0.1:")
    assert described(json.dumps({**DESCRIBED, "name": "Own"}).encode()).name == "Own"


@pytest.mark.parametrize(
    "url", ["  https://management.example/ ", "https://management.example", "https://management.example/"]
)
def test_blanks_and_slashes_around_an_endpoint_do_not_matter(url: str) -> None:
    assert checked_endpoint(url) == "https://management.example"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:secret@management.example", "remove the user name and password"),
        ("https://user@management.example", "remove the user name and password"),
        ("https://management example", "use an address"),
        ("https://management.example\\x", "use an address"),
        ("https://management.example:port", "use an address"),
        ("https://management.example:99999", "use an address"),
        ("https://[", "use an address"),
        ("https://management.example/x", "use an address"),
        ("https://management.example#x", "use an address"),
        ("management.example", "use an address"),
        ("", "use an address"),
        ("http://management.example", "use https"),
    ],
)
def test_an_endpoint_that_cannot_work_is_named_without_its_password(url: str, told: str) -> None:
    with pytest.raises(CloudError, match=told) as refused:
        checked_endpoint(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "proxy"),
    [
        ("proxy.example:8080", "http://proxy.example:8080"),
        (" proxy.example:8080 ", "http://proxy.example:8080"),
        ("user:pw@proxy.example:8080", "http://user:pw@proxy.example:8080"),
        ("http://proxy.example:8080", "http://proxy.example:8080"),
        ("https://proxy.example", "https://proxy.example"),
    ],
)
def test_a_proxy_without_a_scheme_is_used(variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", variable)
    assert proxy_for("https://management.example/x") == proxy
    monkeypatch.setenv("NO_PROXY", "management.example")
    assert proxy_for("https://management.example/x") is None


@pytest.mark.parametrize(
    "variable",
    ["ftp://proxy.example", "http://", "http://[", "http://proxy:port", "a b", "http://u:secret@:x"],
)
def test_a_proxy_that_cannot_work_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", variable)
    with pytest.raises(CloudError, match="HTTPS_PROXY") as refused:
        proxy_for("https://management.example/x")
    assert "secret" not in str(refused.value)


def test_sign_in_uses_a_proxy_without_a_scheme_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy of this test hears the request for a tunnel to the authority."""
    heard: list[str] = []

    async def run() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append((await reader.readline()).decode())
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
            monkeypatch.setenv(f"AZURE_{name}", "11111111-1111-1111-1111-111111111111")
        cloud = Cloud(
            name="x",
            arm_endpoint="https://a.example",
            scope="s/.default",
            authority="https://l.example",
            is_known=False,
        )
        signed_in = credential(Auth.ENVIRONMENT, cloud)
        with suppress(AzureError):
            async with asyncio.timeout(30):
                await signed_in.get_token_info(cloud.scope)
        await signed_in.close()
        server.close()

    asyncio.run(run())
    assert heard
    assert heard[0].startswith("CONNECT l.example:443")


def test_an_empty_endpoint_is_not_the_public_cloud() -> None:
    """A variable that a script did not set must not send the scan, and its token, elsewhere."""
    with pytest.raises(CloudError, match="--arm-endpoint '': use an address"):
        connection(
            auth=Auth.ENVIRONMENT,
            cloud_name=CloudName.AZURE,
            arm_endpoint="",
            tenants=(),
            client_id=None,
            ca_bundle=None,
            prompt=print,
        )
