"""A hub-based Project has no network of its own: its hub's decides.

Source: the azure-ai-ml client notes that a project does not save its own publicNetworkAccess and
implicitly matches its hub; recorded projects show their own `Enabled` and no managed network (2025-11).
"""

from __future__ import annotations

import pandas as pd

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.contract.tables import Tables


def is_project(workspaces: pd.DataFrame) -> pd.Series[bool]:
    """Per workspace: whether it is a Project, by its kind or because it names a hub."""
    named = workspaces["kind"].str.lower().eq("project").fillna(value=False)
    return (named | workspaces["hub_resource_id"].notna()).astype(bool)


def with_hub_values(tables: Tables) -> Tables:
    """The tables with every Project's network columns replaced by its hub's.

    `judged_by` becomes the lower-cased id of the workspace that decides. Where the hub was not read
    (or not named) all network columns of the Project are `<NA>`, which every check calls unknown.
    Applying it twice changes nothing more.
    """
    workspaces = tables.workspaces
    projects = is_project(workspaces)
    own_id = workspaces.index.to_series().astype("string")
    judged_by = own_id.where(~projects, workspaces["hub_resource_id"].str.lower())
    network = [name for name in workspaces.columns if name in NETWORK_COLUMNS]
    hubs = workspaces.loc[~projects, network]
    resolved = hubs.reindex(judged_by.fillna("").to_numpy()).set_axis(workspaces.index)
    result = workspaces.assign(judged_by=judged_by, **{name: resolved[name] for name in network})
    return tables.replaced(workspaces=result)


def hub_notes(workspaces: pd.DataFrame) -> pd.Series[str]:
    """Per workspace, what a reason must add: "" for most, for a Project that its hub decided.

    Expects the columns `judged_by`, `kind` and `hub_resource_id` as `with_hub_values` leaves them.
    """
    projects = is_project(workspaces)
    hub = workspaces["hub_resource_id"].fillna("")
    readable = workspaces["judged_by"].isin(workspaces.index[~projects])
    note = pd.Series("", index=workspaces.index, dtype="string")
    note = note.mask(projects & readable, "A Project is judged by its hub, " + hub + ".")
    note = note.mask(
        projects & ~readable, "A Project is judged by its hub, which could not be read: " + hub + "."
    )
    return note.mask(projects & hub.eq(""), "A Project is judged by its hub, but this one names none.")
