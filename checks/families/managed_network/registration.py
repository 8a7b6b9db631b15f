"""MVN008: the resource provider that Azure needs for the private endpoints of a managed network."""

from __future__ import annotations

from checks.contract.isolation import MODE_READS, effective_mode, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import says, subscription_of, texts
from checks.families import pages
from checks.fixes.access.private_endpoints import NETWORK_PROVIDER_REGISTERED
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check


@check(
    id="MVN008",
    title="Microsoft.Network is registered in the subscription",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(*MODE_READS, "subscriptions.network_registration_state"),
    remediation=NETWORK_PROVIDER_REGISTERED,
    references=(f"{pages.MANAGED_NETWORK}#prerequisites", pages.RESOURCE_PROVIDERS),
)
def network_provider_is_registered(tables: Tables, _params: Params) -> Answers:
    """Azure cannot create the private endpoints of a managed network where Microsoft.Network is not registered.

    Asked while isolation is on, of the subscription of the workspace, or of its hub: the registration state of
    Microsoft.Network has to be Registered. NotRegistered and Unregistered fail. Any other state, and a subscription
    whose state was not read, is unknown.
    """
    workspaces, subscriptions = tables.workspaces, tables.subscriptions
    states = subscriptions["network_registration_state"].set_axis(
        subscriptions["subscription_id"].str.lower()
    )
    states = states[~states.index.duplicated() & states.index.notna()]
    owner = texts(workspaces["judged_by"], lambda id: subscription_of(id) or "")
    state = pd.Series(states.reindex(owner.fillna("")).array, index=workspaces.index)
    mode = effective_mode(workspaces)
    return answer(
        known=state.notna(),
        passed=says(state, "Registered", among=("Registered", "NotRegistered", "Unregistered")),
        applies=is_on(mode),
        observed="Microsoft.Network " + state.fillna("not reported"),
        expected="Microsoft.Network Registered",
        failed="Microsoft.Network is " + state.fillna("") + " in the subscription " + owner.fillna("") + ".",
        unknown="The registration state or the isolation mode was not reported, or the state does not decide.",
        not_applicable="The managed network is off.",
    )
