"""Choose what closes a gap: by Azure's code, the kind of answer and its status.

`gaps.from_answer` calls `closes`. The first rule that fits decides, so the table is ordered from the particular
to the general.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.literals import az_literal
from scanner.payloads.json_members import without_tenant
from scanner.payloads.questions import Ask

_ACTION = re.compile(r"perform action '([^']+)'", re.IGNORECASE)
_SCOPE = re.compile(r"(?:over|on) scope '([^']+)'", re.IGNORECASE)
_OBJECT_ID = re.compile(r"object id '([^']+)'", re.IGNORECASE)

_PROVIDER = re.compile(r"/providers/([^/?#]+)", re.IGNORECASE)
_NO_ROLE = frozenset(
    {
        "authorizationfailed",
        "linkedauthorizationfailed",
        "rbacaccessdenied",
        "authorizationpermissionmismatch",
    }
)
"""The codes of refusals that a role ends, in lower case."""

RETRY_LATER = (
    "Run the audit again. If it fails again, open an Azure support case with the request id that "
    "--log-level info shows."
)
WEB_PAGE = (
    "The answer is a web page, so a proxy or the sign-in page of a network answered instead of Azure. Open "
    "Azure's address in a browser on this machine and follow the page, set HTTPS_PROXY to the proxy that "
    "lets Azure through, or list the host in NO_PROXY."
)
REDIRECTED = (
    "Something between this machine and Azure redirects the request, such as a proxy or the sign-in page of a "
    "network. Sign in to the network, or list the host in NO_PROXY. No redirect is followed."
)
PROXY_REFUSED = "The proxy in HTTPS_PROXY wants a user name and password. Add them to its address."
DENIED = (
    "A deny assignment blocks this identity, and no role can change that. Ask the owner of the deny assignment "
    "in the message to exclude the identity. Managed applications and deployment stacks create them."
)
OTHER_TENANT = (
    "The resource belongs to another tenant. Audit it with --tenant set to the tenant in the message. "
    "After a subscription has moved, this error can last an hour."
)
NEW_TOKEN = "Azure refused a new token, too. Check --auth, --tenant and --cloud, and sign in again."  # noqa: S105 - an advice
REFUSED = (
    "Azure refuses the request for the reason in the message. If the message names a permission, grant Reader or a "
    "role that has it. If it names a policy, a lock or a network rule, ask the owner of that."
)
WITHOUT_CODE = (
    "A refusal of Azure names a code, and this one does not, so a firewall or a proxy may have answered instead: check "
    "HTTPS_PROXY and NO_PROXY. If Azure itself refused:"
)
MISSING = "The resource does not exist (any more) or is hidden from this identity. Run the audit again."
BUSY = (
    "Another operation changes the resource or its provider. Wait until it ends, and run the audit again. "
    "The message names the operation."
)
NO_NAMESPACE = (
    "This cloud does not have the resource provider in the request. Check --cloud and --arm-endpoint, and the "
    "id that the workspace names."
)
NO_TYPE = (
    "This cloud does not offer the resource type, or not in this api-version. Check --cloud and --arm-endpoint, "
    "or choose policies without the checks that read it."
)
THROTTLED = "Azure throttles this identity. Allow a longer wait with --max-wait, or run the audit later."
UNAVAILABLE = (
    "Azure, or a proxy on the way, was not available. Run the audit again with --resume. "
    "If it lasts, look at https://status.azure.com."
)
ERROR_IN_200 = (
    "Azure answered 200 with an error in the body. Run the audit again. If it fails again, open an Azure support "
    "case with the request id that --log-level info shows."
)
GRAPH_GRANT = (
    "Resource Graph needs Reader on at least one of the subscriptions. Grant it there, or scan with "
    "--discover arm, which does not use Resource Graph."
)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer that is a gap: the question, and what the answer shows."""

    ask: Ask
    status: int
    code: str
    message: str
    is_web_page: bool = False


Rule = tuple[Callable[[Refusal], bool], str | Callable[[Refusal], str]]


def closes(refusal: Refusal) -> str:
    """Return what closes the gap of the refusal."""
    advice = next(advice for fits, advice in _RULES if fits(refusal))
    return advice if isinstance(advice, str) else advice(refusal)


