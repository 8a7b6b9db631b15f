"""Match globs with the names that Azure reports. Case does not matter, as in Azure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def first_matching(value: str | None, globs: Iterable[str]) -> str | None:
    """Return the first glob that matches the whole value, None if none does or the value is not known."""
    if value is None:
        return None
    lowered = value.lower()
    return next((glob for glob in globs if fnmatchcase(lowered, glob.lower())), None)
