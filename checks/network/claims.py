"""Combine answers that are yes, no or unknown (None)."""

from __future__ import annotations

from collections.abc import Iterable


def all_of(claims: Iterable[bool | None]) -> bool | None:
    """Return False if a claim is False, else None if one is None, else True."""
    found = set(claims)
    return False if False in found else None if None in found else True


def any_of(claims: Iterable[bool | None]) -> bool | None:
    """Return True if a claim is True, else None if one is None, else False."""
    found = set(claims)
    return True if True in found else None if None in found else False
