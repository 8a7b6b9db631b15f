"""Rows that lists tell; of one told twice, and differently, the order of the pages decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from scanner.payloads import Gap

Row = TypeVar("Row")


class Listings(Generic[Row]):
    """Rows of one kind, by key."""

    def __init__(self, id_of: Callable[[Row], str]) -> None:
        """Nothing told yet; `id_of` gives a row's id as it was spelled."""
        self.rows: dict[str, Row] = {}
        self._id_of = id_of
        self._firsts: dict[str, Gap] = {}
        self._disputed: dict[str, list[tuple[Row, Gap]]] = {}

    def add(self, key: str, row: Row, lost: Gap) -> None:
        """A page tells this row; `lost` is the gap it leaves where another page tells otherwise."""
        known = self.rows.setdefault(key, row)
        first = self._firsts.setdefault(key, lost)
        if known is row or (known == row and key not in self._disputed):
            return
        self._disputed.setdefault(key, [(known, first)]).append((row, lost))
        self.rows[key] = min(known, row, key=repr)

    def disputes(self) -> Iterator[Gap]:
        """The gap of every page that tells otherwise than the row that is kept.

        What differs in case alone is the same: Azure spells ids as it pleases.
        """
        for key, told in self._disputed.items():
            kept = repr(self.rows[key]).lower()
            for row, lost in told:
                if repr(row).lower() != kept:
                    message = f"{self._id_of(row)} is listed twice, and differently."
                    yield replace(lost, message=message)
