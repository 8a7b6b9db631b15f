"""The template environment and the content security policy of both pages, the report and the drift."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.origin import spelled_out


@cache
def environment() -> Environment:
    """Return the environment: autoescape is on, and a missing variable is an error. It keeps compiled templates."""
    templates = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "moment": spelled_out,
        "number": "{:,}".format,
        "words": _words,
        "unwrapped": _unwrapped,
    }
    templates.tests["single"] = lambda items: len(items) == 1
    return templates


def content_security_policy(style: str, script: str) -> str:
    """Return the policy that allows only this style and this script, and loads nothing."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types annex"
    )


def _words(name: str) -> str:
    """Return a name in camel case, such as `networkSecurityPerimeterConfigurations`, as words."""
    return re.sub(
        r"\b[a-z]+(?:[A-Z][a-z]+)+\b", lambda found: re.sub("([A-Z])", r" \1", found[0]).lower(), name
    )


def _unwrapped(text: str) -> str:
    """Return a docstring without the line breaks inside its paragraphs and list items."""
    return re.sub(r"(?<=\S)\n(?=[^\s*-])", " ", text)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
