"""Fills the fix of a check in with names that other people chose, as literals of each dialect.

A name can be anything an export claims it to be, so whatever a terminal or a parser would act upon is
taken away (no Azure name holds such characters) and the rest is quoted.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable, Collection, Mapping
from functools import cache

from checks.model import Remediation
from reports.errors import ReportError

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")

_ACTED_UPON = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories a terminal or an editor obeys: controls, bidirectional marks, line separators."""


def printable(value: str) -> str:
    """The value with U+FFFD for every character that would do something instead of being shown."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(REPLACEMENT if unicodedata.category(char) in _ACTED_UPON else char for char in value)


def az_literal(value: str) -> str:
    """One word of a POSIX shell that `az` takes for a value.

    A leading `-` would be read as an option and a leading `@` as the name of a file to load
    (Azure CLI conventions, 2025), so these become U+FFFD as well.
    """
    return shlex.quote(re.sub(r"^[-@]", REPLACEMENT, printable(value)))


def bicep_literal(value: str) -> str:
    """A Bicep string in single quotes, with nothing left to interpolate."""
    escaped = printable(value).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{escaped}'"


def terraform_literal(value: str) -> str:
    """An HCL string in double quotes, without interpolation or template directives.

    A sign before the one that is doubled is written as its code, so that `$${` has one reading only.
    """
    escaped = printable(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{re.sub(r"([$%]*)([$%]){", _hcl_escaped, escaped)}"'


def _hcl_escaped(opening: re.Match[str]) -> str:
    before = "".join(f"\\u{ord(sign):04x}" for sign in opening[1])
    return before + opening[2] * 2 + "{"


DIALECTS: Mapping[str, Callable[[str], str]] = {
    "az": az_literal,
    "bicep": bicep_literal,
    "terraform": terraform_literal,
}


QUOTES: Mapping[str, str] = {"az": "", "bicep": "'", "terraform": '"'}
"""What stands on both sides of a literal in which nothing had to be escaped."""


def is_plain(value: str) -> bool:
    """Whether every dialect has the value between its `QUOTES` and unchanged."""
    return all(quote(value) == f"{QUOTES[name]}{value}{QUOTES[name]}" for name, quote in DIALECTS.items())


def texts(remediation: Remediation) -> dict[str, str]:
    """Dialect to the text as the check gives it, in the order of `DIALECTS`; "" where it gives none."""
    return {"az": remediation.az, "bicep": remediation.bicep, "terraform": remediation.terraform}


@cache
def placeholders(remediation: Remediation) -> tuple[str, ...]:
    """The names the fix needs, sorted."""
    return tuple(
        sorted({name for text in texts(remediation).values() for name in _PLACEHOLDER.findall(text)})
    )


def require(remediation: Remediation, values: Collection[str]) -> None:
    """Raise ReportError for a placeholder that is not among the names of `values`."""
    for name in placeholders(remediation):
        if name not in values:
            raise ReportError(
                f"The fix {remediation.summary!r} wants {{{{{name}}}}}, which is no column of its check's "
                f"table. It may use: {', '.join(sorted(values))}."
            )


def filled(remediation: Remediation, values: Mapping[str, str]) -> dict[str, str]:
    """Dialect to its text with every placeholder replaced by a literal, each exactly once.

    Raises ReportError for a placeholder that `values` does not have.
    """
    require(remediation, values)
    return {dialect: _with_literals(text, dialect, values) for dialect, text in texts(remediation).items()}


def _with_literals(text: str, dialect: str, values: Mapping[str, str]) -> str:
    literal = DIALECTS[dialect]
    return _PLACEHOLDER.sub(lambda found: literal(values[found[1]]), text)
