"""The alternatives of a printed text: the first runs as printed, the others are comments below `Or …:`."""

from __future__ import annotations

import re

_LABEL = re.compile(r"^(?:#|//) (Either|Or),? (.*):$")


def alternatives(text: str) -> list[str]:
    """Return the text as printed, then the text with each other alternative in place of the first."""
    return [way for _, way in labelled(text)]


def labelled(text: str) -> list[tuple[str, str]]:
    """Return the alternatives of the text with their labels; the whole text with "" if it has none.

    The lines before `Either` belong to every alternative.
    """
    lines = text.splitlines()
    labels = [(number, match) for number, line in enumerate(lines) if (match := _LABEL.match(line))]
    if not labels or labels[0][1][1] != "Either":
        return [("", text)]
    starts = [number for number, _ in labels]
    shared = lines[: starts[0]]
    found = [(labels[0][1][2], text)]
    for (start, label), end in zip(labels[1:], [*starts[2:], len(lines)], strict=True):
        mark = lines[start].split(" ")[0]
        chosen = [_uncommented(line, mark) for line in lines[start + 1 : end]]
        found.append((label[2], "\n".join([*shared, *chosen])))
    return found


def _uncommented(line: str, mark: str) -> str:
    return line.removeprefix(mark).removeprefix(" ") if line.startswith(mark) else line
