"""Answers that the emulator spoils on purpose: bodies that are no JSON or never end, and JSON with wrong content."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from scanner.emulator.answers import Answer, encoded, refusal
from scanner.emulator.envelopes import invalid_token
from scanner.emulator.faults import Fault, FaultKind

Alteration = Callable[[Answer, Fault], Answer]
Item = dict[str, Any]

STRANGE_NAME = "né-名前-\u0000\u0007\u001b[31m\u202e\u2028<b>'\"&\ud83d\ude00\ud800=1+1"
"""Letters of several scripts, control characters, a right-to-left mark, half of a surrogate pair, and characters
with a meaning in HTML, terminals and spreadsheets."""

DEPTH = 1000
_IDENTITY = ("id", "name")
_CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1763726400"}}}'
_ENUMS = frozenset(
    {
        *("Enabled", "Disabled", "Allow", "Deny", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"),
        *("FQDN", "PrivateEndpoint", "ServiceTag", "Required", "Recommended", "UserDefined", "Dependency"),
        *("Active", "Inactive", "Provisioning", "Failed", "Approved", "Pending", "TCP", "UDP", "*"),
        *("SecuredByPerimeter", "AzureServices", "AccessKey", "Identity", "Standard", "Premium", "Basic"),
    }
)


def challenge() -> Answer:
    """The refusal of continuous access evaluation: a new token is wanted, with these claims."""
    claims = base64.b64encode(_CLAIMS.encode()).decode()
    header = (
        'Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize", '
        f'error="insufficient_claims", claims="{claims}"'
    )
    return replace(refusal(invalid_token()), headers={"WWW-Authenticate": header})


def _html(answer: Answer, _fault: Fault) -> Answer:
    page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
    return replace(answer, body=page, headers={"Content-Type": "text/html"})


def _wrong_charset(answer: Answer, _fault: Fault) -> Answer:
    return replace(answer, headers={"Content-Type": "application/json; charset=utf-16"})


def _not_utf8(answer: Answer, _fault: Fault) -> Answer:
    return replace(answer, body=answer.body[:-1] + b',"caf\xe9":1}')


def _gzip_bomb(answer: Answer, fault: Fault) -> Answer:
    return replace(answer, body=_bomb(fault.size), headers={"Content-Encoding": "gzip"})


@cache
def _bomb(size: int) -> bytes:
    return gzip.compress(b'{"value":[]' + b" " * (size - 12) + b"}", compresslevel=1, mtime=0)


def _oversize(answer: Answer, fault: Fault) -> Answer:
    return replace(answer, body=answer.body[:-1] + b" " * (fault.size - len(answer.body)) + b"}")


def _too_deep(answer: Answer, _fault: Fault) -> Answer:
    return replace(answer, body=answer.body[:-1] + b',"deep":' + b"[" * DEPTH + b"]" * DEPTH + b"}")


def _of_items(alter: Callable[[Item], Any]) -> Alteration:
    """The alteration of every item of a list, or of a single document."""

    def altered(answer: Answer, _fault: Fault) -> Answer:
        content = json.loads(answer.body)
        if answer.page is None:
            return replace(answer, body=encoded(alter(content)))
        values = _values(content)
        return replace(answer, body=encoded({**content, values: [alter(item) for item in content[values]]}))

    return altered


def _with_copies(alter: Callable[[Item], Item]) -> Alteration:
    """The alteration of a page that lists every item twice, the second time altered."""

    def altered(answer: Answer, _fault: Fault) -> Answer:
        content = json.loads(answer.body)
        values = _values(content)
        copies = [alter(item) for item in content[values]]
        return replace(answer, body=encoded({**content, values: [*content[values], *copies]}))

    return altered


def _values(content: Item) -> str:
    return "value" if "value" in content else "data"


def _bare(item: Item) -> Item:
    return {name: item[name] for name in _IDENTITY if name in item}


def _mistyped(item: Item) -> Item:
    others = {name: _other_type(value) for name, value in item.items() if name not in _IDENTITY}
    properties = {name: _other_type(value) for name, value in item.get("properties", {}).items()}
    return {**others, **_bare(item), "properties": properties}


def _other_type(value: Any) -> Any:
    if isinstance(value, dict | list):
        return "text"
    return [value] if isinstance(value, str) else {"value": value}


def _unheard(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unheard(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_unheard(each) for each in value]
    return "Unheard" if isinstance(value, str) and value in _ENUMS else value


def _renamed(item: Item) -> Item:
    named = {"name": STRANGE_NAME, "tags": {STRANGE_NAME: STRANGE_NAME}, "location": STRANGE_NAME}
    properties = {"friendlyName": STRANGE_NAME, "description": STRANGE_NAME}
    return {**item, **named, "properties": {**item.get("properties", {}), **properties}}


ALTERATIONS: Mapping[FaultKind, Alteration] = {
    FaultKind.HTML: _html,
    FaultKind.WRONG_CHARSET: _wrong_charset,
    FaultKind.NOT_UTF8: _not_utf8,
    FaultKind.GZIP_BOMB: _gzip_bomb,
    FaultKind.OVERSIZE: _oversize,
    FaultKind.TOO_DEEP: _too_deep,
    FaultKind.MISSING_MEMBERS: _of_items(_bare),
    FaultKind.WRONG_TYPES: _of_items(_mistyped),
    FaultKind.UNKNOWN_ENUMS: _of_items(
        lambda item: {**item, "properties": _unheard(item.get("properties", {}))}
    ),
    FaultKind.STRANGE_NAMES: _of_items(_renamed),
}
"""The alterations of any document."""

LIST_ALTERATIONS: Mapping[FaultKind, Alteration] = {
    FaultKind.DUPLICATES: _with_copies(lambda item: item),
    FaultKind.OTHER_CASE: _with_copies(lambda item: {**item, "id": item["id"].upper()}),
}
"""The alterations of a page of a list only."""
