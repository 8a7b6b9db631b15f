"""The effective isolation mode of a managed network, as every check reads it."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from checks.contract.three_valued import says

IsolationMode = Literal["Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"]

DISABLED: IsolationMode = "Disabled"
INTERNET: IsolationMode = "AllowInternetOutbound"
APPROVED: IsolationMode = "AllowOnlyApprovedOutbound"

MODE_READS = ("workspaces.managed_network_reported", "workspaces.isolation_mode")
"""The columns that a check declares in `reads` if it calls `effective_mode`."""


def effective_mode(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace its isolation mode as Azure spelled it, `Disabled` if it has no managed network.

    `<NA>` if the api-version that was read does not have managed networks, or if Azure left the mode out.
    """
    reported = workspaces["managed_network_reported"]
    absent = (~reported).fillna(value=False)
    return workspaces["isolation_mode"].mask(absent, DISABLED).where(reported.notna())


def is_active(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace whether its managed network was provisioned. `<NA>` for an unknown status."""
    status = workspaces["managed_network_status"]
    return says(status, "Active").where(says(status, "Active", "Inactive"))


def is_on(mode: pd.Series) -> pd.Series:
    """Per mode whether it isolates; `<NA>` also for a word Azure has not documented."""
    return says(mode, INTERNET, APPROVED).where(says(mode, DISABLED, INTERNET, APPROVED))
