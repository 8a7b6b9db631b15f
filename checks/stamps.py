"""Who and where of every row of every table, made once however many checks answer for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.hubs import hub_notes
from checks.model import ChosenCheck
from checks.schema import SCHEMAS, Tables

NAMELESS = pd.DataFrame(
    {name: pd.array([""], "string") for name in ("resource_id", "workspace_id", "judged_by", "note")}
    | {"workspace_rank": [-1], "resource_rank": [-1]},
    index=[""],
)
"""The one row of a check that crashed over a table without rows."""


class Stamps:
    """The stamps of tables whose Projects already have their hub's values.

    A stamp has the columns resource_id, workspace_id (ids as Azure spelled them), judged_by, note (what a
    reason adds about a hub), workspace_rank and resource_rank (places in the order of lower-cased ids).
    """

    def __init__(self, tables: Tables) -> None:
        """Nothing made yet but what every table needs of the workspaces."""
        self.tables = tables
        workspaces = tables.workspaces
        self._workspaces = pd.DataFrame(
            {
                "resource_id": workspaces["workspace_id"],
                "workspace_id": workspaces["workspace_id"],
                "judged_by": workspaces["judged_by"].fillna(""),
                "note": hub_notes(workspaces).astype("string"),
            }
        )
        self._made: dict[str, pd.DataFrame] = {}

    def of(self, table: str) -> pd.DataFrame:
        """The stamp of every row of the table, on its index."""
        if table not in self._made:
            self._made[table] = self._of_children(table) if table != "workspaces" else self._ranked_alone()
        return self._made[table]

    def unread(self, chosen: ChosenCheck) -> pd.DataFrame:
        """The stamps of the workspaces whose rows of the check's table were not all read."""
        stamps = self.of("workspaces")
        unread = pd.Series(data=False, index=stamps.index)
        for column in chosen.check.rows_known_by:
            unread |= ~self.tables.workspaces[column].fillna(value=False).astype(bool)
        return stamps[unread]

    def _ranked_alone(self) -> pd.DataFrame:
        return self._ranked(self._workspaces, self._workspaces.index)

    def _of_children(self, table: str) -> pd.DataFrame:
        rows = self.tables[table]
        schema = SCHEMAS[table]
        named = rows["workspace_id"] if "workspace_id" in rows.columns else pd.Series("", index=rows.index)
        keys = named.fillna("").str.lower()
        own = self._workspaces.reindex(keys).set_axis(rows.index)
        stamps = pd.DataFrame(
            {
                "resource_id": rows[schema.resource_column],
                "workspace_id": own["workspace_id"].fillna(named.fillna("").astype("string")),
                "judged_by": own["judged_by"].fillna(""),
                "note": own["note"].fillna(""),
            }
        )
        return self._ranked(stamps, pd.Index(keys))

    def _ranked(self, stamps: pd.DataFrame, workspace_keys: pd.Index) -> pd.DataFrame:
        """With the ranks, which can be compared with those of the workspaces' own stamps."""
        own = self._workspaces.index
        resource_keys = pd.Index(stamps["resource_id"].fillna("").str.lower())
        return stamps.assign(
            workspace_rank=_places(workspace_keys, own), resource_rank=_places(resource_keys, own)
        )


def _places(keys: pd.Index, own: pd.Index) -> np.ndarray:
    """The place of each key in the order of all of them and of the workspaces' own."""
    order = np.unique(np.concatenate([np.asarray(own, dtype=object), np.asarray(keys, dtype=object)]))
    return np.searchsorted(order, np.asarray(keys, dtype=object))
