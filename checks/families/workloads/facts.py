"""Shared parts of the checks of computes and endpoints."""

from __future__ import annotations

from checks.contract.isolation import DISABLED
from checks.contract.three_valued import says
from checks.contract.words import ACCESS, ACTIONS
from checks.contract.workloads import is_managed
from checks.frames import pd

NOT_MANAGED = "The compute is neither a compute cluster nor a compute instance."
TYPE_UNKNOWN = "or the compute's type, was not reported or is an undocumented word."
MODE_UNKNOWN = (
    "or the compute's type or its workspace's isolation mode, was not reported or is an undocumented word."
)

MANAGED_READS = ("endpoints.kind", "endpoints.compute_id")
"""The columns that distinguish a managed online endpoint from one on a Kubernetes cluster."""

ACCESS_READS = ("workspaces.public_network_access", "workspaces.network_acls_default_action")
"""The columns that decide whether a workspace answers to selected addresses."""


def is_online(endpoints: pd.DataFrame) -> pd.Series:
    """Return for each endpoint whether it is a managed online endpoint."""
    return says(endpoints["endpoint_type"], "online") & is_managed(endpoints)


def answers_selected_addresses(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace whether it is open to selected addresses: Enabled, with the default action Deny."""
    access, action = workspaces["public_network_access"], workspaces["network_acls_default_action"]
    return says(access, "Enabled", among=ACCESS) & says(action, "Deny", among=ACTIONS)


def why_not_isolated(computes: pd.DataFrame, mode: pd.Series) -> pd.Series:
    """Return for each compute why a check of managed computes under isolation does not apply."""
    reason = pd.Series(NOT_MANAGED, index=computes.index, dtype="string")
    return reason.mask(says(mode, DISABLED).fillna(value=False), "The managed network is off.")


def or_none(column: pd.Series) -> pd.Series:
    """Return a column in words: "none" where it is empty, "not reported" where it is `<NA>`."""
    return column.mask(column.eq("").fillna(value=False), "none").fillna("not reported")
