"""Reads members of ARM's JSON. A member that is absent, null or of another type is None.

These functions are called millions of times. So each walks its path itself, and compares types without
`isinstance`: parsed JSON has no subclasses.
"""

from __future__ import annotations

import marshal
from functools import lru_cache
from sys import intern
from typing import Any
from urllib.parse import quote

from checks.network.resource_ids import resource_id

Object = dict[str, Any]
"""A JSON object."""


def member(document: Any, *path: str) -> Any:
    """Return the value at the path, or None if a step is missing or no object."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document


def spelled(document: Any, name: str) -> str:
    """Return a member's name as the document spells it. Azure's own case comes first, then any other."""
    if not isinstance(document, dict) or name in document:
        return name
    return next((each for each in document if each.lower() == name.lower()), name)


def text(document: Any, *path: str) -> str | None:
    """Return the string at the path."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document if type(document) is str else None


def named(document: Any, *path: str) -> str | None:
    """Return the non-empty string at the path. Azure writes null or "" for a link that is not set."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document or None if type(document) is str else None


def flag(document: Any, *path: str) -> bool | None:
    """Return the boolean at the path."""
    for name in path:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document if type(document) is bool else None


def objects(document: Any, *path: str) -> list[dict[str, Any]] | None:
    """Return the array of objects at the path. None for an array with another item: it cannot be read as a whole."""
    value = member(document, *path)
    return value if isinstance(value, list) and all(isinstance(item, dict) for item in value) else None


def count(document: Any, *path: str) -> int | None:
    """Return the number of items in the array at the path."""
    value = member(document, *path)
    return len(value) if isinstance(value, list) else None


def text_or_null(document: Any, *path: str) -> str | None:
    """Return the string at the path, or "" if it, or an object on the way to it, is null."""
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return None
        document = document[name]
        if document is None:
            return ""
    return document if isinstance(document, str) else None


@lru_cache(maxsize=1024)
def quoted(path: str) -> str:
    """Return a path of ARM, such as a resource id, as the path of a URL."""
    return quote(path, safe="/", errors="surrogatepass")


def key(resource_id: str) -> str:
    """Return the id as ids are compared, as one shared string for each resource.

    Ids that differ only in case or in slashes at the end name the same resource.
    """
    return intern((resource_id.rstrip("/") or resource_id[:1]).lower())


def without_slash(resource_id: str) -> str:
    """Return the id without slashes at its end. Every row has its ids in this form."""
    return resource_id.rstrip("/") or resource_id[:1]


def link(document: Any, *path: str) -> str | None:
    """Return the id at the path, as `named` does, without slashes at its end."""
    found = named(document, *path)
    return without_slash(found) if found else None


def link_or_null(document: Any, *path: str) -> str | None:
    """Return the id at the path, as `text_or_null` does, without slashes at its end."""
    found = text_or_null(document, *path)
    return without_slash(found) if found else found


def content(value: Any) -> bytes:
    """Return bytes that are equal for equal values of parsed JSON, in half the time of `repr`.

    Version 2 of `marshal` depends on the value alone. Later versions depend on reference counts too.
    """
    return marshal.dumps(value, 2)


def of_tenant(tenant: str, scope: str) -> str:
    """Return the scope of a question about a whole tenant, if several are asked; "" is the only tenant."""
    return f"/tenants/{tenant}{scope}" if tenant else scope


def without_tenant(scope: str) -> str:
    """Return the scope without the tenant that was asked, as ARM writes it."""
    return scope if not scope.startswith("/tenants/") else "/" + "/".join(scope.split("/")[3:])


def last_part(resource_id: str) -> str:
    """Return the last name in a resource id."""
    return without_slash(resource_id).rsplit("/", 1)[-1]


def said(value: Any) -> str | None:
    """Return a text that has more than blanks and commas. A list column would lose any other."""
    return value if isinstance(value, str) and value.strip(" ,") else None


def joined(values: Any) -> str | None:
    """Return the texts of an array joined by ", ". None for no array, and if an item is no text or a blank one."""
    texts = [*map(said, values)] if isinstance(values, list) else [None]
    return None if None in texts else ", ".join(map(str, texts))


def place_of(identity: str) -> tuple[str | None, str | None]:
    """Return the subscription id and the resource group in a resource id. None if it has none or is malformed."""
    parsed = resource_id(identity)
    return (parsed.subscription, parsed.group or None) if parsed else (None, None)


def subscription_of(resource_id: str) -> str | None:
    """Return the subscription id in a resource id."""
    return place_of(resource_id)[0]


def resource_group_of(resource_id: str) -> str | None:
    """Return the resource group in a resource id."""
    return place_of(resource_id)[1]
