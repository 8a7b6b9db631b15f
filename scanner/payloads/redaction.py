"""Removes secrets and people from answers before anything is stored or shown. `answers.answered` calls it.

It walks a document and asks three modules. `secret_signs` looks at the bytes, and a body without signs is not walked.
`secret_names` decides by the name of a member, and `secret_forms` by the form of a text. SECURITY.md lists what is
covered. The file digests in an evidence bundle seal these rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from checks.pseudonyms import may_hold_address
from scanner.payloads.bodies import written
from scanner.payloads.people import Pseudonyms
from scanner.payloads.secret_forms import REDACTED, redacted_text, without_people, without_secrets
from scanner.payloads.secret_names import Treatment, is_secret, treatment
from scanner.payloads.secret_signs import Signs, signs_in

_KEEP, _DROP = Treatment.KEEP, Treatment.DROP
_CONTAINERS = (dict, list)
_CUT_MEMBER = re.compile(r'("([^"\\]*)"\s*:\s*")([^"]+)')
"""A member of JSON that may be cut off: its name and the rest of its value."""
_SETTINGS = (("value", ("name", "key")), ("Value", ("Name", "Key")))
"""The members of a setting: its value, and what names it."""
_NOT_A_PERSON = ("At", "Type")
"""The ends of the names of the members of `systemData` that stay: `createdAt`, `createdByType`."""


def redacted(body: bytes, document: Any, people: Pseudonyms) -> tuple[bytes, tuple[str, ...]]:
    """Return the body without secrets, and the sorted JSON pointers of every replaced value.

    `document` is the parsed body and is changed in place. `people` gives addresses their pseudonyms. A clean body is
    returned unchanged. Otherwise the document is written again, compact, with its members in order. A body that is
    no JSON object or array, such as an error page, is cleaned as a text; its pointer is "", the whole document.
    """
    signs = signs_in(body)
    if signs is None:
        return body, ()
    if not isinstance(document, (dict, list)):
        cleaned = _cleaned_text(body)
        return cleaned, (() if cleaned == body else ("",))
    pointers = _cleaned_below(document, _KEEP, signs, people)
    if not pointers:
        return body, ()
    return written(document), tuple(sorted(set(pointers)))


def _cleaned_text(body: bytes) -> bytes:
    """Return a body that is not JSON without anything like a secret. A body with a zero byte is dropped."""
    if b"\0" in body:
        return REDACTED.encode()
    try:
        text, encoding = body.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = body.decode("latin-1"), "latin-1"
    return redacted_text(_CUT_MEMBER.sub(_cut_member, text)).encode(encoding)


def _cut_member(found: re.Match[str]) -> str:
    is_dropped = treatment(found.group(2)) is _DROP
    return f"{found.group(1)}{REDACTED}" if is_dropped else found.group()


def _cleaned_below(node: Any, place: Treatment, signs: Signs, people: Pseudonyms) -> list[str]:
    """Replace the secrets below `node`, at a place of this treatment. Return their pointers from there."""
    is_object = type(node) is dict
    renamed = _renamed(node, signs, people) if is_object and signs.members else {}
    found = [f"/{_escaped(name)}" for name in renamed.values()]
    members: Iterable[tuple[Any, Any]] = node.items() if is_object else enumerate(node)
    labelled = _labelled_secret(node) if is_object and ("value" in node or "Value" in node) else None
    for key, value in members:
        kind = place if not is_object else treatment(key) if place is _KEEP else _kind(key, place)
        if labelled is not None and key == labelled:
            kind = _DROP
        if kind is not _DROP and type(value) in _CONTAINERS:
            pointers = _cleaned_below(value, kind, signs, people) if value else ()
            if pointers:
                step = _escaped(str(renamed.get(key, key)))
                found += [f"/{step}{pointer}" for pointer in pointers]
        elif value and (kind is not _KEEP or signs.forms or (type(value) is str and may_hold_address(value))):
            cleaned = _cleaned(value, kind, signs, people)
            if cleaned is not value and cleaned != value:
                node[key] = cleaned
                found.append(f"/{_escaped(str(renamed.get(key, key)))}")
    if renamed:
        _rename(node, renamed)
    return found


def _labelled_secret(node: dict[str, Any]) -> str | None:
    """Return the name of the value in an object such as `{"name": "DB_PASSWORD", "value": "x"}`."""
    for value, labels in _SETTINGS:
        if value in node and any(type(node.get(label)) is str and is_secret(node[label]) for label in labels):
            return value
    return None


def _kind(name: str, place: Treatment) -> Treatment:
    """Return what happens to the member of that name at this place."""
    if place is Treatment.TAGS:
        return _DROP if is_secret(name, in_tags=True) else place
    if place is Treatment.NAMED:
        return _KEEP
    kind = treatment(name)
    if place is Treatment.SYSTEM and name.endswith(_NOT_A_PERSON):
        return _KEEP
    return place if kind is _KEEP else kind


def _cleaned(value: Any, kind: Treatment, signs: Signs, people: Pseudonyms) -> Any:
    """Return a value without secrets. An address becomes a pseudonym; in an error it is replaced."""
    if type(value) is bool or kind is Treatment.LINK:
        return value
    if kind is _DROP or kind is Treatment.SYSTEM:
        return REDACTED
    if type(value) is not str:
        return value
    text = without_secrets(value) if signs.forms else value
    if not signs.people:
        return text
    return without_people(text) if kind is Treatment.ERROR else people.within(text)


def _renamed(node: dict[str, Any], signs: Signs, people: Pseudonyms) -> dict[str, str]:
    """Return the new names of members whose name holds an address or a secret. No two members become one."""
    renamed: dict[str, str] = {}
    for name in node:
        cleaned = unique = _cleaned(name, _KEEP, signs, people)
        count = 1
        while unique != name and (unique in node or unique in renamed.values()):
            count += 1
            unique = f"{cleaned} ({count})"
        if unique != name:
            renamed[name] = unique
    return renamed


def _rename(node: dict[str, Any], renamed: dict[str, str]) -> None:
    members = [(renamed.get(name, name), value) for name, value in node.items()]
    node.clear()
    node.update(members)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
