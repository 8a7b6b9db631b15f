"""ARM's error bodies, worded as ARM words them (recordings and issue threads, read in August 2026)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.emulator.actions import action_of, scope_of, spelled
from scanner.emulator.routes import Target
from scanner.emulator.tenants.identity import OBJECT_ID, USER_NAME

LOCATIONS = ("eastus", "northeurope", "swedencentral", "westeurope", "westus3")


@dataclass(frozen=True, kw_only=True)
class ArmError:
    """One refusal: HTTP status, ARM code and message.

    A nested detail names the namespace `detail_target`, or has the text `detail`.
    """

    status: int
    code: str
    message: str
    detail_target: str | None = None
    detail: str = ""

    def body(self) -> bytes:
        """The error envelope as JSON."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.detail:
            error["details"] = [{"code": self.code, "message": self.detail}]
        if self.detail_target:
            error["details"] = [{"code": self.code, "target": self.detail_target, "message": self.message}]
        return json.dumps({"error": error}).encode()


def missing_api_version() -> ArmError:
    """400: the request names no api-version."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return ArmError(status=400, code="MissingApiVersionParameter", message=message)


def unsupported_api_version(target: Target, version: str, supported: Iterable[str]) -> ArmError:
    """400: the api-version is not one of those offered for that type; the message lists them."""
    listed = ", ".join(sorted(supported))
    if target.resource_type.startswith("microsoft.resources/"):
        message = f"The api-version '{version}' is invalid. The supported versions are '{listed}'."
        return ArmError(status=400, code="InvalidApiVersionParameter", message=message)
    message = (
        f"No registered resource provider found for location '{LOCATIONS[0]}' and API version '{version}' "
        f"for type '{target.resource_type.partition('/')[2]}'. The supported api-versions are '{listed}'. "
        f"The supported locations are '{', '.join(LOCATIONS)}'."
    )
    return ArmError(status=400, code="NoRegisteredProviderFound", message=message)


def invalid_resource_type(target: Target, version: str) -> ArmError:
    """404: the namespace has no such type, or the path is none of ARM's."""
    namespace, _, name = target.resource_type.partition("/")
    message = (
        f"The resource type '{name or target.spelled}' could not be found in the namespace "
        f"'{namespace or 'Microsoft.Resources'}' for api version '{version}'."
    )
    return ArmError(status=404, code="InvalidResourceType", message=message)


def invalid_token() -> ArmError:
    """401: no bearer token, or not one the emulator issued."""
    return ArmError(
        status=401, code="InvalidAuthenticationToken", message="The access token is missing or invalid."
    )


def wrong_tenant(tenant_id: str) -> ArmError:
    """401: a token of a tenant that the subscription does not belong to."""
    message = (
        f"The access token is from the wrong issuer 'https://sts.windows.net/{tenant_id}/'. It must match the tenant "
        "associated with this subscription. Please use correct authority to get the token."
    )
    return ArmError(status=401, code="InvalidAuthenticationTokenTenant", message=message)


def expired_token() -> ArmError:
    """401: a token the emulator issued, past its end."""
    return ArmError(
        status=401,
        code="ExpiredAuthenticationToken",
        message="The access token expiry UTC time is earlier than current UTC time.",
    )


def not_found(target: Target) -> ArmError:
    """404: the subscription, the resource group or the resource does not exist."""
    start = target.path.rfind("/providers/") + len("/providers/")
    namespace, *segments = target.spelled[start:].split("/")
    name = "/".join([namespace, *segments[0::2], *segments[1::2]])
    group = target.spelled.split("/")[4] if "/resourcegroups/" in target.path else "<null>"
    message = (
        f"The Resource '{name}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(status=404, code="ResourceNotFound", message=message)


def group_not_found(target: Target) -> ArmError:
    """404: the resource group does not exist."""
    message = f"Resource group '{target.spelled.split('/')[4]}' could not be found."
    return ArmError(status=404, code="ResourceGroupNotFound", message=message)


def subscription_not_found(target: Target) -> ArmError:
    """404: the token sees no such subscription."""
    message = f"The subscription '{target.subscription}' could not be found."
    return ArmError(status=404, code="SubscriptionNotFound", message=message)


def authorization_failed(target: Target) -> ArmError:
    """403: the client, named by its mail address, may not read that scope."""
    message = (
        f"The client '{USER_NAME}' with object id '{OBJECT_ID}' does not have authorization to perform "
        f"action '{action_of(target)}' over scope '{scope_of(target)}' or the scope is invalid. If access "
        "was recently granted, please refresh your credentials."
    )
    return ArmError(status=403, code="AuthorizationFailed", message=message)


def missing_registration(target: Target) -> ArmError:
    """409: the resource provider is not registered in the subscription."""
    namespace = spelled(target.resource_type.partition("/")[0])
    message = (
        "The subscription registration is in 'Unregistered' state. The subscription must be registered to "
        f"use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
    )
    return ArmError(
        status=409, code="MissingSubscriptionRegistration", message=message, detail_target=namespace
    )


def throttled(target: Target, seconds: float | None) -> ArmError:
    """429: the subscription's read bucket is empty."""
    message = (
        f"Number of requests for subscription '{target.subscription or '<null>'}' and operation "
        f"'GET/SUBSCRIPTIONS' exceeded the backend storage limit. Please try again after '{seconds or 0:g}' "
        "seconds."
    )
    return ArmError(status=429, code="SubscriptionRequestsThrottled", message=message)


def provider_throttled(operation: str) -> ArmError:
    """429: the storage provider's own count of an operation, such as "Read", is used up. As recorded in 2022."""
    message = (
        f"The request is being throttled as the limit has been reached for operation type - "
        f"{operation}_ObservationWindow_00:05:00. For more information, see - https://aka.ms/srpthrottlinglimits"
    )
    return ArmError(status=429, code="TooManyRequests", message=message)


def graph_error(status: int, detail: str = "") -> ArmError:
    """Return a refusal as Resource Graph writes it: the details have the reason, the message has an id only."""
    code, usual = {
        400: ("BadRequest", "The request is not valid."),
        403: (
            "AccessDenied",
            "Access is denied to the requested resource. The user might not have enough permission.",
        ),
        429: (
            "RateLimiting",
            "Client application has been throttled and should not attempt to repeat the request until an "
            "amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.",
        ),
    }[status]
    message = (
        "Please provide below info when asking for support: timestamp = 2026-01-15T09:00:00.0000000Z, "
        "correlationId = 00000000-0000-4000-8000-000000000000."
    )
    return ArmError(status=status, code=code, message=message, detail=detail or usual)


def method_not_allowed(method: str) -> ArmError:
    """Return 405, because the emulator changes nothing."""
    message = f"The requested resource does not support http method '{method}'."
    return ArmError(status=405, code="MethodNotAllowed", message=message)


def unavailable(status: int) -> ArmError:
    """Return a 5xx of a service that failed or is overloaded. Any other status gets a code that names the emulator."""
    known = {
        500: ("InternalServerError", "The server encountered an internal error. Please retry the request."),
        503: ("ServerBusy", "The server is currently unable to handle the request. Please retry later."),
    }
    code, message = known.get(status, ("EmulatedFault", f"A fault makes the emulator answer {status}."))
    return ArmError(status=status, code=code, message=message)
