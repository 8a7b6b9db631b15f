"""The credential for the storage of an archive, made of the credential that reads Azure Resource Manager."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.credentials_async import AsyncSupportsTokenInfo


class StorageCredential:
    """Gets tokens for storage with a credential of its own, so that no token of Resource Manager goes to storage."""

    def __init__(self, make: Callable[[], AsyncSupportsTokenInfo]) -> None:
        """Use the maker of the credential that signs in."""
        self._make = make

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return a token for the scopes, as azure-core asks for it."""

        async def asked() -> AccessTokenInfo:
            credential = self._make()
            try:
                return await credential.get_token_info(*scopes, options=options)
            finally:
                await credential.close()

        return asyncio.run(asked())

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token for the scopes, as older callers ask for it."""
        found = self.get_token_info(*scopes, options={k: v for k, v in options.items() if v is not None})
        return AccessToken(found.token, found.expires_on)
