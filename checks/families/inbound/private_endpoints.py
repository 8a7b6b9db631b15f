"""PEP: the private endpoints through which clients reach the workspace."""

from __future__ import annotations

from pydantic import Field

from checks.contract.connections import carries_traffic, is_approved
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, children_named, says, subscription_of, texts
from checks.families import frameworks, pages
from checks.families.dependencies.facts import SubscriptionId
from checks.families.inbound import endpoint_networks
from checks.fixes.access.private_endpoints import CONNECTION_REMOVED, CONNECTION_SETTLED, ENDPOINT_CREATED
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check


class AllowedSubscriptions(Params):
    """The subscriptions that private endpoints or their targets may be in."""

    allowed_subscriptions: tuple[SubscriptionId, ...] = Field(
        default=(), description="Subscription ids that are allowed; while empty the check does not apply."
    )


@check(
    id="PEP001",
    title="An approved private endpoint exists",
    over="workspaces",
    severity=Severity.HIGH,
    reads=(
        "workspaces.public_network_access",
        "workspaces.private_endpoint_connections_known",
        "private_endpoint_connections.status",
        "private_endpoint_connections.provisioning_state",
        "private_endpoint_connections.private_endpoint_id",
    ),
    remediation=ENDPOINT_CREATED,
    controls=frameworks.PRIVATE_LINK,
    references=(pages.PRIVATE_LINK, pages.ENDPOINT_APPROVAL),
    looks_at="workspace",
)
def approved_private_endpoint_exists(tables: Tables, _params: Params) -> Answers:
    """Without a private endpoint, clients reach the workspace only over the internet.

    One connection passes whose status is Approved, whose provisioning succeeded and whose private endpoint
    exists. Pending, Rejected, Disconnected and Timeout carry no traffic and do not count; neither do connections
    that failed, are being created or deleted, or lost their endpoint. If the connections were not all read, or a
    part of one that could count was not reported or is an undocumented word, the answer is unknown. With public
    network access disabled and no such connection nobody can reach the workspace, and the reason states it.
    """
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    known, status = workspaces["private_endpoint_connections_known"], connections["status"]
    seen = children_named(status, pd.Series(data=True, index=status.index), connections, workspaces)
    is_closed = says(workspaces["public_network_access"], "Disabled").fillna(value=False)
    consequence = pd.Series("", index=workspaces.index, dtype="string").mask(
        is_closed, " Public network access is disabled too, so the workspace is unreachable."
    )
    return answer(
        known=known,
        passed=any_child(carries_traffic(connections), connections, workspaces, known=known),
        observed=("connections: " + seen)
        .mask(seen.eq(""), "no connections")
        .where(known.fillna(value=False), "not read"),
        expected="at least one connection that is Approved and provisioned",
        failed="No private endpoint connection is Approved and provisioned." + consequence,
        unknown="The private endpoint connections were not all read, or the status, the provisioning state or the "
        "endpoint of one of them was not reported or is an undocumented word.",
    )


@check(
    id="PEP002",
    title="No private endpoint connection waits or was refused",
    over="private_endpoint_connections",
    severity=Severity.MEDIUM,
    reads=("private_endpoint_connections.status", "private_endpoint_connections.description"),
    remediation=CONNECTION_SETTLED,
    controls=frameworks.INBOUND,
    references=(pages.ENDPOINT_APPROVAL,),
    looks_at="row",
)
def private_endpoint_connection_is_settled(tables: Tables, _params: Params) -> Answers:
    """A pending connection asks for access to the workspace. Clients of a rejected connection fail without an error.

    Approved passes; Pending, Rejected, Disconnected and Timeout fail. The answer is unknown if Azure did
    not report the status or reported an undocumented word.
    """
    connections = tables.private_endpoint_connections
    status = connections["status"]
    description = connections["description"].replace("", pd.NA)
    note = (' Its owner wrote: "' + description + '".').fillna("")
    return answer(
        known=is_approved(connections).notna(),
        passed=is_approved(connections),
        observed=status,
        expected="Approved",
        failed="The connection {connection} is {status}.{note}",
        values={"note": note},
        unknown="The status was not reported, or is a word this check does not know.",
    )


@check(
    id="PEP003",
    title="Private endpoints come from allowed subscriptions",
    over="private_endpoint_connections",
    severity=Severity.MEDIUM,
    reads=("private_endpoint_connections.private_endpoint_id",),
    remediation=CONNECTION_REMOVED,
    controls=frameworks.INBOUND,
    references=(pages.ENDPOINT_APPROVAL,),
    params=AllowedSubscriptions,
    looks_at="row",
)
def private_endpoint_comes_from_allowed_subscription(tables: Tables, params: AllowedSubscriptions) -> Answers:
    """A private endpoint may sit in any subscription or tenant and opens the workspace to that network.

    The subscription in the endpoint's resource id has to be one the policy allows; while the policy
    names none the check does not apply. An id that was not reported, or holds no subscription, is
    unknown. The state of the connection does not matter: an approval may follow.
    """
    endpoint = tables.private_endpoint_connections["private_endpoint_id"]
    subscription = texts(endpoint, lambda id: subscription_of(id) or "")
    return answer(
        known=subscription.ne(""),
        passed=says(subscription, *params.allowed_subscriptions),
        applies=pd.Series(bool(params.allowed_subscriptions), index=endpoint.index),
        observed=endpoint,
        expected="an endpoint in {allowed}",
        values={"allowed": ", ".join(params.allowed_subscriptions) or "any subscription"},
        failed="The private endpoint is in the subscription " + subscription + ", which is not allowed.",
        unknown="The id of the private endpoint was not reported.",
        not_applicable="The policy names no allowed subscriptions.",
    )


CHECKS: tuple[Check, ...] = (
    approved_private_endpoint_exists,
    private_endpoint_connection_is_settled,
    private_endpoint_comes_from_allowed_subscription,
    *endpoint_networks.CHECKS,
)

DESCRIPTION = "private endpoints"
