"""The advice of a gap is chosen by Azure's code, the content type and the status, not by the status alone."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.literals import az_literal
from scanner.payloads import closing
from scanner.payloads.answers import payload_or_gap
from scanner.payloads.closing import Refusal, closes
from scanner.payloads.gaps import from_answer
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask
from tests.support.scanning import NOON

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
DENIED = (
    "The client 'a' with object id 'b' has permission to perform action 'c/read' on scope '/subscriptions/x'; "
    "however, the access is denied because of the deny assignment with name 'd' and Id 'e' at scope '/x'."
)
KINDS: dict[str, tuple[int, str, str, str]] = {
    "a deny assignment": (403, "AuthorizationFailed", DENIED, "deny assignment"),
    "a deny assignment by its code": (403, "DenyAssignmentAuthorizationFailed", "", "deny assignment"),
    "a subscription type": (400, "DisallowedOperation", "", "--exclude-subscription 11111111-"),
    "a subscription type that forbids it": (
        403,
        "DisallowedOperation",
        "",
        "--exclude-subscription 11111111-",
    ),
    "a disabled subscription": (409, "ReadOnlyDisabledSubscription", "", "subscription is disabled"),
    "a moved subscription": (404, "SubscriptionNotFound", "", "does not exist in this tenant"),
    "a conflict": (409, "Conflict", "", "Another operation"),
    "a namespace": (404, "InvalidResourceNamespace", "", "does not have the resource provider"),
    "a namespace with 400": (400, "InvalidResourceNamespace", "", "does not have the resource provider"),
    "a type": (400, "InvalidResourceType", "", "does not offer the resource type"),
    "no role": (403, "AuthorizationFailed", "", "Grant Reader"),
    "no role by another name": (403, "RBACAccessDenied", "", "Grant Reader"),
    "a token with 403": (403, "ExpiredAuthenticationToken", "", "sign in again"),
    "a refusal without a code": (403, "", "", "a firewall or a proxy may have answered"),
    "no role with 401": (401, "RBACAccessDenied", "", "Grant Reader"),
    "a provider": (409, "MissingSubscriptionRegistration", "", "az provider register"),
    "a token": (401, "InvalidAuthenticationToken", "", "sign in again"),
    "another tenant": (401, "InvalidAuthenticationTokenTenant", "", "another tenant"),
    "a role in a body with 200": (200, "AuthorizationFailed", "", "Grant Reader"),
    "an error in a body with 200": (200, "Strange", "", "answered 200 with an error"),
    "a throttled answer": (429, "TooManyRequests", "", "--max-wait"),
    "an unavailable server": (503, "ServerBusy", "", "not available"),
    "a proxy that wants a password": (407, "", "", "user name and password"),
    "a redirect": (302, "", "", "redirects the request"),
    "anything else": (418, "Teapot", "", "support case"),
}


def ask(**changes: str) -> Ask:
    known = {
        "kind": "workspaces",
        "scope": f"/subscriptions/{SUBSCRIPTION}",
        "url": "https://x/y",
        "api_version": "1",
    }
    return Ask(**{"subscription_id": SUBSCRIPTION, **known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "code", "message", "words"), KINDS.values(), ids=KINDS)
def test_each_kind_of_refusal_has_its_own_advice(status: int, code: str, message: str, words: str) -> None:
    document = {"error": {"code": code, "message": message}} if code else None
    assert words in from_answer(ask(), status, document, "").closes


def test_no_two_kinds_share_their_advice_by_accident() -> None:
    distinct = {
        from_answer(ask(), status, {"code": code}, "").closes for status, code, _, _ in KINDS.values()
    }
    assert len(distinct) >= 15


PAGE = b"<!DOCTYPE html><html><head><title>Access\n denied &amp; logged</title></head><body>no</body></html>"


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 429, 502, 503, 511])
def test_a_web_page_is_named_with_any_status(status: int) -> None:
    gap = payload_or_gap(answer(status, PAGE, "text/html; charset=utf-8"))
    assert isinstance(gap, Gap)
    assert gap.closes == closing.WEB_PAGE
    assert "a web page with the title 'Access denied & logged'" in gap.message


@pytest.mark.parametrize("status", [200, 403, 503])
@pytest.mark.parametrize(
    "content_type", ["TEXT/HTML", "application/xhtml+xml", "text/plain", "application/json", ""]
)
@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf", b"\r\n ", b'<?xml version="1.0"?>\n<!-- a <page> -->\n']
)
def test_a_web_page_is_known_by_its_body_too(status: int, content_type: str, before: bytes) -> None:
    gap = payload_or_gap(answer(status, before + PAGE, content_type))
    assert isinstance(gap, Gap)
    assert (gap.closes, "a web page with the title" in gap.message) == (closing.WEB_PAGE, True)


def test_an_error_of_azure_is_no_web_page_whatever_its_content_type() -> None:
    body = b'{"error": {"code": "AuthorizationFailed", "message": "<html> is not allowed"}}'
    gap = payload_or_gap(replace(answer(403, body, "text/html"), document=json.loads(body)))
    assert isinstance(gap, Gap)
    assert (gap.code, gap.closes[:12]) == ("AuthorizationFailed", "Grant Reader")


@given(st.data())
def test_an_error_is_read_in_any_case(data: st.DataObject) -> None:
    def cased(name: str) -> str:
        return "".join(data.draw(st.sampled_from([each.lower(), each.upper()])) for each in name)

    inner = {cased("code"): "ServerBusy", cased("message"): "Try later."}
    for document in ({cased("error"): inner}, inner):
        for status in (200, 403, 503):
            gap = payload_or_gap(replace(answer(status, b"x", "application/json"), document=document))
            assert isinstance(gap, Gap)
            assert (gap.code, gap.message) == ("ServerBusy", "Try later.")


@pytest.mark.parametrize(
    "code", ["RequestDisallowedByPolicy", "ScopeLocked", "Forbidden", "IPAddressNotAllowed"]
)
def test_a_refusal_for_another_reason_than_a_role_does_not_ask_for_one(code: str) -> None:
    assert from_answer(ask(), 403, {"error": {"code": code, "message": "no"}}, "").closes == closing.REFUSED


def test_the_provider_of_the_request_is_the_one_to_register() -> None:
    url = f"https://x/subscriptions/{SUBSCRIPTION}/providers/A.B/c/d/providers/Microsoft.Insights/diagnosticSettings"
    found = from_answer(ask(url=url), 409, {"error": {"code": "MissingSubscriptionRegistration"}}, "")
    assert "--namespace Microsoft.Insights --subscription" in found.closes


def answer(status: int, body: bytes, content_type: str) -> Payload:
    return Payload(
        kind="workspaces",
        scope="/subscriptions/x",
        subscription_id="x",
        url="https://x/y",
        api_version="1",
        status=status,
        retrieved_at=NOON,
        content_type=content_type,
        body=body,
        document=None,
    )


def az_value(text: str) -> str:
    """Return the value that a shell passes on for a quoted text."""
    return "".join(shlex.split(az_literal(text)))


HOSTILE = st.text(st.characters(exclude_characters="'"), min_size=1, max_size=30)


@given(name=HOSTILE, scope=HOSTILE)
def test_every_value_of_a_suggested_command_is_one_word(name: str, scope: str) -> None:
    message = f"The client with object id '{name}' may not perform action 'a/read' over scope '{scope}'"
    question = Ask(kind="workspaces", scope="/", url="https://x/y", api_version="1")
    advice = closes(Refusal(ask=question, status=403, code="AuthorizationFailed", message=message))
    words = shlex.split(advice[advice.index("az role") :])
    assert words[:3] == ["az", "role", "assignment"]
    assert words[4::2] == ["--assignee-object-id", "--role", "--scope"]
    assert not [value for value in words[5::2] if value.startswith(("-", "@"))]


@given(subscription=HOSTILE)
def test_a_subscription_in_a_suggested_command_is_one_word(subscription: str) -> None:
    question = Ask(kind="a", scope="/", url="https://x/y", api_version="1", subscription_id=subscription)
    for code, start in (
        ("DisallowedOperation", "--exclude"),
        ("MissingSubscriptionRegistration", "az provider"),
    ):
        advice = closes(Refusal(ask=question, status=400, code=code, message=""))
        end = "." if code == "DisallowedOperation" else ""
        words = shlex.split(advice[advice.index(start) :].removesuffix(end))
        assert words[-2] in ("--exclude-subscription", "--subscription")
        assert words[-1] == az_value(subscription)
