"""Gives the e-mail addresses of one scan their pseudonyms, under a key that nobody keeps. `redaction` calls it.

A pseudonym is made when an answer is cleaned, so a replay needs no key. A scan that is resumed takes the key from its
interrupted one, and its workers get the same key.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from checks.pseudonyms import PREFIX, plain, pseudonym, with_pseudonyms

_DIGITS = 12


def new_key() -> bytes:
    """Return a random key for the pseudonyms of one scan."""
    return secrets.token_bytes(32)


@dataclass(frozen=True, kw_only=True)
class Pseudonyms:
    """The pseudonyms of one scan.

    `named` are the addresses that the policies and the scope name, as `plain` writes them. They get the pseudonym
    without a key, by which a policy or a scope selects a tag. The policy shows them to its readers anyway.
    """

    key: bytes = field(default_factory=new_key, repr=False)
    named: frozenset[str] = frozenset()

    def of(self, address: str) -> str:
        """Return the pseudonym of an address: the same for every spelling of its case and its @."""
        known = plain(address)
        if known in self.named:
            return pseudonym(address)
        digest = hmac.new(self.key, known.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
        return f"{PREFIX}{digest[:_DIGITS]}"

    def within(self, text: str) -> str:
        """Return the text with the pseudonym in place of every address."""
        return with_pseudonyms(text, self.of)
