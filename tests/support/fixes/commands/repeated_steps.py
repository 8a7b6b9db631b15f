"""Repeat the numbered steps of a text for each thing, and leave out what there is not, where the text asks for it.

The sentences are `Repeat steps 2 to 5, and later 8 to 10, for each …` and `Leave out what the workspace does not
have`. The first range runs once for each thing, then the steps between, then the second range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_STEP = re.compile(r"^# (\d+)\. ")
_REPEAT = re.compile(r"Repeat steps (\d+) to (\d+)(?:, and later (\d+) to (\d+))?,? for each")
_VARIABLE = re.compile(r"\$([A-Z][A-Z_]*)")
_LEAVE_OUT = "Leave out what the workspace does not have"

NAMES = frozenset({"COMPUTE", "ENDPOINT", "DEPLOYMENT"})
"""The variables of a thing. A thing without one of them does not have it."""


def repeated(text: str, things: Sequence[Mapping[str, str]]) -> str:
    """Return the text with the ranges of steps repeated, with the variables of each thing set before them."""
    sentences = " ".join(line for line in text.splitlines() if _STEP.match(line))
    said = _REPEAT.search(sentences)
    if not said or _LEAVE_OUT not in sentences:
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
                lines += [*(f"{name}='{value}'" for name, value in thing.items()), *_present(group, thing)]
    return "\n".join(lines)


def _present(lines: Iterable[str], thing: Mapping[str, str]) -> Iterator[str]:
    """Leave out the lines about what the thing does not have."""
    absent = NAMES - set(thing)
    for line in lines:
        kept = line
        for name in absent:
            kept = re.sub(rf' && \[ -s "[^"]*\${name}\b[^"]*" \]', "", kept)
        if not absent & set(_VARIABLE.findall(kept)):
            yield kept


def _steps(text: str) -> list[list[str]]:
    """Return the lines before the first step, then those of each step."""
    steps: list[list[str]] = [[]]
    for line in text.splitlines():
        if _STEP.match(line):
            steps.append([])
        steps[-1].append(line)
    return steps
