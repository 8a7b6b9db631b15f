"""The gaps by what closes them. The first group has the command that closes most of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.tables.population import GapRow


@dataclass(frozen=True, kw_only=True)
class GapGroup:
    """Gaps that one command closes, or the same advice if it names no command."""

    command: str
    advice: str
    gaps: tuple[GapRow, ...]


def gap_groups(gaps: Sequence[GapRow]) -> tuple[GapGroup, ...]:
    """Return the gaps by their command: first commands, then advice alone, each the most gaps first."""
    found: dict[str, list[GapRow]] = {}
    for gap in gaps:
        found.setdefault(command_in([gap.closes]) or gap.closes, []).append(gap)
    groups = [
        GapGroup(command=command_in([key]), advice=_advice(rows), gaps=tuple(rows))
        for key, rows in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: (not group.command, -len(group.gaps), group.command)))


def command_in(closes: Iterable[str]) -> str:
    """Return the first command among the texts that close gaps, "" if they have none."""
    found = (re.search(r"\baz [a-z].*", each) for each in closes)
    return next((match[0].rstrip(". ") for match in found if match), "")


def _advice(gaps: Sequence[GapRow]) -> str:
    """Return the words before the command. They are shorter if the gaps need different actions."""
    words = {gap.closes.partition(": az ")[0] for gap in gaps}
    first = min(words)
    return first if len(words) == 1 else first.partition(" (")[0]
