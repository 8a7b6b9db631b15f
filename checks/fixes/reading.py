"""Read the az text of a fix: the names that it explains, its alternatives, and the numbered parts of each.

`checks.fixes.steps` writes these texts. A text without numbers is one part:

    # SUBNET_ID: the resource id of the subnet
    # Either the managed network is on:
    # 1. Save the compute.
    az rest ... > compute.json
    # Or the managed network is off:
    # # 1. ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_NAME = re.compile(r"^# (?P<name>[A-Z][A-Z0-9_]*): (?P<meaning>.*)$")
_EITHER = re.compile(r"^# Either (?P<label>.*):$")
_OR = re.compile(r"^# Or (?P<label>.*):$")
_NESTED_OR = re.compile(r"^# Or, (?P<label>.*):$")
_NUMBER = re.compile(r"^# (?P<number>\d+\. )(?P<does>.*)$")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A numbered sentence of a fix and its lines. Both `does` and `number`, such as "2. ", are "" without a number."""

    does: str
    lines: tuple[str, ...]
    number: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines that are no comments."""
        return tuple(line for line in self.lines if line.strip() and not line.startswith("#"))


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One way to fix a finding, and when to use it: "" if it is the only way."""

    label: str
    parts: tuple[Part, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of all parts."""
        return tuple(line for part in self.parts for line in part.commands)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings before its commands, each as a sentence."""
        comments = [part.does for part in self.parts]
        comments += [line.removeprefix("# ") for part in self.parts for line in part.lines if line[:1] == "#"]
        found = [text.removeprefix("Warning: ") for text in comments if text.startswith("Warning: ")]
        return tuple(dict.fromkeys(text[:1].upper() + text[1:].rstrip(":,") for text in found))


@dataclass(frozen=True, kw_only=True)
class FixText:
    """The az text of a fix. `names` maps each name that the user sets to its meaning.

    `advice` are the labelled alternatives without a command, or the whole text if it has none.
    """

    names: Mapping[str, str]
    alternatives: tuple[Alternative, ...]
    advice: tuple[Alternative, ...] = ()


def read(az: str) -> FixText:
    """Return the text in its pieces. A text without a command has no alternative."""
    lines = az.splitlines()
    names = {}
    while lines and (found := _NAME.match(lines[0])):
        names[found["name"]] = found["meaning"]
        del lines[0]
    ways = _ways(lines)
    return FixText(
        names=names,
        alternatives=tuple(way for way in ways if way.commands),
        advice=tuple(way for way in ways if (way.label or len(ways) == 1) and not way.commands),
    )


def _ways(lines: Sequence[str]) -> list[Alternative]:
    ways: list[tuple[str, list[str]]] = [("", [])]
    is_first = True
    for line in lines:
        if found := _EITHER.match(line):
            ways.append((found["label"], []))
        elif len(ways) > 1 and (found := _OR.match(line)):
            ways.append((found["label"], []))
            is_first = False
        else:
            ways[-1][1].append(line if is_first else re.sub(r"^# ?", "", line))
    return [Alternative(label=label, parts=_parts(listed)) for label, listed in ways if listed]


def _parts(lines: Sequence[str]) -> tuple[Part, ...]:
    parts: list[tuple[str, str, list[str]]] = [("", "", [])]
    for line in lines:
        if found := _NUMBER.match(line):
            parts.append((found["number"], found["does"], []))
        else:
            parts[-1][2].append(line)
    return tuple(
        Part(number=number, does=does, lines=tuple(listed))
        for number, does, listed in parts
        if does or listed
    )


def with_other_mode(part: Part, mode: str) -> Part:
    """Return the part with its commented command for the isolation mode in place of the first command.

    The part stays as it is if it has no such command.
    """
    wanted = f'"isolationMode": "{mode}"'
    lines = list(part.lines)
    for place, line in enumerate(lines[:-1]):
        if _NESTED_OR.match(line) and wanted in lines[place + 1]:
            chosen = lines[place + 1].removeprefix("# ")
            others = [each for each in lines if not each.startswith("#") and "isolationMode" not in each]
            return replace(part, lines=(chosen, *others))
    return part
