"""Fit the entries of a summary into the lines of a terminal.

Each entry has one line, or `least` lines. If those are too many, the entries that can be spared are left out. If there
is room, an entry whose text is cut gets a second line, then a third: the entries that cannot be spared first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console

from reports.writing.lines import harmless
from scanner.folding import cut, folded
from scanner.terminal import print_line

LINES = 24
"""The most lines: the height of a common terminal."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One text of the summary. A cut keeps its `tail`.

    `is_whole`: a path or a line of a command, which is one line however wide it is. `spare`: 0 is always shown; of the
    others the highest number is left out first. `least` and `most`: how many lines it gets, if its text is so long.
    """

    text: str
    tail: str = ""
    style: str = ""
    indent: int = 0
    is_whole: bool = False
    spare: int = 0
    least: int = 1
    most: int = 3

    def lines(self, width: int, most: int) -> list[str]:
        """Return the text in at most `most` lines."""
        start = " " * self.indent
        text, tail = start + harmless(self.text), harmless(self.tail)
        if self.is_whole:
            return [text]
        further = f"{start}  "
        whole = folded(text + tail, width, indent=further, begin=start)
        if len(whole) <= most:
            return whole
        *lines, last = folded(text, width, indent=further, begin=start, most=most)
        return [*lines, cut(last, width - cell_len(tail)) + tail]


def print_entries(entries: Sequence[Entry], out: Console) -> None:
    """Print the entries in at most 24 lines."""
    for entry, lines in fitted(entries, out.width):
        for line in lines:
            print_line(out, line, entry.style)


def fitted(entries: Sequence[Entry], width: int) -> list[tuple[Entry, list[str]]]:
    """Return each entry that has room, with its lines."""
    found = [(entry, entry.lines(width, entry.least)) for entry in entries]
    while _count(found) > LINES and any(entry.spare for entry, _ in found):
        found.remove(max(reversed(found), key=lambda each: each[0].spare))
    if _count(found) > LINES:
        found = [(entry, entry.lines(width, 1)) for entry, _ in found]
    for most in (2, 3):
        for place in sorted(range(len(found)), key=lambda place: found[place][0].spare):
            entry, lines = found[place]
            longer = entry.lines(width, min(most, entry.most))
            if _count(found) + len(longer) - len(lines) <= LINES:
                found[place] = entry, longer
    return found


def _count(found: Sequence[tuple[Entry, list[str]]]) -> int:
    return sum(len(lines) for _, lines in found)
