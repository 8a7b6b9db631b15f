"""The words and sentences that the project's style keeps out of its prose, and where the prose is.

`python -m tests.support.banned_words` prints every occurrence and the count.
"""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT

_FORMS = (
    *("tell", "tells", "told", "telling"),
    *("say", "says", "said", "saying"),
    *("speak", "speaks", "spoke", "spoken", "speaking"),
    *("stand", "stands", "stood", "standing"),
    *("bear", "bears", "bore", "borne", "bearing"),
    *("mend", "mends", "mended", "mending"),
    *("gives? up", "gave up", "given up", "giving up", "at hand"),
    *("whoever", "somebody"),
)
BANNED = re.compile(rf"\b(?:{'|'.join(_FORMS)})\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"(?:\A|[.:]\s+|\n\s*\n)\s*"
    r"((?:What|Who|Whoever|Whose|Which|Where|Whether|How (?:many|much|long|often|fast))\b[^.?]*[.])"
)
"""A sentence that starts with a relative clause. A question ends with a question mark."""
_CODE = re.compile(r"```.*?```|`[^`]*`|\{\{.*?\}\}|<[^<>]*>", re.DOTALL)

Prose = tuple[str, int, str]
"""File, line and text."""


def docstrings(file: Path) -> Iterator[Prose]:
    """Yield the docstrings, attribute docstrings and long texts of a module."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield str(file.relative_to(ROOT)), node.lineno, node.value


def comments(file: Path) -> Iterator[Prose]:
    """Yield the comments of a module."""
    with tokenize.open(file) as source:
        for token in tokenize.generate_tokens(source.readline):
            if token.type == tokenize.COMMENT:
                yield str(file.relative_to(ROOT)), token.start[0], token.string


def pages() -> Iterator[Prose]:
    """Yield the lines of documents, templates and policies."""
    files = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("deploy/**/*.md"),
        *ROOT.glob("cassettes/*.md"),
        *ROOT.glob("templates/*.*"),
        *ROOT.glob("checks/**/*.yaml"),
    ]
    for file in sorted(files):
        if file.suffix != ".py":
            yield str(file.relative_to(ROOT)), 1, file.read_text(encoding="utf-8")


def modules() -> Iterator[Path]:
    """Yield the modules of the product."""
    for package in ("checks", "reports", "scanner", "templates"):
        yield from sorted((ROOT / package).rglob("*.py"))


def banned_in(text: str) -> list[tuple[int, str]]:
    """Return the banned words of a text outside code quotes, each with its line from 0."""
    plain = _CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
    return [(plain.count("\n", 0, match.start()), match[0]) for match in BANNED.finditer(plain)]


def relative_in(text: str) -> list[tuple[int, str]]:
    """Return the sentences that start with a relative clause, each with its line from 0."""
    plain = _CODE.sub(lambda code: "x" + "\n" * code[0].count("\n"), text)
    return [(plain.count("\n", 0, match.start(1)), match[1]) for match in _RELATIVE.finditer(plain)]


def occurrences() -> list[str]:
    """Return `file:line: text` for every banned word, and every sentence with a relative clause at its start."""
    prose = [*pages()]
    for module in modules():
        prose += [*docstrings(module), *comments(module)]
    return [
        f"{file}:{line + below}: {found}"
        for file, line, text in prose
        for below, found in (*banned_in(text), *relative_in(text))
    ]


if __name__ == "__main__":
    listed = occurrences()
    print("\n".join(listed))  # noqa: T201
    print(len(listed))  # noqa: T201
