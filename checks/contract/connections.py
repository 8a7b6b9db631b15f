"""Read the private endpoint connections of a workspace. Checks of endpoints, computes and access call it."""

from __future__ import annotations

from checks.contract.three_valued import says
from checks.contract.words import CONNECTION_STATES, CONNECTION_STATUSES
from checks.frames import pd


def is_approved(connections: pd.DataFrame) -> pd.Series:
    """Return for each connection whether it is Approved. `<NA>` for a status that is absent or undocumented."""
    return says(connections["status"], "Approved", among=CONNECTION_STATUSES)


def carries_traffic(connections: pd.DataFrame) -> pd.Series:
    """Return for each connection whether it is Approved, provisioned and has its endpoint. `<NA>` if not settled."""
    is_provisioned = says(connections["provisioning_state"], "Succeeded", among=CONNECTION_STATES)
    return is_approved(connections) & is_provisioned & connections["private_endpoint_id"].ne("")
