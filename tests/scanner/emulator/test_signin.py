"""The Azure SDK's own credentials sign in at the emulator, and its cloud can be found."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential

from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET, EmulatorCredential
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.identity import OBJECT_ID, TENANT_ID
from tests.scanner.emulator.test_emulator import ask

SCOPE = "https://management.azure.com/.default"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def client_secret(emulator: Emulator, secret: str, ca_file: Path) -> ClientSecretCredential:
    return ClientSecretCredential(
        TENANT_ID,
        CLIENT_ID,
        secret,
        authority=emulator.url,
        disable_instance_discovery=True,
        connection_verify=str(ca_file),
    )


async def token_of(credential: ClientSecretCredential | EmulatorCredential) -> str:
    async with credential:
        return (await credential.get_token(SCOPE)).token


def test_a_client_secret_signs_in_over_tls_and_its_token_opens_arm(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with emulated(demo_tenant(), tls=True) as emulator:
        ca_file.write_bytes(emulator.ca_pem or b"")
        token = asyncio.run(token_of(client_secret(emulator, CLIENT_SECRET, ca_file)))
        reply = ask(emulator, "/subscriptions", version="2022-12-01", token=token)
    assert emulator.url.startswith("https://localhost:")
    assert reply.status == 200
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==="))
    assert (claims["tid"], claims["oid"], claims["appid"]) == (TENANT_ID, OBJECT_ID, CLIENT_ID)


def test_a_wrong_secret_is_refused_as_entra_does(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with emulated(demo_tenant(), tls=True) as emulator:
        ca_file.write_bytes(emulator.ca_pem or b"")
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
            asyncio.run(token_of(client_secret(emulator, "wrong", ca_file)))
        assert emulator.requests[-1].status == 401


@pytest.mark.parametrize(
    ("tenant", "changed", "number"),
    [
        ("another-tenant", {}, 90002),
        (TENANT_ID, {"client_id": "stranger"}, 700016),
        (TENANT_ID, {"grant_type": "password"}, 70003),
    ],
)
def test_other_sign_ins_are_refused(tenant: str, changed: dict[str, str], number: int) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **changed,
    }
    with emulated(demo_tenant()) as emulator:
        reply = ask(
            emulator,
            f"/{tenant}/oauth2/v2.0/token",
            version=None,
            token="",
            method="POST",
            body=urlencode(form),
            headers=FORM,
        )
    assert reply.status == 400
    assert reply.json["error_codes"] == [number]


def test_the_token_endpoint_is_found_by_openid_discovery() -> None:
    with emulated(demo_tenant()) as emulator:
        path = f"/{TENANT_ID}/v2.0/.well-known/openid-configuration"
        configuration = ask(emulator, path, version=None, token="").json
        read = ask(emulator, f"/{TENANT_ID}/oauth2/v2.0/token", version=None, token="")
    assert configuration["token_endpoint"] == f"{emulator.url}/{TENANT_ID}/oauth2/v2.0/token"
    assert read.status == 405


def test_the_emulators_own_credential_opens_arm_without_asking() -> None:
    async def info() -> str:
        return (await EmulatorCredential().get_token_info(SCOPE)).token

    with emulated(demo_tenant()) as emulator:
        token = asyncio.run(token_of(EmulatorCredential()))
        assert emulator.count == 0
        assert ask(emulator, "/subscriptions", version="2022-12-01", token=token).status == 200
    assert asyncio.run(info()) == token


def test_the_clouds_metadata_leads_back_to_the_emulator() -> None:
    with emulated(demo_tenant(), tls=True) as emulator:
        clouds = ask(emulator, "/metadata/endpoints", version="2022-09-01", token="").json
        single = ask(emulator, "/metadata/endpoints", version="2015-01-01", token="").json
        missing = ask(emulator, "/metadata/endpoints", version=None, token="")
    assert clouds[0]["resourceManager"].rstrip("/") == emulator.url
    assert clouds[0]["authentication"]["loginEndpoint"] == emulator.url
    assert clouds[0]["authentication"]["audiences"]
    assert single["authentication"]["loginEndpoint"] == emulator.url
    assert missing.code == "MissingApiVersionParameter"
