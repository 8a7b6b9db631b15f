"""Looks up what the rows of every table are about: the workspace that owns a row, and the resource."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.contract.hubs import hub_notes
from checks.contract.tables import SCHEMAS, Tables
from checks.vocabulary import Codes, Mask, Values, Vocabulary


class Subjects:
    """The owners are the workspaces of the table, then the others that rows name, then nobody.

    The tables are those of `with_hub_values`. `owner` holds, by table, the place of each row's owner. `decides` holds
    for each workspace the place of the one that decides for it, and one more than that of nobody if there is none.
    `spelled`, `judged_by` and `notes` hold a text for each owner.
    """

    def __init__(self, tables: Tables) -> None:
        """Look up every workspace that a row names."""
        self._tables, workspaces = tables, tables.workspaces
        named = {
            name: Vocabulary.of(tables[name]["workspace_id"])
            for name, schema in SCHEMAS.items()
            if name != "workspaces" and "workspace_id" in schema.dtypes
        }
        judges = Vocabulary.of(workspaces["judged_by"])
        spellings = np.unique(np.concatenate([each.pool for each in (*named.values(), judges)]))
        lowered = pd.Index([id.lower() for id in spellings], dtype=object)
        is_other = ~lowered.isin(workspaces.index) & (spellings != "")
        others = dict(zip(lowered[is_other], spellings[is_other], strict=True))
        ids = pd.Index([*workspaces.index, *others], dtype=object)
        self.seen, self.nobody = len(workspaces), len(ids)
        self.owner: dict[str, Codes] = {name: np.full(len(tables[name]), self.nobody) for name in SCHEMAS}
        self.owner["workspaces"] = np.arange(self.seen)
        for name, each in named.items():
            self.owner[name] = _places(each, ids, self.nobody)
        self.decides = _places(judges, ids, self.nobody + 1)
        blank = [""] * (len(others) + 1)
        self.spelled: Values = np.array([*workspaces["workspace_id"], *others.values(), ""], dtype=object)
        self.judged_by: Values = np.array([*workspaces["judged_by"].fillna(""), *blank], dtype=object)
        self.notes: Values = np.array([*hub_notes(workspaces), *blank], dtype=object)
        self._resources: dict[str, Vocabulary] = {}

    def among(self, workspaces: pd.Index) -> Mask:
        """Return for each owner whether it is one of these ids; "" stands for every owner outside the table."""
        unseen = np.full(self.nobody + 1 - self.seen, "" in workspaces)
        return np.append(self._tables.workspaces.index.isin(workspaces), unseen)

    def were_read(self, columns: tuple[str, ...]) -> Mask:
        """Return for each workspace whether all of these boolean columns are true."""
        workspaces = self._tables.workspaces
        read = np.ones(self.seen, dtype=bool)
        for column in columns:
            read &= workspaces[column].array.to_numpy(dtype=bool, na_value=False)
        return read

    def resource(self, table: str) -> Vocabulary:
        """Return the id that a finding names for each row, as Azure spells it."""
        if table not in self._resources:
            schema, column = SCHEMAS[table], self._tables[table][SCHEMAS[table].resource_column]
            are_unique = schema.resource_column == schema.id_column
            self._resources[table] = Vocabulary.unique(column) if are_unique else Vocabulary.of(column)
        return self._resources[table]


def _places(named: Vocabulary, ids: pd.Index, absent: int) -> Codes:
    """Return for each row the place of the id that it names, `absent` if it names none."""
    places = ids.get_indexer(pd.Index(named.changed(str.lower).pool))
    places[places < 0] = absent
    return places[named.codes]
