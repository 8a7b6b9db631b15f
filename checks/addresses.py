"""Replaces e-mail addresses by pseudonyms. The reader calls it for answers, and tag selectors for their values."""

from __future__ import annotations

import re
from hashlib import sha256
from unicodedata import normalize

_AT = r"(?:[@\uff20]|%(?:25)*40)"
_LETTER = r"[^\s@\uff20\"'<>()\[\]{},;:\\/|=?&]"
_LOCAL = rf"(?<!{_LETTER}){_LETTER}+"
"""It starts after a sign that no address has, so that each word of a text is tried once."""
_DOMAIN = r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.(?:xn--[\w-]{2,59}|[^\W\d_]{2,63})"
_ADDRESS = re.compile(_LOCAL + _AT + _DOMAIN)


def pseudonym(address: str) -> str:
    """Return the pseudonym of an address: the same for every spelling of its case and its @.

    Nothing secret goes in, so that two scans, an auditor's replay and a policy agree. A reader who has a list of
    addresses can compute the pseudonym of each.
    """
    plain = re.sub(_AT, "@", normalize("NFKC", address)).casefold()
    return f"redacted-person-{sha256(plain.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def with_pseudonyms(text: str) -> str:
    """Return the text with the pseudonym in place of every e-mail address."""
    return _ADDRESS.sub(lambda found: pseudonym(found.group()), text) if may_hold_address(text) else text


def without_addresses(text: str, replacement: str) -> str:
    """Return the text with `replacement` in place of every e-mail address."""
    return _ADDRESS.sub(replacement, text) if may_hold_address(text) else text


def may_hold_address(text: str) -> bool:
    """Check whether the text has a sign of an e-mail address."""
    return "@" in text or "%" in text or "\uff20" in text
