"""Quote names as literals of the Azure CLI, Bicep and Terraform, to fill in the fix of a check.

A name comes from Azure or from an export and can hold anything. Characters that a terminal or a parser acts
upon are replaced (no Azure name has them), and the rest is quoted. `filled_in`, or the script
of the page, does the filling.
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
    """Return the value with U+FFFD for every character that a terminal would obey instead of show."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(REPLACEMENT if unicodedata.category(char) in _ACTED_UPON else char for char in value)


def az_literal(value: str) -> str:
    """Return one word of a POSIX shell that `az` takes for a value.

    A leading `-` would be read as an option and a leading `@` as the name of a file to load
    (Azure CLI conventions, 2025), so these become U+FFFD as well.
    """
    return shlex.quote(re.sub(r"^[-@]", REPLACEMENT, printable(value)))


def bicep_literal(value: str) -> str:
    """Return a Bicep string in single quotes, without interpolation."""
    escaped = printable(value).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{escaped}'"


def terraform_literal(value: str) -> str:
    """Return an HCL string in double quotes, without interpolation or template directives.

    A sign before the doubled one is written as its code, because `$$${` would be ambiguous.
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
"""The quote around a literal in which nothing is escaped."""


def is_plain(value: str) -> bool:
    """Return whether every dialect writes the value unchanged between its `QUOTES`."""
    return all(quote(value) == f"{QUOTES[name]}{value}{QUOTES[name]}" for name, quote in DIALECTS.items())


def texts(remediation: Remediation) -> dict[str, str]:
    """Return dialect to the text of the fix, in the order of `DIALECTS`; "" if the check has none."""
    return {"az": remediation.az, "bicep": remediation.bicep, "terraform": remediation.terraform}


@cache
def placeholders(remediation: Remediation) -> tuple[str, ...]:
    """Return the names that the fix needs, whatever the resource, sorted."""
    every = (*texts(remediation).values(), *remediation.marked)
    return tuple(sorted({name for text in every for name in _PLACEHOLDER.findall(text)}))


def filled_in(text: str, literals: Mapping[str, str]) -> str:
    """Return the text of a fix with each placeholder replaced by its literal, which is quoted already."""
    return _PLACEHOLDER.sub(lambda match: literals[match[1]], text)


def require(remediation: Remediation, values: Collection[str]) -> None:
    """Raise ReportError for a placeholder that is not among the names of `values`."""
    for name in placeholders(remediation):
        if name not in values:
            raise ReportError(
                f"The fix {remediation.summary!r} uses {{{{{name}}}}}, which is not a column of its check's "
                f"table. It may use: {', '.join(sorted(values))}."
            )
