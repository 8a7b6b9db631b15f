"""Tables at random, in which every check of the catalogue can be asked."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.model import Check, ChosenCheck
from tests.support.tables.checks import SUBSCRIPTION_ROW, workspace_id
from tests.support.worlds import dependencies, networks, workloads
from tests.support.worlds.dependencies import maybe
from tests.support.worlds.networks import NETWORK, identity

PARAMETERS: dict[str, dict[str, Any]] = {**networks.PARAMETERS, **dependencies.PARAMETERS}
"""Parameters for checks that do not apply without."""

HUBS = [f"Hub{n}" for n in range(3)]
OTHERS = [f"ws{n}" for n in range(5)]
PROJECTS = [f"Project{n}" for n in range(3)]


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """Hubs, other workspaces and Projects that each name a hub, with a few rows of what belongs to them."""
    workspaces = []
    for names, kinds in (
        (HUBS, ("Hub", "hub", None)),
        (OTHERS, ("Default", "FeatureStore", "default", None)),
    ):
        for name in names:
            kind = draw(st.sampled_from(kinds))
            own = draw(dependencies.PROTECTION) | draw(workloads.KNOWN)
            workspaces.append(identity(name, kind=kind) | draw(NETWORK) | own)
    for name in PROJECTS:
        hub = draw(st.sampled_from([*map(workspace_id, HUBS), workspace_id("unread").upper()]))
        kind = draw(st.sampled_from(("Project", "project")))
        known = draw(workloads.KNOWN)
        workspaces.append(identity(name, kind=kind, hub_resource_id=hub) | draw(NETWORK) | known)
    subscription: dict[str, st.SearchStrategy[object]] = {
        "tenant_id": maybe("home"),
        "network_registration_state": maybe("Registered", "NotRegistered", "Odd"),
    }
    return Tables.of(
        subscriptions=[SUBSCRIPTION_ROW | draw(st.fixed_dictionaries(subscription))],
        workspaces=workspaces,
        **draw(networks.around([*HUBS, *OTHERS])),
        **draw(dependencies.around([*HUBS, *OTHERS])),
        **draw(workloads.around([*HUBS, *OTHERS, *PROJECTS])),
    )


def chosen(check: Check) -> ChosenCheck:
    """The check with its own severity and the parameters it needs to apply."""
    params = check.params.model_validate(PARAMETERS.get(check.id, {}))
    return ChosenCheck(check=check, severity=check.severity, params=params)
