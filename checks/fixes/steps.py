"""Put the commands of a fix in order, and explain the names that the user has to set.

One name has three spellings: `$SUBNET_ID` in az, `subnetId` in Bicep and `var.subnet_id` in Terraform. `remediation`
explains each name that a text uses: az by a comment, Bicep by a parameter, Terraform by a variable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cache

from checks.fixes.marks import ANY_KIND, ANY_RESOURCE, is_marked, kept, only
from checks.fixes.names import LISTS, NAMES
from checks.model import Remediation

WARNING = "Warning: "
"""Begins the sentence before a step that deletes something or that Azure cannot undo."""

COMMENT = {"az": "#", "bicep": "//", "terraform": "#"}
"""The sign of a comment in each language."""
_NOT_READ_IN_BICEP = re.compile(r"'(?:[^'\\]|\\.)*'|//.*|\{\{\w+\}\}|\bresource \w+")
"""Texts, comments, placeholders and the names of resources. `'${name}'` is the one text that reads a name."""


def remediation(
    *, summary: str, caution: str, az: str = "", bicep: str = "", terraform: str = ""
) -> Remediation:
    """Return the fix with every name in its texts explained. Marked lines are left to `for_facts`."""
    texts = (az, bicep, terraform)
    plain = Remediation(summary=summary, caution=caution, marked=texts if any(map(is_marked, texts)) else ())
    return _explained(plain, [kept(text, ANY_RESOURCE) for text in texts])


@cache
def for_facts(fix: Remediation, facts: frozenset[str]) -> Remediation:
    """Return the fix for a resource with these facts of `checks.fixes.marks`."""
    return _explained(fix, [kept(text, facts) for text in fix.marked]) if fix.marked else fix


def _explained(fix: Remediation, texts: Collection[str]) -> Remediation:
    az, bicep, terraform = texts
    return replace(
        fix,
        az=_explained_az(az),
        bicep=_explained_bicep(bicep),
        terraform=_explained_terraform(terraform),
    )


def in_order(*steps: tuple[str, str]) -> str:
    """Return numbered steps. A step is a sentence and its commands."""
    return "\n".join(f"# {number}. {does}\n{lines}" for number, (does, lines) in enumerate(steps, 1))


def either(*alternatives: tuple[str, str], language: str = "az") -> str:
    """Return labelled alternatives. All but the first are comments."""
    mark = COMMENT[language]
    (when, first), *others = alternatives
    parts = [f"{mark} Either {when}:\n{first}"]
    parts += [f"{mark} Or {label}:\n{commented(text, language)}" for label, text in others]
    return "\n".join(parts)


def by_kind(*ways: tuple[Collection[str], str, str], language: str, unknown: str = ANY_KIND) -> str:
    """Return the text for each kind of workspace, and all as alternatives if the kind is not known.

    A way is its kinds, its label and its text. With `unknown` `ANY_TYPE` the kinds are types of endpoints.
    """
    labelled = either(*((label, text) for _, label, text in ways), language=language)
    return "\n".join([only(labelled, unknown), *(only(text, *kinds) for kinds, _, text in ways)])


def commented(text: str, language: str = "az") -> str:
    """Return the text with a comment sign before each line."""
    return "\n".join(f"{COMMENT[language]} {line}".rstrip() for line in text.splitlines())


def _explained_az(text: str) -> str:
    read = set(re.findall(r"\$(\w+)", text))
    used = [name for name in NAMES if name.upper() in read]
    return "\n".join([*(f"# {name.upper()}: {NAMES[name]}" for name in used), text]) if text else ""


def _explained_bicep(text: str) -> str:
    code = _NOT_READ_IN_BICEP.sub(lambda found: " ".join(re.findall(r"\$\{(\w+)\}", found[0])) + ",", text)
    declared = set(re.findall(r"^(?:resource|var) (\w+)", text, re.MULTILINE))
    read = _read_in(code) - declared
    lines = [line for name in NAMES if _CAMEL[name] in read for line in _parameter(name)]
    return "\n".join([*lines, text]) if text else ""


def _parameter(name: str) -> Iterator[str]:
    yield f"@description('{NAMES[name]}')"
    yield f"param {camel(name)} {LISTS.get(name, ('string', ''))[0]}"


def _read_in(code: str) -> set[str]:
    """Return the names that the code reads from outside.

    A name before a colon or after a dot is that of a property. The variable of a loop is the loop's own.
    """
    loops = re.findall(r"\bfor \(?(\w+)(?:, (\w+)\))? in (\w+)", code)
    own = {variable for *variables, _ in loops for variable in variables}
    looped = {values for *_, values in loops} - set(re.findall(r"\bvar (\w+)", code))
    return (set(re.findall(r"(?<![\w.])(\w+)\b(?!\s*:)", code)) | looped) - own


def camel(name: str) -> str:
    """Return the name as Bicep writes it."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


_CAMEL = {name: camel(name) for name in NAMES}


def _explained_terraform(text: str) -> str:
    read = set(re.findall(r"\bvar\.(\w+)", text))
    blocks = [
        f'variable "{name}" {{\n  type        = {LISTS.get(name, ("", "string"))[1]}\n'
        f'  description = "{NAMES[name]}"\n}}'
        for name in NAMES
        if name in read
    ]
    return "\n".join([*blocks, text]) if text else ""
