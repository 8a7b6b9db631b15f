"""Reads the identity from an access token. The token itself is never shown."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from scanner.payloads import json_members


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An identity by its ids, "" if unknown. It has no name, because a name may be an e-mail address."""

    kind: str
    tenant_id: str = ""
    object_id: str = ""
    client_id: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        ids = {"tenant": self.tenant_id, "object id": self.object_id, "client id": self.client_id}
        return ", ".join([self.kind, *(f"{name} {value}" for name, value in ids.items() if value)])


def identity_of(token: str) -> Identity:
    """Return the identity in the claims of an access token. Azure verifies the token, this function does not.

    Only tokens of users have `scp` (access token claims reference, 2026-11). `xms_mirid` is the resource id
    of a managed identity; Entra does not document it.
    """
    claims = _claims(token)
    if not claims:
        return Identity(kind="a token without an identity")
    return Identity(
        kind=_kind(claims),
        tenant_id=json_members.text(claims, "tid") or "",
        object_id=json_members.text(claims, "oid") or "",
        client_id=json_members.text(claims, "appid") or json_members.text(claims, "azp") or "",
    )


def _kind(claims: json_members.Object) -> str:
    if "scp" in claims:
        return "user"
    return "managed identity" if "xms_mirid" in claims else "service principal"


def _claims(token: str) -> json_members.Object:
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
