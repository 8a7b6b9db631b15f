"""Make text from Azure safe to print: on a terminal, into a pipe or a log, and as a cell of a CSV file."""

from __future__ import annotations

import re
import unicodedata

UNSEEN = (
    "\x7f-\x9f"  # control characters that JSON does not escape
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they reorder what a reader sees
    "\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # nobody sees them
    "\u2028\u2029"  # line breaks
)
"""Characters that a terminal or a reader acts upon, as a class of a regular expression. Formats escape them."""

_ACTED_UPON = re.compile(
    f"[\x00-\x1f{UNSEEN}"
    "\ud800-\udfff]"  # halves of a character, which no encoding can write
    r"|:(?=:[A-Za-z-]+(?:\s.*)?::)"  # a command to GitHub Actions: ::error file=a::text
    r"|\#(?=\#\w*\[)",  # a command to Azure Pipelines, GitHub or TeamCity: ##vso[task.complete]
    re.DOTALL,
)

_BLANKS = re.compile(
    r"[\s\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]*"
)
"""White space, and characters that look blank although Unicode does not call them white space."""

_SIGNS = frozenset("=+-@\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2795\u2796")


def harmless(text: str) -> str:
    r"""Return the text as one line that nothing acts upon: not a terminal, a log reader or a CI runner.

    A character that one of them would act upon becomes its escape, such as `\u001b`.
    """
    if text.isascii() and text.isprintable() and "::" not in text and "##" not in text:
        return text
    return _ACTED_UPON.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def is_formula(text: str) -> bool:
    """Check whether a spreadsheet may run the text: it starts with a sign of a formula, or one that looks alike.

    Blanks before the sign do not count. Source: OWASP, "CSV Injection" (2025).
    """
    blanks = _BLANKS.match(text)
    first = text[blanks.end() if blanks else 0 :][:1]
    return text[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", first) in _SIGNS
