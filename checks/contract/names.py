"""Write lists of names for the texts of findings. A text names a few and counts the rest."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 10
"""The most names that a text lists."""


def named(names: Sequence[str], count: int | None = None) -> str:
    """Return the first names, joined by ", ", and the number of the rest: "a, b and 3 more".

    `count` is the number of all names if `names` holds only the first ones.
    """
    rest = (len(names) if count is None else count) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
