"""Parses resource ids. Every id from Azure's answers passes here before the scanner asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SEGMENT: Final = r"(?!\.{1,2}(?:/|\Z))[^/\\?#%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+"
"""A segment of an id: no dot segment, and no character that could end or change the path of a URL."""
_NAME: Final = re.compile(_SEGMENT)
_PATH: Final = re.compile(f"(?:/{_SEGMENT})*")


@dataclass(frozen=True, kw_only=True)
class ResourceId:
    """A well-formed id.

    `group` is "" for a subscription and for what lies directly below it. `resource_type` is lower-cased, such
    as "microsoft.storage/storageaccounts"; it is "" for a subscription or a resource group.
    """

    subscription: str
    group: str
    resource_type: str


def is_name(segment: str) -> bool:
    """Check whether the text can be one segment of an id."""
    return _NAME.fullmatch(segment) is not None


@lru_cache(maxsize=4096)
def resource_id(text: str) -> ResourceId | None:
    """Parse a resource id, with or without slashes at its end. Return None unless it is well-formed."""
    path = text.rstrip("/")
    if not _PATH.fullmatch(path):
        return None
    _, *segments = path.split("/")
    subscription, rest = _named("subscriptions", segments)
    group, rest = _named("resourcegroups", rest)
    resource_type = _type(rest)
    if not subscription or (rest and not resource_type):
        return None
    return ResourceId(subscription=subscription, group=group, resource_type=resource_type)


def _named(word: str, segments: list[str]) -> tuple[str, list[str]]:
    """Return the name after the word and the segments after the name; "" if the word is not first."""
    if len(segments) > 1 and segments[0].lower() == word:
        return segments[1], segments[2:]
    return "", segments


def _type(segments: list[str]) -> str:
    """Return the lower-cased type of `providers/NAMESPACE/TYPE/NAME…`, that of an extension if there is one.

    It is "" for anything else. A name may be "providers"; a type cannot.
    """
    lowered, parts = [segment.lower() for segment in segments], list[str]()
    while lowered:
        if lowered[0] == "providers" and len(parts) != 1:
            parts, lowered = lowered[1:2], lowered[2:]
        elif parts and len(lowered) > 1:
            parts, lowered = [*parts, lowered[0]], lowered[2:]
        else:
            return ""
    return "/".join(parts) if len(parts) > 1 else ""
