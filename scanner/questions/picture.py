"""Draw boxes side by side in characters: ASCII, so that every terminal shows them, and at most 80 cells wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reports.writing.lines import harmless
from scanner.folding import folded, padded

_WIDTHS = (22, 22, 30)
ARROW = " > "
APART = "   "


@dataclass(frozen=True, kw_only=True)
class Part:
    """A box of the picture: its heading and its lines."""

    heading: str
    lines: tuple[str, ...]


def picture(parts: Sequence[Part], *, joint: str = ARROW) -> list[str]:
    """Return three boxes side by side; `joint` is between them at half their height."""
    boxes = [_box(part, width) for part, width in zip(parts, _WIDTHS, strict=True)]
    height = max(map(len, boxes))
    lines = []
    for number, cells in enumerate(zip_longest(*boxes, fillvalue="")):
        between = joint if number == height // 2 else " " * len(joint)
        lines.append(between.join(map(padded, cells, _WIDTHS)).rstrip())
    return lines


def _box(part: Part, width: int) -> list[str]:
    inner = width - 4
    lines = [piece for line in part.lines for piece in folded(harmless(line), inner, indent="  ")]
    edge = f"+-{part.heading}-".ljust(width - 1, "-") + "+"
    return [edge, *(f"| {padded(line, inner)} |" for line in lines), f"+{'-' * (width - 2)}+"]
