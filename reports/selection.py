"""The findings that a format lists: the format's own choice, or the choice of `--statuses` and `--include`.

Every format counts the findings that it leaves out, and `findings.parquet` has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks.model import Status
from checks.suggestions import did_you_mean
from reports.errors import ReportError
from reports.statuses import NEEDS_ACTION

Statuses = frozenset[str]

ALL: Statuses = frozenset(status.value for status in Status)
APPLICABLE: Statuses = ALL - {Status.NOT_APPLICABLE.value}
OPEN: Statuses = frozenset(NEEDS_ACTION)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The statuses to list in every format, None for the choice of each format, and statuses to add to them."""

    statuses: Statuses | None = None
    include: Statuses = frozenset()

    def of(self, usual: Statuses) -> Statuses:
        """Return the statuses that a format lists. `usual` is the choice of the format."""
        return (usual if self.statuses is None else self.statuses) | self.include


USUAL = Selection()
"""The choice of each format."""


def statuses_named(words: Iterable[str], option: str) -> Statuses:
    """Return the statuses in words such as `fail,unknown`. Raises ReportError for another word."""
    names = [name.strip().lower() for word in words for name in word.split(",")]
    for name in names:
        if name not in ALL:
            known = ", ".join(status.value for status in Status)
            hint = did_you_mean(name, sorted(ALL))
            raise ReportError(f"{option}: there is no status {name!r}. {hint}Statuses: {known}.")
    return frozenset(names)


def selection(statuses: Iterable[str] | None, include: Iterable[str] | None) -> Selection:
    """Return the choice of the options `--statuses` and `--include`; None means that an option was not given."""
    return Selection(
        statuses=None if statuses is None else statuses_named(statuses, "--statuses"),
        include=statuses_named(include or (), "--include"),
    )
