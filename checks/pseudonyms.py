"""Replaces e-mail addresses by pseudonyms. The reader calls it for answers, and tag selectors for their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from unicodedata import normalize

_AT = r"(?:[@\uff20]|%(?:25)*40|\\+u(?:0040|[fF]{2}20)|&#(?:64|x40);|&commat;)"
"""The sign, also as URLs, JSON in a text and HTML write it."""
_LETTER = r"[^\s@\uff20\"'<>()\[\]{},;:\\/|=?&]"
_LOCAL = rf"(?<!{_LETTER}){_LETTER}+"
"""It starts after a sign that no address has, so that each word of a text is tried once."""
_QUOTED = r"\"[^\"<>@\s\\]{1,64}\\*\""
_LABEL = r"(?:[\w-]|\\+u[0-9A-Fa-f]{4}){1,63}"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL}){{0,8}}\.(?:xn--[\w-]{{2,59}}|[^\W\d_]{{2,63}})"
_ADDRESS = re.compile(f"(?:{_LOCAL}|{_QUOTED}){_AT}{_DOMAIN}")


PREFIX = "redacted-person-"


def plain(address: str) -> str:
    """Return an address in one spelling, whatever the case of its letters and the form of its @."""
    return re.sub(_AT, "@", normalize("NFKC", address)).casefold()


def pseudonym(address: str) -> str:
    """Return the pseudonym of an address that a policy names: the same for every spelling.

    It has no key, so that a scan, an auditor's replay and a policy agree. A reader who has a list of addresses can
    compute it, so a scan gives it only to the addresses that its policies name.
    """
    return f"{PREFIX}{sha256(plain(address).encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def with_pseudonyms(text: str, of: Callable[[str], str] = pseudonym) -> str:
    """Return the text with the pseudonym in place of every e-mail address. `of` returns that of one address."""
    return _ADDRESS.sub(lambda found: of(found.group()), text) if may_hold_address(text) else text


def addresses_in(text: str) -> frozenset[str]:
    """Return the e-mail addresses in a text, as `plain` writes them."""
    return frozenset(map(plain, _ADDRESS.findall(text))) if may_hold_address(text) else frozenset()


def without_addresses(text: str, replacement: str) -> str:
    """Return the text with `replacement` in place of every e-mail address."""
    return _ADDRESS.sub(replacement, text) if may_hold_address(text) else text


def may_hold_address(text: str) -> bool:
    """Check whether the text has a sign of an e-mail address."""
    return "@" in text or "%" in text or "\uff20" in text or "\\" in text or "&" in text
