"""Read the isolation mode of a managed network. Every check and every report calls `effective_mode`."""

from __future__ import annotations

from typing import Final, Literal

from checks.contract.tables import Tables
from checks.contract.three_valued import of_workspace, says
from checks.contract.words import NETWORK_STATUSES
from checks.frames import pd

IsolationMode = Literal["Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"]

DISABLED: IsolationMode = "Disabled"
INTERNET: IsolationMode = "AllowInternetOutbound"
APPROVED: IsolationMode = "AllowOnlyApprovedOutbound"
MODES: Final = (DISABLED, INTERNET, APPROVED)

MODE_READS = ("workspaces.managed_network_reported", "workspaces.isolation_mode")
"""The `reads` of a check that calls `effective_mode`."""


def effective_mode(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace the isolation mode as Azure spelled it, `Disabled` without a managed network.

    `<NA>` if the api-version cannot show a managed network, or if Azure left the mode out.
    """
    reported = workspaces["managed_network_reported"]
    absent = (~reported).fillna(value=False)
    return workspaces["isolation_mode"].mask(absent, DISABLED).where(reported.notna())


def mode_around(tables: Tables) -> pd.Series:
    """Return for each compute the isolation mode of its workspace."""
    return of_workspace(effective_mode(tables.workspaces), tables.computes)


def is_active(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace whether its managed network is provisioned. `<NA>` for an unknown status."""
    return says(workspaces["managed_network_status"], "Active", among=NETWORK_STATUSES)


def is_mode(mode: pd.Series, *modes: IsolationMode) -> pd.Series:
    """Return for each mode whether it is one of `modes`. `<NA>` for `<NA>` and for an undocumented word."""
    return says(mode, *modes, among=MODES)


def is_on(mode: pd.Series) -> pd.Series:
    """Return for each mode whether it isolates. `<NA>` for `<NA>` and for an undocumented word."""
    return is_mode(mode, INTERNET, APPROVED)
