"""Who a token speaks for, as far as the token says; the token itself is never shown."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from scanner.payloads import json_members


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An identity by its ids; "" where the token does not say. No name: it may be a mail address."""

    kind: str
    tenant_id: str = ""
    object_id: str = ""
    client_id: str = ""

    def __str__(self) -> str:
        """One line for people."""
        ids = {"tenant": self.tenant_id, "object id": self.object_id, "client id": self.client_id}
        return ", ".join([self.kind, *(f"{name} {value}" for name, value in ids.items() if value)])


def identity_of(token: str) -> Identity:
    """The identity in the claims of an access token, which nobody verifies here: Azure does.

    `tid`, `oid`, `appid` or `azp`, and `scp`, which only tokens of users have: access token claims reference,
    2026-11. `xms_mirid` is a managed identity's resource id; Entra writes it and does not document it.
    """
    claims = _claims(token)
    if not claims:
        return Identity(kind="a token that does not say whose it is")
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
