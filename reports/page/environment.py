"""The template environment and the content security policy of both pages, the report and the drift."""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.origin import spelled_out


def environment() -> Environment:
    """Return the environment: autoescape is on, and a missing variable is an error."""
    templates = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"moment": spelled_out, "number": "{:,}".format}
    templates.tests["single"] = lambda items: len(items) == 1
    return templates


def content_security_policy(style: str, script: str) -> str:
    """Return the policy that allows only this style and this script, and loads nothing."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types annex"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
