"""Lay out texts in the lines of a terminal. Widths are cells: a wide character takes two, a combining one none."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size

_END = "..."
_PIECES = re.compile(r"[^/._:,-]*[/._:,-]*")
"""The pieces of a word that is wider than a line: each ends after a sign."""


def folded(text: str, width: int, *, begin: str = "", indent: str = "", most: int | None = None) -> list[str]:
    """Return the text in lines of whole words. The first begins with `begin`, the others with `indent`.

    A word wider than a line breaks after a sign, but a resource id has a line of its own. If there are more than `most`
    lines, the last one ends in "...".
    """
    lines = [begin]
    for word in text.split():
        is_first = True
        for piece in _pieces(word, width - cell_len(indent)):
            joint = " " if is_first and lines[-1].strip() else ""
            if lines[-1].strip() and cell_len(lines[-1]) + cell_len(joint) + cell_len(piece) > width:
                lines.append(indent + piece)
            else:
                lines[-1] += joint + piece
            is_first = False
    if most is not None and len(lines) > most:
        last = lines[most - 1]
        is_room = cell_len(last) + len(_END) <= width
        return [*lines[: most - 1], f"{last}{_END}" if is_room else cut(f"{last} {last}", width)]
    return lines


def cut(text: str, width: int) -> str:
    """Return the text, or its beginning and "..." if it is wider. Words stay whole if enough of them fit."""
    if cell_len(text) <= width:
        return text
    start = set_cell_size(text, max(width - len(_END), 1))
    words, _, last = start.rpartition(" ")
    is_word_cut = bool(last) and not text.startswith(f"{start} ")
    keeps_words = is_word_cut and cell_len(words) > width // 2
    return f"{words if keeps_words else start.rstrip()}{_END}"


def padded(text: str, width: int) -> str:
    """Return the text with blanks up to `width` cells."""
    return text + " " * (width - cell_len(text))


def _pieces(word: str, width: int) -> list[str]:
    if cell_len(word) <= width or "/subscriptions/" in word.lower():
        return [word]
    pieces: list[str] = []
    for part in filter(None, _PIECES.findall(word)):
        if pieces and cell_len(pieces[-1]) + cell_len(part) <= width:
            pieces[-1] += part
        else:
            pieces += _chopped(part, width)
    return pieces


def _chopped(text: str, width: int) -> list[str]:
    """Return the text in pieces that fit, broken between any two characters."""
    pieces = [""]
    for character in text:
        if cell_len(pieces[-1]) + cell_len(character) > width and pieces[-1]:
            pieces.append("")
        pieces[-1] += character
    return pieces
