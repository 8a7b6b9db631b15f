"""Secrets and people of many makers, wherever a body can hold a text, and harmless texts that look alike."""

from __future__ import annotations

import json
import string
from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from scanner.payloads.bodies import parsed
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from scanner.payloads.secret_forms import redacted_text

PEOPLE = Pseudonyms(key=b"of these tests")
PLACES: dict[str, Callable[[str], Any]] = {
    "text": lambda text: {"properties": {"note": text}},
    "tag": lambda text: {"tags": {"owner": text}},
    "name of a member": lambda text: {"properties": {text: 1}},
    "name of a rule": lambda text: {"properties": {"outboundRules": {text: {"type": "FQDN"}}}},
    "error": lambda text: {"error": {"code": "X", "message": f"It failed: {text}"}},
    "list": lambda text: {"value": [{"name": text}]},
    "JSON in a text": lambda text: {"properties": {"x": json.dumps({"y": text})}},
}
FORMS = (
    "token gldt-{}", "glrt-{}", "glcbt-64_{}", "glagent-{}", "xoxe.xoxp-1-{}",
    "//registry.example/:_authToken={}", '{{"SecretAccessKey": "{}"}}', "aws_secret_access_key = {}",
    "ya29.a0{}", "1//0{}", "dckr_pat_{}", "hvs.CAESI{}", "glsa_{}", "NRAK-{}", "ATATT3{}", "PMAK-{}",
    "abcdefghijklmn.atlasv1.{}", "hf_{}", "rk_test_{}",
    "AccountEndpoint=https://h.documents.azure.com:443/;AccountKey={}==;",
    "h.redis.cache.windows.net:6380,password={}=,ssl=True", "rediss://:{}@h:6380/0",
    "mongodb+srv://usr:{}@h.example/?retry=1", "amqps://usr:{}@h.example:5671/v",
    'Server=x;Password="{} y";', "jdbc:postgresql://h/db?user=u&password={}&ssl=true",
    "next=https%3A%2F%2Fs.blob%2Fc%3Fsp%3Dr%26sig%3D{}%253D", "u=sig%253D{}", "conn=Password%3D{}%3B",
    "q=%7B%22password%22%3A%22{}%22%7D", "h=Authorization%3A%20Bearer%20{}", "authorization: bearer {}",
    "x-functions-key: {}", "Ocp-Apim-Subscription-Key: {}", "X-Auth-Token: {}", "X-Vault-Token: {}",
    "Cookie: session={}; a=b", "Set-Cookie: ARRAffinity={}",
    "az x --account-key {}9 --y", "az x --sas-token {}9", "az x --admin-password {}9", "--connection-string {}9",
    "password: {}", 'db_password: "{}"', "encryptionKey={}", "git+https://{}@github.com/x.git",
    '"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----"', "-----BEGIN EC PRIVATE KEY-----\n{}",
    '"{{\\"clientSecret\\": \\"{}\\"}}"', '"\\"{{\\\\\\"a\\\\\\": {{\\\\\\"password\\\\\\": \\\\\\"{}\\\\\\"}}}}\\""',
)  # fmt: skip
PERSONS = (
    "ada_{}_example.com#EXT#@contoso.onmicrosoft.com", "ada.{}%2540example.com", "ada.{}@müller.example",
    '"ada.{}"@example.com', "ada.{}\\u0040example.com", "ada.{}&#64;example.com", "ada.{}＠example.com",
    "smtp:ada.{}@example.com;", "live.com#ada.{}@example.com",
)  # fmt: skip
WRAPPED = (
    "DefaultEndpointsProtocol=https;AccountName=s;AccountKey={}", "Server=tcp:h;Password={}", "mongodb://u:{}@h",
    '{{"password": "{}"}}', "-----BEGIN PRIVATE KEY-----\n{}", "Endpoint=sb://h/;SharedAccessKey={}",
)  # fmt: skip
HARMLESS = (
    "Monkey: business", "passive: mode", "patch=1", "the token type is bearer", "key vault kv-prod",
    "https://kv.vault.azure.net/keys/k1/0123456789abcdef", "Basic tier", "Basic authentication", "author=me",
    "design=flat", "HTTP code=200", "code: AuthorizationFailed", "sku=Basic", "Keys: none", "tokens per minute",
    "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest", "ssh-rsa AAAAB3NzaC1yc2E", "Standard_DS3_v2",
    "token-service.example.com", "secret-store.example.com", "key.example.com:443", "npm_config", "50% @ peak",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "rule key-vault-allow",
    "azfunctions.example.com", "cookie consent", "C:\\users\\ada", "--partition-key id",
)  # fmt: skip


def core_of(form: str) -> str:
    return "".join(Random(form).choices(string.ascii_letters + string.digits, k=30))


def cleaned(document: Any, *, ascii_only: bool) -> str:
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    return redacted(body, parsed(body), PEOPLE)[0].decode()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", [*FORMS, *PERSONS])
def test_no_place_keeps_it(form: str, place: str) -> None:
    core = core_of(form)
    document = PLACES[place](form.format(core))
    for ascii_only in (True, False):
        assert core not in cleaned(document, ascii_only=ascii_only)


@pytest.mark.parametrize("form", [*FORMS, *PERSONS, 'caller "Ada {}"'])
def test_no_log_line_keeps_it(form: str) -> None:
    core = core_of(form)
    assert core not in redacted_text(form.format(core))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", [*WRAPPED, "{}"])
def test_no_place_keeps_it_in_base64(form: str, place: str) -> None:
    wrapped = b64encode(form.format(core_of(form)).encode()).decode()
    text = wrapped if form != "{}" else f"-H 'Basic {b64encode(b'robot:' + core_of(form).encode()).decode()}'"
    core = text.removeprefix("-H 'Basic ").rstrip("'=")
    assert core not in cleaned(PLACES[place](text), ascii_only=True)


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_stays(text: str) -> None:
    """The name of a member decides by its words, so it is left out here."""
    for place in PLACES.keys() - {"name of a member"}:
        document = PLACES[place](text)
        assert json.loads(cleaned(document, ascii_only=False)) == document, place


@pytest.mark.parametrize("name", ["key1", "storageAccountKey2", "sig", "ApiKey1", "KEY_1"])
def test_a_numbered_key_and_a_signature_are_secret_members(name: str) -> None:
    assert "hush" not in cleaned({"properties": {name: "hush"}}, ascii_only=True)


@pytest.mark.parametrize(
    "setting",
    [
        {"name": "DB_PASSWORD", "value": "hush"},
        {"value": "hush", "name": "api-key"},
        {"key": "password", "value": "hush"},
        {"Name": "ClientSecret", "Value": "hush", "slotSetting": False},
    ],
)
def test_the_value_of_a_setting_with_a_secret_name_is_dropped(setting: Any) -> None:
    assert "hush" not in cleaned({"properties": {"settings": [setting]}}, ascii_only=True)


def test_the_value_of_any_other_setting_stays() -> None:
    document = {"settings": [{"name": "MONKEY", "value": "kept"}, {"name": "tokenType", "value": "kept"}]}
    assert cleaned(document, ascii_only=True).count("kept") == 2
