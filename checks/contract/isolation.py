"""The isolation mode of a managed network: the one reading of it that every check shares."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from checks.contract.three_valued import says

IsolationMode = Literal["Disabled", "AllowInternetOutbound", "AllowOnlyApprovedOutbound"]

DISABLED: IsolationMode = "Disabled"
INTERNET: IsolationMode = "AllowInternetOutbound"
APPROVED: IsolationMode = "AllowOnlyApprovedOutbound"

MODE_READS = ("workspaces.managed_network_reported", "workspaces.isolation_mode")
"""What a check that asks `effective_mode` has to say it reads."""


def effective_mode(workspaces: pd.DataFrame) -> pd.Series:
    """Per workspace its isolation mode as Azure spelled it, `Disabled` where it has no managed network.

    `<NA>` where the api-version read cannot show a managed network or the mode was left out.
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
