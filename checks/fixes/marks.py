"""Marks on the lines of a fix that only some resources need, such as a hub, or a resource without a private endpoint.

`only` marks lines, and `kept` leaves out the lines whose marks name no fact of the resource. A reader without a
resource gets the lines of `ANY_RESOURCE`: the kinds as labelled alternatives, and the private endpoint first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

KINDS: Final = ("Default", "FeatureStore", "Hub", "Project")
"""The documented kinds of a workspace."""

ANY_KIND, REACHED, UNREACHED = "AnyKind", "Reached", "Unreached"
"""The facts beside the kinds: the kind is not known, and whether an approved private endpoint leads to what closes."""

ANY_RESOURCE: Final = frozenset({ANY_KIND, UNREACHED})

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


def facts_of(kind: str, *, is_reached: bool) -> frozenset[str]:
    """Return the facts of a resource of a workspace of this kind. An undocumented kind is not known."""
    known = next((each for each in KINDS if each.lower() == kind.lower()), ANY_KIND)
    return frozenset({known, REACHED if is_reached else UNREACHED})
