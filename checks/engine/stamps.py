"""Who and where of every row of every table, made once however many checks answer for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.contract.hubs import hub_notes
from checks.contract.tables import SCHEMAS, Tables
from checks.engine.kin import Kin
from checks.model import ChosenCheck
from checks.vocabulary import Codes, Texts, Values, factorized


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """Of some rows: ids as Azure spelled them, `judged_by`, and what a reason adds about a hub.

    `place` is that of the row's workspace in `Kin.ids`; `resource_rank` orders the rows of one workspace.
    """

    resource_id: Texts
    workspace_id: Texts
    judged_by: Texts
    note: Texts
    place: Codes
    resource_rank: Codes

    @property
    def is_nameless(self) -> npt.NDArray[np.bool_]:
        """Per row whether it is about no resource."""
        return ~self.resource_id.are_there

    def take(self, rows: npt.NDArray[np.int64]) -> Stamp:
        """The stamps of these rows."""
        return Stamp(
            resource_id=self.resource_id.take(rows),
            workspace_id=self.workspace_id.take(rows),
            judged_by=self.judged_by.take(rows),
            note=self.note.take(rows),
            place=self.place[rows],
            resource_rank=self.resource_rank[rows],
        )


class Stamps:
    """The stamps of tables whose Projects already have their hub's values."""

    def __init__(self, tables: Tables, kin: Kin) -> None:
        """Nothing made yet but what every table needs of the workspaces."""
        self.tables, self.kin = tables, kin
        self.ranks = kin.ranks()
        workspaces = tables.workspaces
        own = Texts.each(workspaces["workspace_id"])
        self._workspaces = Stamp(
            resource_id=own,
            workspace_id=own,
            judged_by=Texts.each(workspaces["judged_by"]),
            note=Texts.of(hub_notes(workspaces)),
            place=np.arange(kin.seen),
            resource_rank=np.arange(kin.seen),
        )
        self._made: dict[str, Stamp] = {"workspaces": self._workspaces}
        self._keys: dict[str, Values] = {}
        self._own: dict[str, Codes] = {}

    @property
    def nameless(self) -> Stamp:
        """The one row of a check that crashed over a table without rows."""
        nothing = Texts.same("", 1)
        return Stamp(
            resource_id=nothing,
            workspace_id=nothing,
            judged_by=nothing,
            note=nothing,
            place=np.array([self.kin.nobody]),
            resource_rank=np.array([-1]),
        )

    def of(self, table: str) -> Stamp:
        """The stamp of every row of the table, in its order."""
        if table not in self._made:
            self._made[table] = self._of_children(table)
        return self._made[table]

    def unread(self, chosen: ChosenCheck) -> Stamp:
        """The stamps of the workspaces whose rows of the check's table were not all read."""
        unread = np.zeros(self.kin.seen, dtype=bool)
        for column in chosen.check.rows_known_by:
            known = self.tables.workspaces[column].array.to_numpy(dtype=bool, na_value=False)
            unread |= ~known
        stamp = self._workspaces.take(np.flatnonzero(unread))
        if not unread.any():
            return stamp
        self.of(chosen.check.over)
        return replace(stamp, resource_rank=self._own_ranks(chosen.check.over)[unread])

    def _own_ranks(self, table: str) -> Codes:
        """The rank of every workspace itself among the rows of a table."""
        if table not in self._own:
            own = self.tables.workspaces.index.to_numpy(dtype=object)
            self._own[table] = 2 * np.searchsorted(self._keys[table], own, side="right")
        return self._own[table]

    def _of_children(self, table: str) -> Stamp:
        rows, schema = self.tables[table], SCHEMAS[table]
        column = rows[schema.resource_column]
        own = schema.resource_column == schema.id_column
        keys, ranks = _ranked(rows.index.to_numpy(dtype=object) if own else _lowered(column))
        self._keys[table] = keys
        if "workspace_id" in rows.columns:
            place, named = self.kin.parent(table), Texts.of(rows["workspace_id"])
        else:
            place, named = np.full(len(rows), self.kin.nobody), Texts.same("", len(rows))
        return Stamp(
            resource_id=Texts.each(column),
            workspace_id=_or_else(self._workspaces.workspace_id, place, named),
            judged_by=_or_else(self._workspaces.judged_by, place, Texts.same("", len(rows))),
            note=_or_else(self._workspaces.note, place, Texts.same("", len(rows))),
            place=place,
            resource_rank=2 * ranks + 1,
        )


def _or_else(own: Texts, place: Codes, named: Texts) -> Texts:
    """The text of the workspace at a row's place, or what the row has where no such workspace was seen."""
    seen = place < len(own.codes)
    codes = len(own.pool) + named.codes
    codes[seen] = own.codes[place[seen]]
    return Texts(codes=codes, pool=np.concatenate([own.pool, named.pool]))


def _lowered(column: pd.Series) -> Values:
    codes, values = factorized(column)
    return np.array([*(value.lower() for value in values), ""], dtype=object)[codes]


def _ranked(keys: Values) -> tuple[Values, Codes]:
    """The different keys sorted, and per row the place of its key among them."""
    if pd.Index(keys, dtype=object).is_monotonic_increasing:
        return keys, np.arange(len(keys))
    codes, different = factorized(keys)
    order = np.argsort(different, kind="stable")
    ranks = np.empty(len(different), dtype=np.int64)
    ranks[order] = np.arange(len(different))
    return different[order], ranks[codes]
