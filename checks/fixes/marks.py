"""Marks on the lines of a fix that only some resources need, such as a hub, or a batch endpoint.

`only` marks lines, and `kept` leaves out the lines whose marks name no fact of the resource. A reader without a
resource gets the lines of `ANY_RESOURCE`: the kinds as labelled alternatives, and the private endpoint first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

KINDS: Final = ("Default", "FeatureStore", "Hub", "Project")
"""The documented kinds of a workspace."""

TYPES: Final = ("online", "batch", "serverless", "storage", "vault", "registry", "insights")
"""The types of endpoints, and the roles of dependencies."""
ANY_KIND, ANY_TYPE, REACHED, UNREACHED = "AnyKind", "AnyType", "Reached", "Unreached"
"""The other facts: a kind or type that is not known, and whether an approved private endpoint leads to what closes."""

ANY_RESOURCE: Final = frozenset({ANY_KIND, ANY_TYPE, UNREACHED})

_MARK = re.compile(r"<<([\w ]+)>>")


def only(text: str, *facts: str) -> str:
    """Return the text with each line marked for a resource with one of the facts."""
    return "\n".join(f"<<{' '.join(facts)}>>{line}" for line in text.splitlines())


def is_marked(text: str) -> bool:
    """Return whether a line of the text is for some resources only."""
    return _MARK.search(text) is not None


def kept(text: str, facts: Collection[str]) -> str:
    """Return the lines for a resource with these facts, without marks."""
    known = frozenset(facts)
    lines = [
        _MARK.sub("", line)
        for line in text.splitlines()
        if all(known & set(words.split()) for words in _MARK.findall(line))
    ]
    return "\n".join(lines)


def facts_of(kind: str, *, is_reached: bool, type_: str = "") -> frozenset[str]:
    """Return the facts of a resource of a workspace of this kind. An undocumented kind or type is not known.

    `type_` is the type of an endpoint, or the role of a dependency.
    """
    known = next((each for each in KINDS if each.lower() == kind.lower()), ANY_KIND)
    return frozenset({known, type_ if type_ in TYPES else ANY_TYPE, REACHED if is_reached else UNREACHED})
