"""What counts as a secret or a person, by name and by form, and what stays."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.emulator.tenants.identity import access_token
from scanner.payloads.bodies import parsed
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from scanner.payloads.secret_forms import REDACTED, redacted_text, without_secrets
from scanner.payloads.secret_names import DROPPED, PERSONAL, RUN_TOGETHER, SECRET_WORDS, Treatment, treatment
from scanner.payloads.secret_signs import signs_in
from tests.support.places import ROOT

PEOPLE = Pseudonyms(key=b"of these tests")
DROP_NAMES = sorted({*DROPPED, *PERSONAL, *RUN_TOGETHER, *SECRET_WORDS, "key", "createdBy", "keys"})
VALUES = {"AADToken", "AMLToken", "AccessKey", "Key", "UserDelegationSAS", "key"}
"""Words of Azure and of `az ml` that are values, not names of members."""
RULES = [
    "secret",
    "token",
    "to-password-store",
    "allow-key",
    "credentials",
    "ada@example.com",
    "systemData",
    "tags",
]


def cleaned(document: Any, *, ascii_only: bool = False) -> tuple[Any, tuple[str, ...]]:
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    kept, pointers = redacted(body, parsed(body), PEOPLE)
    return json.loads(kept), pointers


@pytest.mark.parametrize(
    "name",
    [
        "adminPassword", "admin_password", "ADMIN-PASSWORD", "sasToken", "SASUri", "clientsecret", "ClientSecret",
        "primaryKey", "PRIMARY_KEY", "apikey", "key", "keys", "pat", "connection string", "relayConnectionString",
        "environmentVariables", "environment_variables", "setupScripts", "credentials", "sshPrivateKey",
        "sdkTelemetryAppInsightsKey", "createdBy", "last_modified_by", "assignedUser", "userPrincipalName",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["hush", 4711, ["hush"], {"a": {"b": "hush"}}])
def test_a_member_is_dropped_as_a_whole_by_the_words_of_its_name(name: str, value: Any) -> None:
    assert cleaned({"properties": [{name: value}]}) == (
        {"properties": [{name: REDACTED}]},
        (f"/properties/0/{name}",),
    )


@pytest.mark.parametrize(
    "name",
    [
        "keyVault", "keyVaultProperties", "keyIdentifier", "publicKey", "sshPublicKey", "tokenType", "secretsType",
        "allowSharedKeyAccess", "passwordExpiry", "monkey", "patch", "pattern", "compatible", "createdByType",
        "createdAt", "managedBy", "systemDatastoresAuthMode", "userAssignedIdentities", "authorizationSource",
    ],
)  # fmt: skip
def test_a_harmless_member_stays(name: str) -> None:
    document = {"properties": {name: "https://kv.vault.azure.net/keys/k/1"}}
    assert cleaned(document) == (document, ())


def test_no_member_that_becomes_a_fact_is_dropped() -> None:
    names = set()
    for path in [*(ROOT / "scanner" / "tables").glob("*.py"), *(ROOT / "scanner" / "offline").glob("*.py")]:
        for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                names.add(node.value)
    assert {"publicNetworkAccess", "allowSharedKeyAccess", "outboundRules"} <= names
    assert {name for name in names if treatment(name) is Treatment.DROP} == VALUES


@given(
    st.lists(
        st.tuples(st.sampled_from(RULES) | st.text(max_size=12), st.sampled_from(["FQDN", "ServiceTag"])),
        unique_by=lambda rule: rule[0],
        max_size=6,
    )
)
def test_the_name_of_a_rule_never_hides_the_rule(rules: list[tuple[str, str]]) -> None:
    document = {
        "managedNetwork": {"outboundRules": {name: {"type": kind} for name, kind in rules}, "key": "x"}
    }
    kept, _ = cleaned(document)
    found = kept["managedNetwork"]["outboundRules"]
    assert [rule["type"] for rule in found.values()] == [kind for _, kind in rules]
    assert kept["managedNetwork"]["key"] == REDACTED


@given(
    st.sampled_from(DROP_NAMES),
    st.lists(st.sampled_from(["", "_", "-", ".", " ", "é"]), min_size=40, max_size=40),
    st.booleans(),
    st.sampled_from(["", " ", "\n\t"]),
)
def test_the_search_for_signs_misses_no_member_that_is_dropped(
    name: str, between: list[str], is_upper: bool, space: str
) -> None:
    spelled = "".join(letter + sign for letter, sign in zip(name, between, strict=False))
    spelled = spelled.upper() if is_upper else spelled
    if treatment(spelled) is Treatment.DROP:
        assert signs_in(f'{{"{spelled}"{space}: 1}}'.encode()) is not None
    assert treatment(name) is Treatment.DROP


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://x/?sv=1&sig=abc%2Bdef%3D", f"https://x/?sv=1&sig={REDACTED}"),
        ("AccountName=st;AccountKey=a/+==;Suffix=x", f"AccountName=st;AccountKey={REDACTED};Suffix=x"),
        ("SharedAccessKey=abc", f"SharedAccessKey={REDACTED}"),
        ("Server=x;Password=my pass word;Encrypt=true", f"Server=x;Password={REDACTED};Encrypt=true"),
        ("uid=sa;PWD='a;b'", f"uid=sa;PWD={REDACTED}"),
        ("password: hunter2", f"password: {REDACTED}"),
        ('{"accountKey": "abc", "x": 1}', f'{{"accountKey": {REDACTED}, "x": 1}}'),
        ("Authorization: Bearer abcdef123", f"Authorization: Bearer {REDACTED}"),
        (f"sent {access_token()} on", f"sent {REDACTED} on"),
        ("a -----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- b", f"a {REDACTED} b"),
        ("-----BEGIN PRIVATE KEY-----cut off", REDACTED),
        ("https://ada:s3@cret@git.example.com/x", f"https://{REDACTED}@git.example.com/x"),
        ("https://hooks.slack.com/services/T/B/abc", REDACTED),
        ("https://discord.com/api/webhooks/1/abc", REDACTED),
        ("ghp_" + "a1" * 18, REDACTED),
        ("xoxb-123456789-abc", REDACTED),
        ("AKIA" + "ABCDEFGH234567AB", REDACTED),
        ("AIza" + "a1-_x" * 7, REDACTED),
        ("npm_" + "a1" * 18, REDACTED),
        ("a1" * 38 + "AZDOabcd", REDACTED),
        ("abc8Q~" + "a1-_." * 6 + "abcd", REDACTED),
        ("a1" * 26 + "JQQJ99" + "A1" * 13, REDACTED),
        ("A1/+" * 21 + "ab==", REDACTED),
        ("dapi" + "0a" * 16, REDACTED),
        ("sk-proj-" + "a1-_" * 6, REDACTED),
        ("sk-" + "a1" * 16, REDACTED),
        ("SG." + "a1" * 11 + "." + "a1_" * 14 + "b", REDACTED),
        ("Ocp-Apim-Subscription-Key: 0a1b", f"Ocp-Apim-Subscription-Key: {REDACTED}"),
        ("az login --password hunter2 -u x", f"az login --password {REDACTED} -u x"),
    ],
)  # fmt: skip
def test_a_secret_is_found_by_its_form_in_any_text(text: str, kept: str) -> None:
    assert without_secrets(text) == kept
    assert without_secrets(kept) == kept
    assert cleaned({"a": [{"description": text}]})[0] == {"a": [{"description": kept}]}
    assert cleaned({"a": [{"description": text}]})[1] == ("/a/0/description",)


@pytest.mark.parametrize(
    "text",
    [
        "hooks.slack.com",
        "*.webhook.office.com",
        "https://hooks.vault.azure.net/keys/webhook/1",
        "pypi.org",
        "/subscriptions/x/resourceGroups/token-rg/providers/Microsoft.KeyVault/vaults/secret-kv",
        "Bearer authorization_uri is missing",
        "AccessKey",
        "acr.azurecr.io/image@sha256:" + "0a" * 32,
        "azureml://registries/azureml/environments/x@latest",
        "The storage account 'stone' was not found",
        "100% of @odata.type",
        "sk-learn-pipeline-training-cluster-01",
        "use --token to sign in",
    ],
)
def test_what_a_check_may_read_is_no_secret(text: str) -> None:
    assert redacted_text(text) == text
    assert cleaned({"destination": text}) == ({"destination": text}, ())


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "ada%40example.com",
        "ada%2540example.com",
        "ADA@Example.COM",
        "ada\uff20example.com",
    ],
)
@pytest.mark.parametrize("text", ["{}", "mailto:{}", "<{}>", "owner={}; x", "/a/{}/b"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_an_address_becomes_one_pseudonym_in_every_spelling(
    address: str, text: str, ascii_only: bool
) -> None:
    kept, pointers = cleaned({"tags": {"Owner": text.format(address)}}, ascii_only=ascii_only)
    assert kept == {"tags": {"Owner": text.format(PEOPLE.of("ada@example.com"))}}
    assert pointers == ("/tags/Owner",)
    assert cleaned(kept) == (kept, ())


@pytest.mark.parametrize(
    "address", ["ädä@пример.рф", "ada@xn--e1afmkfd.xn--p1ai", "a.b+c#EXT#@contoso.onmicrosoft.com"]
)
def test_international_addresses_are_addresses(address: str) -> None:
    assert cleaned({"note": f"ask {address}."}) == ({"note": f"ask {PEOPLE.of(address)}."}, ("/note",))


@pytest.mark.parametrize("name", ["nextLink", "$skipToken", "skip_token"])
def test_the_way_to_the_next_page_stays_as_azure_wrote_it(name: str) -> None:
    document = {"value": [], name: f"https://host?$skiptoken={access_token()}&x=a@b.de"}
    assert cleaned(document) == (document, ())


def test_two_owners_stay_two_and_a_name_of_a_member_is_cleaned_too() -> None:
    kept, _ = cleaned(
        {"tags": {"a": "ada@example.com", "b": "bob@example.com", "c": "ada@example.com", "x@y.de": "1"}}
    )
    tags = kept["tags"]
    assert tags["a"] == tags["c"] != tags["b"]
    assert tags[PEOPLE.of("x@y.de")] == "1"


def test_a_tag_keeps_its_value_unless_its_name_is_a_secret() -> None:
    tags = {"cost-key": "4711", "createdBy": "terraform", "db-password": "hush"}
    assert cleaned({"tags": tags})[0] == {"tags": tags | {"db-password": REDACTED}}


def test_system_data_keeps_times_and_kinds_only() -> None:
    system = {
        "createdBy": "Ada Byron",
        "createdByType": "User",
        "createdAt": "2026-01-01T00:00:00Z",
        "displayName": "Ada",
    }
    kept, _ = cleaned({"systemData": system})
    assert kept == {"systemData": system | {"createdBy": REDACTED, "displayName": REDACTED}}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The client 'Ada' with object id '1-2' may not", f"The client '{REDACTED}' with object id '1-2' may not"),
        ("user 'ada@example.com' is gone", f"user '{REDACTED}' is gone"),
        ("oid: 0b7ec7ed-93a4-5c06-b1d8-2e5f7a90c4d3.", f"oid: {REDACTED}."),
    ],
)  # fmt: skip
def test_an_error_names_nobody(text: str, kept: str) -> None:
    assert cleaned({"error": {"details": [{"message": text}]}})[0] == {
        "error": {"details": [{"message": kept}]}
    }
    assert redacted_text(text) == kept


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["ada@b.de", "pwd=x;", "'"]),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=6) | st.sampled_from(RULES), below)
    ),
    max_leaves=12,
)


@given(JSON)
def test_redaction_of_what_is_redacted_changes_nothing(document: Any) -> None:
    once, _ = cleaned(document)
    assert cleaned(once)[0] == once
