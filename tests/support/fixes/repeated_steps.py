"""Repeat the numbered steps of a text for each thing, where the text says so.

The sentence is `Repeat steps 2 to 5, and later 8 to 10, for each …`: the first range runs once for each thing, then
the steps between, then the second range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_STEP = re.compile(r"^# (\d+)\. ")
_REPEAT = re.compile(r"Repeat steps (\d+) to (\d+)(?:, and later (\d+) to (\d+))?,? for each")


def repeated(text: str, things: Sequence[Mapping[str, str]]) -> str:
    """Return the text with the ranges of steps repeated, with the variables of each thing set before them."""
    said = _REPEAT.search(text)
    if not said or len(things) < 2:
        return text
    found = [int(number) for number in said.groups() if number]
    ranges = list(zip(found[::2], found[1::2], strict=True))
    steps = _steps(text)
    lines: list[str] = []
    for number, step in enumerate(steps):
        inside = next((each for each in ranges if each[0] <= number <= each[1]), None)
        if inside is None:
            lines += step
        elif number == inside[0]:
            group = [line for part in steps[inside[0] : inside[1] + 1] for line in part]
            for thing in things:
                lines += [*(f"{name}='{value}'" for name, value in thing.items()), *group]
    return "\n".join(lines)


def _steps(text: str) -> list[list[str]]:
    """Return the lines before the first step, then those of each step."""
    steps: list[list[str]] = [[]]
    for line in text.splitlines():
        if _STEP.match(line):
            steps.append([])
        steps[-1].append(line)
    return steps
