"""Signing in and finding the cloud: the token endpoint, its OpenID configuration, and /metadata/endpoints."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.emulator.answers import Answer, encoded, refusal
from scanner.emulator.envelopes import missing_api_version
from scanner.emulator.tenants.identity import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.tokens import Tokens
from scanner.emulator.versions import Document


def cloud_metadata(query: Mapping[str, str], base_url: str) -> Answer:
    """The clouds this endpoint knows: a list since 2019-05-01, one object in the older form."""
    version = query.get("api-version", "")
    if not version:
        return refusal(missing_api_version())
    if version < "2019-05-01":
        return Answer(status=200, body=encoded(_single_cloud(base_url)))
    return Answer(status=200, body=encoded([_cloud(base_url)]))


def openid_configuration(tenant_id: str, base_url: str) -> Answer:
    """Return the endpoint for tokens of that tenant."""
    tenant_url = f"{base_url}/{tenant_id}"
    configuration = {
        "token_endpoint": f"{tenant_url}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "authorization_endpoint": f"{tenant_url}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{tenant_url}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{tenant_url}/discovery/v2.0/keys",
        "issuer": f"{tenant_url}/v2.0",
        "response_types_supported": ["code", "id_token", "token"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid"],
    }
    return Answer(status=200, body=encoded(configuration))


def token(form: Mapping[str, str], asked_tenant: str, tenant_id: str, tokens: Tokens, now: float) -> Answer:
    """A token for the emulator's client in its tenant, granted `now`, or Entra's refusal."""
    if asked_tenant.lower() != tenant_id.lower():
        return _refused(400, "invalid_request", 90002, f"Tenant '{asked_tenant}' not found.")
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    if form.get("client_id") != CLIENT_ID:
        message = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
        return _refused(400, "unauthorized_client", 700016, message)
    if form.get("client_secret") != CLIENT_SECRET:
        return _refused(
            401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret value is sent."
        )
    access_token, seconds = tokens.grant(now)
    granted = {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": access_token,
    }
    return Answer(status=200, body=encoded(granted))


def _refused(status: int, error: str, number: int, message: str) -> Answer:
    trace = "7e57ab1e-0000-4000-8000-000000000000"
    body = {
        "error": error,
        "error_description": f"AADSTS{number}: {message} Trace ID: {trace} Correlation ID: {trace} "
        "Timestamp: 2026-01-15 09:00:00Z",
        "error_codes": [number],
        "timestamp": "2026-01-15 09:00:00Z",
        "trace_id": trace,
        "correlation_id": trace,
    }
    return Answer(status=status, body=encoded(body))


def _authentication(base_url: str) -> Document:
    return {"loginEndpoint": base_url, "audiences": [f"{base_url}/"]}


def _single_cloud(base_url: str) -> Document:
    return {
        "galleryEndpoint": f"{base_url}/gallery/",
        "graphEndpoint": f"{base_url}/graph/",
        "portalEndpoint": f"{base_url}/portal/",
        "authentication": _authentication(base_url),
    }


def _cloud(base_url: str) -> Document:
    return {
        "name": "AzureEmulator",
        "resourceManager": f"{base_url}/",
        "portal": f"{base_url}/portal",
        "authentication": {**_authentication(base_url), "tenant": "common", "identityProvider": "AAD"},
        "graph": f"{base_url}/graph/",
        "graphAudience": f"{base_url}/graph/",
        "batch": f"{base_url}/batch/",
        "suffixes": {
            "acrLoginServer": "azurecr.example",
            "keyVaultDns": "vault.example",
            "storage": "core.example",
        },
    }
