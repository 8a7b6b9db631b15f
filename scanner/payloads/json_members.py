"""Reads members of ARM's JSON as tri-state values: what is absent, null or of a wrong type is None.

These functions are called millions of times, so each walks its path itself, and types are compared: parsed
JSON has no subclasses.
"""

from __future__ import annotations

import marshal
from functools import lru_cache
from sys import intern
from typing import Any
from urllib.parse import quote

from azure.mgmt.core.tools import parse_resource_id

Object = dict[str, Any]
"""A JSON object."""


def member(document: Any, *path: str) -> Any:
    """The value at the path, or None where any step of it is missing or no object."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document


def text(document: Any, *path: str) -> str | None:
    """The string at the path."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document if type(document) is str else None


def named(document: Any, *path: str) -> str | None:
    """The non-empty string at the path: Azure writes both null and "" where a link is not set."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document or None if type(document) is str else None


def flag(document: Any, *path: str) -> bool | None:
    """The boolean at the path."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document if type(document) is bool else None


def objects(document: Any, *path: str) -> list[dict[str, Any]] | None:
    """The array of objects at the path; items that are no object are left out."""
    value = member(document, *path)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else None


def count(document: Any, *path: str) -> int | None:
    """How many items the array at the path has."""
    value = member(document, *path)
    return len(value) if isinstance(value, list) else None


def text_or_null(document: Any, *path: str) -> str | None:
    """The string at the path; "" where it, or an object on the way to it, is reported as null."""
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return None
        document = document[name]
        if document is None:
            return ""
    return document if isinstance(document, str) else None


@lru_cache(maxsize=1024)
def quoted(resource_id: str) -> str:
    """A resource id as the path of a URL."""
    return quote(resource_id, safe="/")


def key(resource_id: str) -> str:
    """The id as ids are compared; one and the same text wherever a resource is spoken of."""
    return intern(resource_id.lower())


def content(value: Any) -> bytes:
    """Bytes that are the same for two values of parsed JSON that are the same, in half the time of `repr`.

    Of the versions of `marshal`, the second depends on nothing but what is written.
    """
    return marshal.dumps(value, 2)


def last_part(resource_id: str) -> str:
    """The last name in a resource id."""
    return resource_id.rsplit("/", 1)[-1]


def joined(values: Any) -> str | None:
    """An array of strings as one, joined by ", "; "" for an empty one, None where it is no array."""
    return ", ".join(str(value) for value in values) if isinstance(values, list) else None


def place_of(resource_id: str) -> tuple[str | None, str | None]:
    """The subscription id and the resource group in a resource id."""
    parts = parse_resource_id(resource_id)
    return text(parts, "subscription"), text(parts, "resource_group")


def subscription_of(resource_id: str) -> str | None:
    """The subscription id in a resource id."""
    return place_of(resource_id)[0]


def resource_group_of(resource_id: str) -> str | None:
    """The resource group in a resource id."""
    return place_of(resource_id)[1]
