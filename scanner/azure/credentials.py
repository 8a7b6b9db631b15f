"""Makes the azure-identity credential that --auth names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RetryPolicy
from azure.identity import DeviceCodeCredential
from azure.identity.aio import (
    AzureCliCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from scanner.azure.clouds import Cloud, proxy_for
from scanner.azure.throttling import retry_after
from scanner.choices import Auth
from scanner.errors import CredentialError

_TAKES_CLIENT_ID = frozenset({Auth.DEFAULT, Auth.MANAGED_IDENTITY, Auth.WORKLOAD_IDENTITY, Auth.DEVICE_CODE})
_TAKES_TENANT = frozenset(Auth) - {Auth.MANAGED_IDENTITY}


_LONGEST_WAIT = 30.0


class _BriefRetries(RetryPolicy[Any, Any]):
    """Waits before a retry no longer than half a minute, whatever the token endpoint asks for.

    Only the device code needs it: it runs in a thread, which no timeout can end.
    """

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Return the seconds to wait by Retry-After, up to the limit. None for one that is no number or date."""
        wait = retry_after(response.http_response.headers, datetime.now(UTC))
        return None if wait is None else min(wait, _LONGEST_WAIT)


class _ForTenant:
    """An async credential that gets tokens of one tenant instead of the credential's default tenant."""

    def __init__(self, credential: Any, tenant: str | None, *, waits_for_person: bool) -> None:
        self._credential = credential
        self._tenant = tenant
        self.waits_for_person = waits_for_person

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        wanted: TokenRequestOptions = {**(options or {})}
        if self._tenant:
            wanted["tenant_id"] = self._tenant
        get = self._credential.get_token_info
        if asyncio.iscoroutinefunction(get):
            info: AccessTokenInfo = await get(*scopes, options=wanted)
            return info
        return await asyncio.to_thread(get, *scopes, options=wanted)

    async def close(self) -> None:
        closed = self._credential.close()
        if asyncio.iscoroutine(closed):
            await closed

    async def __aenter__(self) -> _ForTenant:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


def credential(
    auth: Auth,
    cloud: Cloud,
    *,
    tenant: str | None = None,
    client_id: str | None = None,
    ca_bundle: Path | None = None,
    prompt: Callable[[str], None] = print,
) -> AsyncSupportsTokenInfo:
    """Return the credential for `auth` in `cloud`, without signing in.

    `client_id` is a user-assigned identity or the application of a device code. `prompt` shows the device
    code to a person. Raises CredentialError for options that cannot work together.
    """
    if client_id and auth not in _TAKES_CLIENT_ID:
        raise CredentialError(f"--client-id does not work with --auth {auth.value}. Remove it.")
    if tenant and auth not in _TAKES_TENANT:
        raise CredentialError(
            f"--tenant does not work with --auth {auth.value}, because the identity has one tenant. Remove it."
        )
    if auth is not Auth.CLI and not cloud.authority.startswith("https://"):
        raise CredentialError(
            f"{cloud.arm_endpoint} has the login endpoint {cloud.authority}, but sign-in needs https. "
            "Use the endpoint's https address."
        )
    options: dict[str, Any] = {"authority": cloud.authority}
    if not cloud.is_known:
        options["disable_instance_discovery"] = True
    if ca_bundle:
        options["connection_verify"] = str(ca_bundle)
    if proxy := proxy_for(cloud.authority):
        options["proxies"] = {urlsplit(cloud.authority).scheme: proxy}
    try:
        made = _made(auth, options, tenant, client_id, prompt)
        return _ForTenant(made, tenant, waits_for_person=auth is Auth.DEVICE_CODE)
    except ValueError as error:
        raise CredentialError(f"--auth {auth.value}: {error}") from error


def waits_for_person(credential: AsyncSupportsTokenInfo) -> bool:
    """Check whether a person has to do something before the credential returns its first token."""
    return isinstance(credential, _ForTenant) and credential.waits_for_person


def _made(
    auth: Auth,
    options: dict[str, Any],
    tenant: str | None,
    client_id: str | None,
    prompt: Callable[[str], None],
) -> Any:
    allowed: dict[str, Any] = {"additionally_allowed_tenants": ["*"]} if tenant else {}
    tenant_id: dict[str, Any] = {"tenant_id": tenant} if tenant else {}
    client: dict[str, Any] = {"client_id": client_id} if client_id else {}
    match auth:
        case Auth.DEFAULT:
            kinds = ("managed_identity_client_id", "workload_identity_client_id")
            return DefaultAzureCredential(
                **options, **allowed, **(dict.fromkeys(kinds, client_id) if client_id else {})
            )
        case Auth.CLI:
            return AzureCliCredential(**tenant_id, **allowed)
        case Auth.MANAGED_IDENTITY:
            # A managed identity signs in at an endpoint of its own machine, not at the cloud's authority.
            verify = {name: value for name, value in options.items() if name == "connection_verify"}
            return ManagedIdentityCredential(**verify, **client)
        case Auth.WORKLOAD_IDENTITY:
            return WorkloadIdentityCredential(**options, **tenant_id, **client)
        case Auth.ENVIRONMENT:
            return EnvironmentCredential(**options, **allowed)
        case Auth.DEVICE_CODE:

            def shown(uri: str, code: str, _expires: object) -> None:
                prompt(f"To sign in, open {uri} and enter the code {code}.")

            limits: dict[str, Any] = {
                "retry_policy_class": _BriefRetries,
                "retry_total": 3,
                "read_timeout": 60,
            }
            return DeviceCodeCredential(prompt_callback=shown, **limits, **options, **tenant_id, **client)
