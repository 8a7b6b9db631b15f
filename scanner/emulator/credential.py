"""A credential for the emulator that asks nobody: it returns the token the emulator accepts."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from scanner.emulator.tenants.identity import CLIENT_ID, CLIENT_SECRET, EXPIRES_ON, TENANT_ID, access_token

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "EmulatorCredential"]


class EmulatorCredential:
    """An async credential, as azure-core expects it, whose fixed token only the emulator accepts."""

    def __init__(self, tenant_id: str = TENANT_ID) -> None:
        """Create the credential of the emulator's client in that tenant."""
        self._token = access_token(tenant_id)

    async def get_token(
        self,
        *_scopes: str,
        claims: str | None = None,  # noqa: ARG002 - azure-core passes it by name
        tenant_id: str | None = None,  # noqa: ARG002 - azure-core passes it by name
        enable_cae: bool = False,  # noqa: ARG002 - azure-core passes it by name
        **_rest: Any,
    ) -> AccessToken:
        """The fixed token, whatever was asked for."""
        return AccessToken(self._token, EXPIRES_ON)

    async def get_token_info(
        self,
        *_scopes: str,
        options: TokenRequestOptions | None = None,  # noqa: ARG002 - azure-core passes it by name
    ) -> AccessTokenInfo:
        """The fixed token, whatever was asked for."""
        return AccessTokenInfo(self._token, EXPIRES_ON)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> EmulatorCredential:
        """The credential itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Nothing is open."""
