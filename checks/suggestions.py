"""Suggest the names that a mistyped word may mean."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return "Did you mean A or B? " for the names closest to `word` in any case, or nothing."""
    by_folded = {name.casefold(): name for name in names}
    folded = word.casefold()
    close = [folded] if folded in by_folded else get_close_matches(folded, by_folded, n=2)
    return f"Did you mean {' or '.join(by_folded[each] for each in close)}? " if close else ""
