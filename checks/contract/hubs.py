"""Give each hub-based Project the network of its hub. `Tables.effective` applies it, in this place only.

Source: according to the azure-ai-ml client, a project does not save its own publicNetworkAccess and implicitly matches
its hub. Recorded projects show their own `Enabled` and no managed network (2025-11).
"""

from __future__ import annotations

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.frames import pd

HUB_NOT_READ = "A Project is judged by its hub, which could not be read:"
"""The beginning of the note on a Project whose hub is missing. The id of the hub follows."""


def is_project(workspaces: pd.DataFrame) -> pd.Series[bool]:
    """Return for each workspace whether it is a Project: its kind is Project, or it names a hub."""
    named = workspaces["kind"].str.lower().eq("project").fillna(value=False)
    return (named | workspaces["hub_resource_id"].notna()).astype(bool)


def with_hub_values(workspaces: pd.DataFrame) -> pd.DataFrame:
    """Return the workspaces with the network columns of each Project replaced by those of its hub.

    `judged_by` becomes the lower-cased id of the workspace that decides. If the hub was not read, or the Project names
    none, all network columns of the Project are `<NA>`, and every check reports unknown. Idempotent.
    """
    projects = is_project(workspaces)
    own_id = workspaces.index.to_series().astype("string")
    if not projects.any():
        return workspaces.assign(judged_by=own_id)
    judged_by = own_id.where(~projects, workspaces["hub_resource_id"].str.lower())
    network = [name for name in workspaces.columns if name in NETWORK_COLUMNS]
    hubs = workspaces.loc[~projects, network]
    resolved = hubs.reindex(judged_by.fillna("").to_numpy()).set_axis(workspaces.index)
    return workspaces.assign(judged_by=judged_by, **{name: resolved[name] for name in network})


def hub_notes(workspaces: pd.DataFrame) -> pd.Series[str]:
    """Return for each workspace the sentence that a reason gets if a hub decided, "" if none did.

    Expects the workspaces of `Tables.effective`.
    """
    projects = is_project(workspaces)
    note = pd.Series("", index=workspaces.index, dtype="string")
    if not projects.any():
        return note
    hub = workspaces["hub_resource_id"].fillna("")
    readable = workspaces["judged_by"].isin(workspaces.index[~projects])
    note = note.mask(projects & readable, "A Project is judged by its hub, " + hub + ".")
    note = note.mask(projects & ~readable, f"{HUB_NOT_READ} " + hub + ".")
    return note.mask(projects & hub.eq(""), "A Project is judged by its hub, but this one names none.")
