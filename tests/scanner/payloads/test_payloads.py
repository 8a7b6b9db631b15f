"""Payloads are stored unchanged but for their secrets, in memory and beyond it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.emulator.tenants.identity import access_token
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Payload, PayloadStore
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from scanner.payloads.secret_forms import REDACTED, redacted_text

PAYLOAD = Payload(
    kind="workspaces",
    scope="/subscriptions/x",
    subscription_id=None,
    url="https://management.azure.com/x?api-version=1",
    api_version="1",
    status=200,
    retrieved_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    request_id="r",
    correlation_id="c",
    redactions=("/a", "/b/0"),
)


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({"body": b"{} "}, True),
        ({"status": 404}, True),
        ({"url": "https://management.azure.com/y?api-version=1"}, True),
        ({"method": "POST"}, True),
        ({"request_body": "{}"}, True),
        ({"retrieved_at": datetime(2027, 1, 1, tzinfo=UTC)}, True),
        ({"request_id": "s"}, True),
        ({"redactions": ("/a",)}, True),
        ({"superseded": True}, True),
    ],
)
def test_the_id_of_a_payload_is_of_all_that_is_kept_of_it(change: dict[str, Any], is_another: bool) -> None:
    assert (replace(PAYLOAD, **change).id != PAYLOAD.id) is is_another


@given(
    bodies=st.lists(st.binary(max_size=64), max_size=8),
    spill=st.sampled_from([1, 100, 1_000_000]),
    url=st.text(),
)
def test_what_is_appended_comes_back_byte_for_byte_wherever_it_lies(
    bodies: list[bytes], spill: int, url: str
) -> None:
    with PayloadStore(spill) as store:
        for body in bodies:
            store.append(replace(PAYLOAD, body=body, url=url))
        assert len(store) == len(bodies)
        assert list(store) == [replace(PAYLOAD, body=body, url=url) for body in bodies]
        assert [payload.document for payload in store] == [parsed(body) for body in bodies]


def test_appending_goes_on_after_reading() -> None:
    with PayloadStore() as store:
        store.append(replace(PAYLOAD, body=b"1"))
        assert [p.body for p in store] == [b"1"]
        store.append(replace(PAYLOAD, body=b"2"))
        assert [p.body for p in store] == [b"1", b"2"]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>proxy for x@example.com</html>",
        f"sent {access_token()} on".encode(),
        json.dumps(access_token()).encode(),
        b'{"properties": {"adminUserPassword": "hidden-and-cut-of',
        b'{"relayConnectionString" : "hidden;x=1", "a": ',
        json.dumps({"password": "hidden"})[:-1].encode("utf-16"),
    ],
)
def test_bodies_that_nobody_can_parse_are_redacted_too(body: bytes) -> None:
    cleaned, pointers = redacted(body, parsed(body), Pseudonyms())
    assert pointers == ("",)
    assert REDACTED.encode() in cleaned
    assert not any(secret in cleaned.replace(b"\0", b"") for secret in (b"@example", b"eyJ", b"hidden"))


def test_a_page_of_a_proxy_stays_as_it_came() -> None:
    body = "<html>Bad Gateway é</html>".encode("latin-1")
    assert redacted(body, parsed(body), Pseudonyms()) == (body, ())


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"properties": {"sdkTelemetryAppInsightsKey": "k"}}, "/properties/sdkTelemetryAppInsightsKey"),
        ({"value": [{"systemData": {"createdBy": "a.b@example.com"}}]}, "/value/0/systemData/createdBy"),
        ({"systemData": {"lastModifiedBy": "x@example.co.uk"}}, "/systemData/lastModifiedBy"),
        ({"properties": {"relayConnectionString": "Endpoint=x"}}, "/properties/relayConnectionString"),
        ({"properties": {"ConnectionString": "InstrumentationKey=x"}}, "/properties/ConnectionString"),
        ({"properties": {"InstrumentationKey": "x"}}, "/properties/InstrumentationKey"),
        ({"properties": {"adminUserPassword": "x"}}, "/properties/adminUserPassword"),
        ({"error": {"message": "the client 'a@example.com' may not"}}, "/error/message"),
        ({"a/b~c": {"password": "x"}}, "/a~1b~0c/password"),
        ({"tags": {"note": f"Bearer {access_token()} leaked"}}, "/tags/note"),
        ({"error": {"message": f"x@example.com sent {access_token()}"}}, "/error/message"),
    ],
)
def test_secrets_and_addresses_are_replaced_and_pointed_at(document: object, pointer: str) -> None:
    body, pointers = redacted(json.dumps(document).encode(), document, Pseudonyms())
    assert pointers == (pointer,)
    assert REDACTED in body.decode()
    assert b"@example" not in body
    assert b"eyJ" not in body


def test_a_next_link_stays_as_azure_wrote_it() -> None:
    body = json.dumps({"value": [], "nextLink": f"https://arm?$skiptoken={access_token()}"}).encode()
    assert redacted(body, json.loads(body), Pseudonyms()) == (body, ())


def test_a_body_without_secrets_keeps_its_very_bytes() -> None:
    body = b'{ "value" : [ {"systemData": {"createdAt": "2026-01-01T00:00:00Z"}, "sdkTelemetryAppInsightsKey": ""} ] }'
    assert redacted(body, json.loads(body), Pseudonyms()) == (body, ())


def test_an_escaped_member_name_hides_nothing() -> None:
    body = rb'{"sdkTelemetry\u0041ppInsightsKey": "secret"}'
    cleaned, _ = redacted(body, json.loads(body), Pseudonyms())
    assert b"secret" not in cleaned


def test_quotes_around_an_address_stay() -> None:
    assert redacted_text("The client 'a.b@example.com' may not") == f"The client '{REDACTED}' may not"
