"""The alternatives of a printed text: the first runs as printed, the others are comments below `Or …:`."""

from __future__ import annotations

import re

_LABEL = re.compile(r"^(#|//) (Either|Or),? .*:$")


def alternatives(text: str) -> list[str]:
    """Return the text as printed, then the text with each other alternative in place of the first.

    The lines before `Either` belong to every alternative.
    """
    lines = text.splitlines()
    labels = [number for number, line in enumerate(lines) if _LABEL.match(line)]
    if not labels or " Either " not in lines[labels[0]]:
        return [text]
    shared = lines[: labels[0]]
    found = [text]
    for start, end in zip(labels[1:], [*labels[2:], len(lines)], strict=True):
        mark = lines[start].split(" ")[0]
        chosen = [_uncommented(line, mark) for line in lines[start + 1 : end]]
        found.append("\n".join([*shared, *chosen]))
    return found


def _uncommented(line: str, mark: str) -> str:
    return line.removeprefix(mark).removeprefix(" ") if line.startswith(mark) else line
