"""Texts said once: each gets a number, in the order of first use."""

from __future__ import annotations


class Strings:
    """The texts so far; the same sequence of questions always gives the same numbers."""

    def __init__(self) -> None:
        """No texts yet."""
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The number of the text; -1 for None, which is "not reported"."""
        return -1 if text is None else self._numbers.setdefault(text, len(self._numbers))

    @property
    def listed(self) -> list[str]:
        """The texts by number."""
        return list(self._numbers)
