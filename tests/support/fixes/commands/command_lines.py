"""The words of one az command, taken apart: its name, and its options with their values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """One az command. `options` maps each long or short option to the words that follow it."""

    name: str
    options: Mapping[str, tuple[str, ...]]
    folder: Path

    def value(self, *names: str) -> str | None:
        """Return the value of an option by any of its names; None without the option, "" for a flag."""
        for name in names:
            if name in self.options:
                return " ".join(self.options[name])
        return None

    def needed(self, *names: str) -> str:
        """Return the value of an option. Raises KeyError without one."""
        value = self.value(*names)
        if not value:
            raise KeyError(f"{self.name} needs {names[0]}")
        return value

    def json(self, name: str) -> Any:
        """Return the JSON of an option, or of the file that `@name` names; None without the option."""
        value = self.value(name)
        if value is None:
            return None
        return json.loads(
            (self.folder / value[1:]).read_text(encoding="utf-8") if value[:1] == "@" else value
        )

    def assignments(self, *names: str) -> list[tuple[str, Any]]:
        """Return the path and value of each `path=value` word.

        az parses a value as JSON, unless `--force-string` is given.
        """
        words = next((self.options[name] for name in names if name in self.options), ())
        found = []
        for word in words:
            path, _, value = word.partition("=")
            if "--force-string" in self.options:
                found.append((path, value))
                continue
            try:
                found.append((path, json.loads(value)))
            except ValueError:
                found.append((path, value))
        return found


def command_line(words: Sequence[str], folder: Path) -> CommandLine:
    """Take apart the words after `az`."""
    first = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    options: dict[str, tuple[str, ...]] = {}
    current = ""
    for word in words[first:]:
        if word.startswith("-") and not _is_number(word):
            current, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            options[current] = (value,) if equals else ()
        else:
            options[current] = (*options[current], word)
    return CommandLine(name=" ".join(words[:first]), options=options, folder=folder)


def _is_number(word: str) -> bool:
    return word[1:2].isdigit()
