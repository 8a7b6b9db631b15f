"""The pipeline only reads, sends its token to one host only, and signs in as azure-identity does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from azure.core.pipeline.transport import HttpRequest

from scanner.azure.arm import Arm
from scanner.azure.clouds import KNOWN, discovered
from scanner.azure.credentials import credential
from scanner.choices import Auth, CloudName
from scanner.commands.connections import connection
from scanner.commands.demo import emulator_connection
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.errors import CloudError, CredentialError, RefusedRequestError
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from scanner.tables.tabulate import Tabulation
from tests.support.scanning import IMPATIENT, NETWORK, NOON, scanned

T = TypeVar("T")
TENANT = generated_tenant(subscriptions=2, workspaces=2, rules=2, seed=5)
SUBSCRIPTION = str(TENANT.subscriptions[0]["subscriptionId"])


def with_arm(emulator: Emulator, use: Callable[[Arm], Awaitable[T]]) -> T:
    connected = emulator_connection(emulator)

    async def run() -> T:
        async with Arm(connected.cloud, connected.credential, clock=lambda: NOON, patience=IMPATIENT) as arm:
            return await use(arm)

    return asyncio.run(run())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_nothing_but_get_leaves_the_pipeline(method: str) -> None:
    async def write(arm: Arm) -> None:
        request = HttpRequest(method, f"{arm.cloud.arm_endpoint}/subscriptions?api-version=2022-12-01")
        await arm._pipeline.run(request, **arm.request_options())

    with emulated(TENANT) as emulator:
        with pytest.raises(RefusedRequestError):
            with_arm(emulator, write)
        assert emulator.requests == []


def test_no_request_and_no_token_goes_to_another_host() -> None:
    with emulated(TENANT) as emulator, emulated(TENANT) as stranger:
        ask = Ask(kind="x", scope="/x", url=f"{stranger.url}/subscriptions?api-version=1", api_version="1")
        answer = with_arm(emulator, lambda arm: arm.get(ask))
        assert isinstance(answer, Gap)
        assert "refused" in answer.message
        assert stranger.requests == []


def test_an_answer_that_is_not_json_is_a_gap() -> None:
    with emulated(TENANT) as emulator:
        url = f"{emulator.url}/subscriptions/{SUBSCRIPTION}?api-version=2022-12-01"
        ask = Ask(
            kind="subscription", scope=f"/subscriptions/{SUBSCRIPTION}", url=url, api_version="2022-12-01"
        )
        answer = with_arm(emulator, lambda arm: arm.get(ask))
        assert isinstance(answer, Payload)
        broken = replace(ask, url=url.replace("api-version=2022-12-01", ""))
        refused = with_arm(emulator, lambda arm: arm.get(broken))
        assert isinstance(refused, Gap)
        assert refused.code == "MissingApiVersionParameter"


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Emulator, Path]]:
    with emulated(TENANT, tls=True) as emulator:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        yield emulator, authority


def environment(monkeypatch: pytest.MonkeyPatch, secret: str = CLIENT_SECRET) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT.tenant_id)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", secret)


def connected_by_environment(emulator: Emulator, authority: Path, **options: Any) -> Any:
    wanted = {"auth": Auth.ENVIRONMENT, "client_id": None} | options
    return connection(
        cloud_name=CloudName.AZURE,
        arm_endpoint=emulator.url,
        ca_bundle=authority,
        prompt=print,
        **wanted,
    )


async def read_through(connected: Any, authority: Path) -> Tabulation:
    tabulation = Tabulation()
    arm = Arm(
        connected.cloud, connected.credential, clock=lambda: NOON, patience=IMPATIENT, ca_bundle=authority
    )
    async with arm:
        await LiveSource(arm, Wanted(), collection=NETWORK).read(tabulation.add)
    return tabulation


def test_the_client_secret_flow_of_azure_identity_over_tls(
    tls: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, authority = tls
    environment(monkeypatch)
    connected = connected_by_environment(emulator, authority)
    assert connected.cloud.authority == emulator.url
    tables = asyncio.run(read_through(connected, authority)).finished()
    assert len(tables.workspaces) == 4
    assert tables.gaps.empty
    tokens = [request for request in emulator.requests if request.path.endswith("/oauth2/v2.0/token")]
    assert len(tokens) == 1
    assert tokens[0].method == "POST"


def test_another_tenant_can_be_asked_for(tls: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    emulator, authority = tls
    environment(monkeypatch)
    monkeypatch.setenv("AZURE_TENANT_ID", "11111111-2222-4333-8444-555555555555")
    connected = connected_by_environment(emulator, authority, tenants=[TENANT.tenant_id])
    asyncio.run(read_through(connected, authority))
    asked = [request.path for request in emulator.requests if request.path.endswith("/token")]
    assert asked[-1].startswith(f"/{TENANT.tenant_id}/")


def test_a_wrong_secret_is_a_credential_error_and_nothing_is_read(
    tls: tuple[Emulator, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, authority = tls
    environment(monkeypatch, secret="wrong")
    connected = connected_by_environment(emulator, authority)
    with pytest.raises(CredentialError, match="AADSTS7000215"):
        asyncio.run(read_through(connected, authority))
    assert not [request for request in emulator.requests if request.path.startswith("/subscriptions")]


def test_a_certificate_nobody_vouches_for_is_refused_with_a_hint(tls: tuple[Emulator, Path]) -> None:
    with pytest.raises(CloudError, match="--ca-bundle"):
        asyncio.run(discovered(tls[0].url, None))


def test_http_is_for_this_machine_only() -> None:
    with pytest.raises(CloudError, match="use https"):
        asyncio.run(discovered("http://management.example.com", None))


@pytest.mark.parametrize("url", ["management.example.com", "ftp://localhost", "https://", "https://a/b"])
def test_an_endpoint_that_is_no_address_is_an_error(url: str) -> None:
    with pytest.raises(CloudError, match="--arm-endpoint"):
        asyncio.run(discovered(url, None))


def test_a_cloud_without_metadata_is_an_error_that_names_it() -> None:
    broken = Fault(kind=FaultKind.STATUS, status=500, route="metadata")
    with emulated(TENANT, faults=[broken]) as emulator, pytest.raises(CloudError, match=emulator.url):
        asyncio.run(discovered(emulator.url, None))


def test_a_ca_bundle_that_is_none_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match=r"nowhere\.pem"):
        asyncio.run(discovered("https://localhost:1", tmp_path / "nowhere.pem"))
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(CloudError, match=r"text\.pem"):
        asyncio.run(discovered("https://localhost:1", tmp_path / "text.pem"))


@pytest.mark.parametrize(
    ("cloud", "scope", "authority"),
    [
        ("AzureCloud", "https://management.azure.com/.default", "https://login.microsoftonline.com"),
        (
            "AzureUSGovernment",
            "https://management.core.usgovcloudapi.net/.default",
            "https://login.microsoftonline.us",
        ),
        ("AzureChinaCloud", "https://management.chinacloudapi.cn/.default", "https://login.chinacloudapi.cn"),
    ],
)
def test_each_cloud_has_its_own_endpoint_scope_and_authority(cloud: str, scope: str, authority: str) -> None:
    known = KNOWN[CloudName(cloud)]
    assert (known.scope, known.authority) == (scope, authority)
    assert known.arm_endpoint.startswith("https://management.")
    assert not known.is_loopback


@pytest.mark.parametrize("auth", list(Auth))
def test_every_way_to_sign_in_can_be_made_for_every_cloud(auth: Auth, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("x")

    async def made() -> None:
        for cloud in KNOWN.values():
            async with credential(auth, cloud) as one:
                assert hasattr(one, "get_token_info")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token_file))
        patch.setenv("AZURE_TENANT_ID", TENANT.tenant_id)
        patch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
        asyncio.run(made())


@pytest.mark.parametrize(
    ("auth", "options", "word"),
    [
        (Auth.CLI, {"client_id": "x"}, "--client-id"),
        (Auth.ENVIRONMENT, {"client_id": "x"}, "--client-id"),
        (Auth.MANAGED_IDENTITY, {"tenant": "x"}, "--tenant"),
        (Auth.WORKLOAD_IDENTITY, {}, "workload-identity"),
    ],
)
def test_a_combination_that_cannot_work_is_an_error_that_says_so(
    auth: Auth, options: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CredentialError, match=word):
        credential(auth, KNOWN[CloudName.AZURE], **options)  # type: ignore[arg-type]


def test_tokens_are_not_asked_for_over_http() -> None:
    with emulated(TENANT) as emulator:
        cloud = asyncio.run(discovered(emulator.url, None))
        with pytest.raises(CredentialError, match="https"):
            credential(Auth.ENVIRONMENT, cloud)


def test_an_expired_token_in_mid_scan_leaves_gaps_not_a_crash() -> None:
    expired = Fault(kind=FaultKind.STATUS, status=401, route="workspaces")
    with emulated(TENANT, faults=[expired]) as emulator:
        tables, _ = scanned(emulator)
        assert tables.gaps["http_status"].eq(401).all()
        assert len(tables.gaps) == 2
