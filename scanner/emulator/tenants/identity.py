"""The emulator's one client, and the unsigned tokens that the emulator issues."""

from __future__ import annotations

import base64
import json

TENANT_ID = "5a1c3f0e-7d42-5b86-9e11-0c64d2a7f3b9"
CLIENT_ID = "c0ffee00-4d2b-5e19-8a37-61f0b9d4e2a5"
CLIENT_SECRET = "emulator-secret-not-azure"  # noqa: S105 - opens nothing but this emulator
OBJECT_ID = "0b7ec7ed-93a4-5c06-b1d8-2e5f7a90c4d3"
USER_NAME = "auditor@example.com"
EXPIRES_ON = 4102444800
"""2100-01-01T00:00:00Z in Unix seconds: no clock is read to make or judge a token."""


def access_token(tenant_id: str = TENANT_ID, *, number: int = 0) -> str:
    """The bearer token of that tenant: three JWT-like parts, the last one empty because nothing is signed.

    Those with another number are other tokens.
    """
    claims: dict[str, object] = {
        "aud": "https://management.azure.com/",
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": 1767225600,
        "nbf": 1767225600,
        "exp": EXPIRES_ON,
        "appid": CLIENT_ID,
        "oid": OBJECT_ID,
        "tid": tenant_id,
        "ver": "1.0",
    }
    if number:
        claims["uti"] = str(number)
    return f"{_part({'typ': 'JWT', 'alg': 'none'})}.{_part(claims)}."


def _part(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
