"""Which workspace every row belongs to, as places in one list of all workspaces that anything names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.contract.tables import SCHEMAS, Tables
from checks.vocabulary import Codes, Values, factorized


class Kin:
    """Workspaces and the rows that name one, in tables whose Projects already have their hub's values.

    A workspace's place is that of its lower-cased id in `ids`: those of the table in its order, then those
    only named elsewhere. A row that names none has the place `nobody`, behind them all; a workspace for which
    none decides has the one behind that, which is nobody's place.
    """

    def __init__(self, tables: Tables) -> None:
        """Look up every workspace that a row names."""
        seen = tables.workspaces.index
        named = {name: _named(tables[name]["workspace_id"]) for name in SCHEMAS if has_parents(name)}
        named["workspaces"] = _named(tables.workspaces["judged_by"])
        others = np.unique(np.concatenate([ids for _, ids in named.values()]))
        others = others[~pd.Index(others, dtype=object).isin(seen)]
        self.seen = len(seen)
        self.ids = pd.Index(np.concatenate([seen.to_numpy(dtype=object), others]), dtype=object)
        self.nobody = len(self.ids)
        self._places = {
            name: np.append(self.ids.get_indexer(ids), [self.nobody + (name == "workspaces")])[codes]
            for name, (codes, ids) in named.items()
        }

    @property
    def size(self) -> int:
        """The number of places."""
        return self.nobody + 2

    @property
    def deciding(self) -> Codes:
        """Per workspace the place of the one that decides for it."""
        return self._places["workspaces"]

    def parent(self, table: str) -> Codes:
        """Per row of a table of children the place of its workspace."""
        return self._places[table]

    def ranks(self) -> Codes:
        """Per place its rank in the order of ids; nobody comes first."""
        if self.ids.is_monotonic_increasing:
            return np.append(np.arange(len(self.ids)), [-1, -1])
        ranks = np.empty(len(self.ids), dtype=np.int64)
        ranks[np.argsort(self.ids.to_numpy(dtype=object), kind="stable")] = np.arange(len(self.ids))
        return np.append(ranks, [-1, -1])


def has_parents(table: str) -> bool:
    """Whether the rows of that table belong to workspaces."""
    return table != "workspaces" and "workspace_id" in SCHEMAS[table].dtypes


def _named(column: pd.Series) -> tuple[Codes, Values]:
    """Per row the place of its workspace's id, -1 for none, and every different id in lower case."""
    codes, spelled = factorized(column)
    lowered, ids = factorized(np.array([id.lower() for id in spelled], dtype=object))
    return np.append(lowered, [-1])[codes], ids
