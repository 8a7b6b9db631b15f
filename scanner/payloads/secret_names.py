"""Decides by the name of a member, without its value, whether it is a secret. `redaction` calls it for every member.

A name is split into words, whatever its spelling: `sasToken`, `sas_token` and `SAS-Token` are `sas` and `token`.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise


class Treatment(Enum):
    """The treatment of a member's value."""

    KEEP = auto()
    DROP = auto()
    """The value is replaced as a whole: a secret, a person, or free text that no check reads."""
    LINK = auto()
    """The link or token of the next page, which must stay as Azure wrote it."""
    TAGS = auto()
    NAMED = auto()
    """An object whose members are named by customers, so that their names mean nothing."""
    ERROR = auto()
    """An error, whose texts may name the user."""
    SYSTEM = auto()
    """The authors of a resource and of its last change, and the times."""


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SECRET_WORDS = frozenset((
    "credential", "credentials", "passphrase", "passwd", "password", "passwords", "pat", "pats", "pwd",
    "sas", "secret", "secrets", "token", "tokens",
))  # fmt: skip
_KEYS = frozenset({"key", "keys"})
_PUBLIC = frozenset({"public", "partition", "row", "sort", "foreign", "managed"})
"""A key after one of these words is no secret: `publicKey`, and `customer_managed_key`, which names a key."""
_HARMLESS_ENDS = frozenset((
    "access", "allowed", "at", "authentication", "count", "disabled", "enabled", "expiry", "format", "id",
    "identity", "kind", "length", "mode", "on", "policy", "provider", "reference", "required", "rule",
    "source", "state", "status", "type", "version",
))  # fmt: skip
"""A name that ends with one of these words describes a secret and does not hold it: `tokenType`, `secretsType`."""
RUN_TOGETHER = (
    "password", "passphrase", "secret", "accountkey", "accesskey", "sharedkey", "apikey", "primarykey",
    "secondarykey", "privatekey", "instrumentationkey", "insightskey", "masterkey", "sastoken", "accesstoken",
    "connectionstring", "connectionstrings",
)  # fmt: skip
"""The ends of names that are written without a sign between words, such as `clientsecret`."""
DROPPED = frozenset((
    "authorization", "connectionstring", "connectionstrings", "cookie", "environmentvariables",
    "sasgetteruri", "sasuri", "sasurl", "scriptarguments", "scriptdata", "setupscripts", "sig",
    "sharedaccesssignature",
))  # fmt: skip
"""Secrets, and free text that no check reads: whole names."""
PERSONAL = frozenset((
    "adminusername", "altsecid", "assigneduser", "email", "emailaddress", "emails", "givenname", "mail",
    "puid", "surname", "upn", "useremail", "userid", "username", "usernames", "userobjectid", "userorgid",
    "userprincipalname", "usertenantid",
))  # fmt: skip
"""Members that name a person: whole names."""
ACTS = frozenset((
    "approved", "assigned", "changed", "created", "deleted", "invited", "modified", "owned", "requested",
    "updated",
))  # fmt: skip
_ERRORS = frozenset({"error", "errors", "innererror", "errorinformation", "provisioningerrors"})
_NAMED = frozenset({"outboundrules", "userassignedidentities"})


@lru_cache(maxsize=8192)
def treatment(name: str) -> Treatment:
    """Return what happens to the value of a member of that name."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    if joined in ("nextlink", "skiptoken"):
        return Treatment.LINK
    if joined in ("tags", "systemdata"):
        return Treatment.TAGS if joined == "tags" else Treatment.SYSTEM
    if joined in _NAMED:
        return Treatment.NAMED
    if joined in _ERRORS:
        return Treatment.ERROR
    if is_secret(name) or joined in PERSONAL or _is_person(words):
        return Treatment.DROP
    return Treatment.KEEP


@lru_cache(maxsize=8192)
def is_secret(name: str, *, in_tags: bool = False) -> bool:
    """Check whether a member of that name is a secret. A tag such as `cost-key` is none."""
    words = [word.lower() for word in _WORD.findall(name)]
    if "".join(words) in DROPPED:
        return True
    if not words or words[-1] in _HARMLESS_ENDS:
        return False
    if not SECRET_WORDS.isdisjoint(words) or "".join(words).endswith(RUN_TOGETHER):
        return True
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if words[-1] in _KEYS:
        return not in_tags and not (len(words) > 1 and words[-2] in _PUBLIC)
    return _holds_connection_string(words)


def _holds_connection_string(words: list[str]) -> bool:
    return any(first == "connection" and second in ("string", "strings") for first, second in pairwise(words))


def _is_person(words: list[str]) -> bool:
    """Check for names such as `createdBy` and `lastModifiedBy`."""
    return len(words) > 1 and words[-1] == "by" and words[-2] in ACTS