def _code(*codes: str) -> Callable[[Refusal], bool]:
    wanted = {code.lower() for code in codes}
    return lambda refusal: refusal.code.lower() in wanted


def _status(*statuses: int) -> Callable[[Refusal], bool]:
    return lambda refusal: refusal.status in statuses


def _is_denied(refusal: Refusal) -> bool:
    return (
        refusal.code.lower() == "denyassignmentauthorizationfailed"
        or "deny assignment" in refusal.message.lower()
    )


def _without_subscription(reason: str) -> Callable[[Refusal], str]:
    def advice(refusal: Refusal) -> str:
        subscription = refusal.ask.subscription_id or "<id>"
        return f"{reason} To leave it out, add --exclude-subscription {az_literal(subscription)}."

    return advice


def _namespace(ask: Ask) -> str:
    """Return the last resource provider in the request."""
    found = _PROVIDER.findall(ask.url)
    return found[-1] if found else "Microsoft.MachineLearningServices"


def _register(refusal: Refusal) -> str:
    subscription = refusal.ask.subscription_id or "<id>"
    return (
        "The resource provider is not ready in this subscription. If resources of it are expected there, its owner can "
        f"register it: az provider register --namespace {az_literal(_namespace(refusal.ask))} "
        f"--subscription {az_literal(subscription)}"
    )


def _grant(refusal: Refusal) -> str:
    if refusal.ask.method == "POST":
        return GRAPH_GRANT
    action, scope, object_id = (
        match.group(1) if (match := pattern.search(refusal.message)) else ""
        for pattern in (_ACTION, _SCOPE, _OBJECT_ID)
    )
    ask = refusal.ask
    needed = f"a role with {action}" if action else "a role that may read it"
    where = (
        f"/subscriptions/{ask.subscription_id}" if ask.subscription_id else scope or without_tenant(ask.scope)
    )
    assignee = az_literal(object_id) if object_id else "<object-id>"
    return (
        f"Grant Reader (or {needed}): az role assignment create --assignee-object-id {assignee} "
        f"--role Reader --scope {az_literal(where)}"
    )


def _refused_without_code(refusal: Refusal) -> str:
    return f"{WITHOUT_CODE} {_grant(refusal)}"


def _needs_role(refusal: Refusal) -> bool:
    is_query = refusal.ask.method == "POST" and refusal.status == 403
    return is_query or refusal.code.lower() in _NO_ROLE or bool(_ACTION.search(refusal.message))


_RULES: Sequence[Rule] = (
    (_status(407), PROXY_REFUSED),
    (lambda refusal: refusal.is_web_page, WEB_PAGE),
    (lambda refusal: 300 <= refusal.status < 400, REDIRECTED),
    (_is_denied, DENIED),
    (_code("InvalidAuthenticationTokenTenant"), OTHER_TENANT),
    (
        _code("DisallowedOperation", "DisallowedProvider"),
        _without_subscription("The type of this subscription may not use the resource provider."),
    ),
    (
        _code("ReadOnlyDisabledSubscription", "SubscriptionDisabled"),
        _without_subscription(
            "The subscription is disabled, so Azure may refuse requests. Its owner can reactivate it."
        ),
    ),
    (
        _code("SubscriptionNotFound", "InvalidSubscriptionId"),
        _without_subscription("The subscription does not exist in this tenant. Check its id and --tenant."),
    ),
    (
        _code(
            "MissingSubscriptionRegistration",
            "MissingRegistrationForResourceProvider",
            "SubscriptionNotRegistered",
        ),
        _register,
    ),
    (_code("InvalidResourceNamespace"), NO_NAMESPACE),
    (_code("InvalidResourceType", "NoRegisteredProviderFound", "InvalidApiVersionParameter"), NO_TYPE),
    (_needs_role, _grant),
    (_code("InvalidAuthenticationToken", "ExpiredAuthenticationToken", "AuthenticationFailed"), NEW_TOKEN),
    (_status(401), NEW_TOKEN),
    (_code("HTTP403"), _refused_without_code),
    (_status(403), REFUSED),
    (_status(404, 410), MISSING),
    (_code("Conflict"), BUSY),
    (_status(409), BUSY),
    (_status(429), THROTTLED),
    (_status(502, 503, 504), UNAVAILABLE),
    (_status(200), ERROR_IN_200),
    (lambda _refusal: True, RETRY_LATER),
)
