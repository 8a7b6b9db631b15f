"""The az commands that a fix prints, in every branch and alternative, as words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from checks.model import Check
from tests.support.fixes.commands.alternatives import alternatives

_BREAK = frozenset({"&&", "||", ";", "|", "then", "else", "do", ">", ">>", "<"})
_STARTS = re.compile(r"^[\s#]*(?:if |for |then |az |\[|[A-Za-z_]+=)")


def printed_commands(check: Check) -> list[list[str]]:
    """Return the words after `az` of every command, once. Commented commands count too."""
    found = {
        tuple(words)
        for text in alternatives(check.remediation.az)
        for line in text.replace("\\\n", " ").splitlines()
        if _STARTS.match(line)
        for words in _in_line(line.lstrip("# "))
    }
    return [list(words) for words in sorted(found)]


def _in_line(line: str) -> Iterator[list[str]]:
    for inner in re.findall(r"\$\((az [^()]*(?:\([^()]*\)[^()]*)*)\)", line):
        yield from _in_line(inner.replace('\\"', '"'))
    line = re.sub(r'"?\$\(az [^()]*(?:\([^()]*\)[^()]*)*\)"?', "$INNER", line)
    lexer = shlex.shlex(line.replace("{{", "").replace("}}", ""), posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    command: list[str] | None = None
    for word in [*lexer, ";"]:
        if word in _BREAK:
            if command:
                yield command
            command = None
        elif word == "az" and command is None:
            command = []
        elif command is not None:
            command.append(word)
