"""Read the printed text of a fix: its az commands with the sentence before each, and its Bicep and Terraform code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.model import Remediation
from reports.literals import DIALECTS, texts

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
COMMENT = {"az": "#", "bicep": "//", "terraform": "#"}

_GUARD = re.compile(r"^if (?P<test>.*?); then (?P<command>.*?)(?:; else echo '[^']*')?; fi$")
_LOOP = re.compile(r"^(?P<test>for .*?; do) (?P<command>az (?:(?!; done).)*)(?:; done)+$")
_VERB = re.compile(
    r"^az (?:rest --method (?:patch|put|post|delete)\b"
    r"|(?!rest\b)(?:[a-z-]+ )*(?:create|update|delete|set|remove|add|approve|detach|recover|provision-network)\b)"
)
_DESTROYS = re.compile(r'^az (?:[a-z-]+ )*(?:delete|remove|detach)\b|"isolationMode"|enablePurgeProtection')


@dataclass(frozen=True, kw_only=True)
class Command:
    """One az command. `before` is the comment above it, `test` the condition of its `if`."""

    line: str
    before: str
    test: str

    @property
    def changes(self) -> bool:
        """Whether the command changes something in Azure."""
        return _VERB.match(self.line) is not None

    @property
    def destroys(self) -> bool:
        """Whether the command deletes something, or does what Azure cannot undo."""
        return _DESTROYS.search(self.line) is not None

    @property
    def words(self) -> list[str]:
        """The words that a shell passes to az, redirection left out."""
        words = shlex.split(self.line)
        return words[: words.index(">")] if ">" in words else words


def commands(az: str) -> Iterator[Command]:
    """Yield the commands that are no comments."""
    before = ""
    for line in az.splitlines():
        if line.startswith("#"):
            before = line
            continue
        guarded = _GUARD.match(line) or _LOOP.match(line)
        yield Command(
            line=guarded["command"] if guarded else line,
            before=before,
            test=guarded["test"] if guarded else "",
        )


def uncommented(text: str) -> str:
    """Return an az text without the sign of one level of comments that hide alternatives."""
    return "\n".join(line.removeprefix("# ") for line in text.splitlines())


def filled(remediation: Remediation, values: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return each language's text with these values; a name stands for itself without one."""
    known = values or {}

    def fill(text: str, language: str) -> str:
        return PLACEHOLDER.sub(lambda hole: DIALECTS[language](known.get(hole[1], hole[1])), text)

    return {language: fill(text, language) for language, text in texts(remediation).items()}
