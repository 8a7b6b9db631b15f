"""The templates of the texts in an answer: `The rule {rule} is {status}.` names columns of the row it is about.

Checks write templates, `checks.model.answer` fills in what a check computed, and the engine fills in each row's
columns. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PART = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")


def literal(text: str) -> str:
    """Return the template that shows exactly this text, braces included."""
    return text.replace("{", "{{").replace("}", "}}") if "{" in text or "}" in text else text


def names_in(template: str) -> set[str]:
    """Return the names that the template has to be filled with."""
    return {name for name in _PART.findall(template) if name} if "{" in template else set()


def filled(template: str, words: Mapping[str, str]) -> str:
    """Return the text of a template; `words` holds a value for every name in it."""
    return _PART.sub(lambda part: words[part[1]] if part[1] else part[0][0], template)


def partly_filled(template: str, words: Mapping[str, str]) -> str:
    """Return the template with these values in it as literal text; other names stay for later."""
    return _PART.sub(lambda part: literal(words[part[1]]) if part[1] in words else part[0], template)
