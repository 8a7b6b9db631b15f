"""Rows that must get the same answer, found once, so that a check is asked about one of each.

A check says by `looks_at` what its answer about a row can depend on. Rows that agree in all of that are
alike: the check is shown tables with one of each, in which stand-ins take the place of ids and names, and
its answers count for all of them, the ids and names filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from checks.contract.tables import SCHEMAS, STRING, Tables
from checks.engine.answered import Answered, verified
from checks.engine.kin import Kin
from checks.model import Check, ChosenCheck
from checks.vocabulary import OPENING, Coded, Codes, coded, combined, stand_in

Reads = dict[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Question:
    """Tables to ask a check of, and per row of its own table the place of the answer that counts for it.

    `places` is None where the tables are the whole ones and every row has an answer of its own.
    """

    tables: Tables
    places: Codes | None = None


class Alike:
    """The different rows of tables whose Projects already have their hub's values."""

    def __init__(self, tables: Tables, kin: Kin, *, worth: int = 2) -> None:
        """Ask about all rows, unless there are at least `worth` times as many as different ones."""
        self._worth = worth
        self._tables, self._kin = tables, kin
        self._columns: dict[tuple[str, str], Coded] = {}
        self._rows: dict[tuple[str, frozenset[str]], Coded] = {}
        self._empty = {name: tables[name].iloc[:0] for name in SCHEMAS}
        self._odd = False
        self._families: dict[frozenset[tuple[str, frozenset[str]]], Coded] = {}

    def answered(self, chosen: ChosenCheck) -> Answered:
        """The answers of the check to every row of its table. Raises what the check does, or `verified`."""
        question = self.question(chosen.check)
        over = chosen.check.over
        answers = chosen.check.function(question.tables, chosen.params)
        answered = verified(answers, question.tables[over].index)
        if question.places is None:
            return answered
        return answered.take(question.places).filled(self._tables[over])

    def question(self, check: Check) -> Question:
        """What to ask the check: of different rows, where it says what it looks at and that saves work."""
        reads = _reads_by_table(check)
        asked = None
        if check.looks_at == "row":
            asked = self._of_rows(check.over, reads)
        elif check.looks_at == "workspace":
            asked = self._of_families(reads)
        return asked or Question(tables=self._tables.restricted_to(check.reads))

    def _of_rows(self, over: str, reads: Reads) -> Question | None:
        """One of every kind of row; a child's workspace goes with it where the check reads workspaces."""
        rows = self._different(over, reads[over])
        if over == "workspaces" or not reads["workspaces"]:
            if not self._saves_work(rows):
                return None
            return self._answerable({over: self._shown(over, reads[over], rows.first)}, rows)
        around = self._different("workspaces", reads["workspaces"])
        parent = self._kin.parent(over)
        unseen = np.full(self._kin.size - self._kin.seen, around.count)
        outer = Coded(codes=np.concatenate([around.codes, unseen])[parent], count=around.count + 1)
        rows = combined([rows, outer], len(parent))
        if not self._saves_work(rows):
            return None
        shown = self._shown(over, reads[over], rows.first)
        shown["workspace_id"] = _numbered("workspace_id", outer.codes[rows.first])
        workspaces = self._shown("workspaces", reads["workspaces"], around.first)
        return self._answerable({over: shown, "workspaces": workspaces}, rows)

    def _of_families(self, reads: Reads) -> Question | None:
        """One of every kind of workspace together with the children of the workspace that decides for it."""
        read = [(name, reads[name]) for name in SCHEMAS if name != "workspaces" and reads[name]]
        families = self._family(read)
        own = self._different("workspaces", reads["workspaces"])
        heads = Coded(codes=families.codes[self._kin.deciding], count=families.count)
        rows = combined([own, heads], len(own.codes))
        if not self._saves_work(rows):
            return None
        shown = self._shown("workspaces", reads["workspaces"], rows.first)
        shown["judged_by"] = _numbered("judged_by", np.arange(rows.count))
        frames = {"workspaces": shown}
        for name, columns in read:
            children, whose = self._children(name, self._kin.deciding[rows.first])
            frames[name] = self._shown(name, columns, children)
            frames[name]["workspace_id"] = _numbered("judged_by", whose)
        return self._answerable(frames, rows)

    def _children(self, table: str, places: Codes) -> tuple[Codes, Codes]:
        """The rows of a table that belong to the workspace at each place, and which of the places it is."""
        parent = self._kin.parent(table)
        sizes = np.bincount(parent, minlength=self._kin.size)
        starts = np.cumsum(sizes) - sizes
        count = sizes[places]
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        children = np.argsort(parent, kind="stable")[np.repeat(starts[places], count) + nth]
        return children, np.repeat(np.arange(len(places)), count)

    def _saves_work(self, rows: Coded) -> bool:
        return rows.count * self._worth <= len(rows.codes)

    def _answerable(self, frames: dict[str, pd.DataFrame], rows: Coded) -> Question | None:
        """The question; None where a reported value holds what could be taken for a stand-in."""
        if self._odd:
            return None
        return Question(tables=Tables(**{**self._empty, **frames}), places=rows.codes)

    def _shown(self, table: str, reads: frozenset[str], rows: Codes) -> pd.DataFrame:
        """These rows with what was read, stand-ins for what only names them, and a new id each."""
        schema, whole = SCHEMAS[table], self._tables[table]
        named = [name for name in schema.names if name in whole.columns and name not in reads]
        columns: dict[str, Any] = {
            name: pd.array([stand_in(name)] * len(rows), dtype="string") for name in named
        }
        columns |= {name: whole[name].array.take(rows) for name in whole.columns if name in reads}
        columns[schema.id_column] = _numbered(schema.id_column, np.arange(len(rows)))
        frame = pd.DataFrame(columns, index=pd.Index(columns[schema.id_column], name="id"))
        for name in named:
            absent = whole[name].array.take(rows).isna()
            if absent.any():
                frame[name] = frame[name].mask(absent)
        return frame

    def _different(self, table: str, columns: frozenset[str]) -> Coded:
        """The rows by what these columns say, and by which of its names a row has."""
        key = (table, columns)
        if key not in self._rows:
            whole, names = self._tables[table], SCHEMAS[table].names
            parts = [self._coded(table, name) for name in whole.columns if name in columns]
            for name in names:
                absent = whole[name].isna().to_numpy(dtype=bool)
                if name not in columns and absent.any():
                    parts.append(Coded(codes=absent.astype(np.int64), count=2))
            self._rows[key] = combined(parts, len(whole))
        return self._rows[key]

    def _coded(self, table: str, column: str) -> Coded:
        key = (table, column)
        if key not in self._columns:
            whole = self._tables[table][column]
            self._columns[key] = coded(whole)
            if len(whole) and whole.dtype == STRING:
                different = whole.array.take(self._columns[key].first)
                self._odd |= any(OPENING in text for text in different.dropna())
        return self._columns[key]

    def _family(self, read: list[tuple[str, frozenset[str]]]) -> Coded:
        """Everybody who may have children, by what children they have, whatever their order."""
        key = frozenset(read)
        if key not in self._families:
            found = Coded(codes=np.zeros(self._kin.size, dtype=np.int64), count=1)
            for name, columns in read:
                found = _by_children(found, self._kin.parent(name), self._different(name, columns))
            self._families[key] = combined([found], len(found.codes))
        return self._families[key]


def _reads_by_table(check: Check) -> Reads:
    """By table the columns that can decide; none for a table the check does not read."""
    read = [name.partition(".") for name in check.reads]
    found = {name: frozenset(column for table, _, column in read if table == name) for name in SCHEMAS}
    return {
        name: columns | set(SCHEMAS[name].sorts) if columns or name == check.over else columns
        for name, columns in found.items()
    }


def _numbered(name: str, numbers: Codes) -> pd.api.extensions.ExtensionArray:
    return pd.array([stand_in(name, number) for number in numbers], dtype="string")


def _by_children(before: Coded, parent: Codes, children: Coded) -> Coded:
    """Those who agreed before, told apart by what their children say, one after the other."""
    order = np.argsort(parent * children.count + children.codes, kind="stable")
    whose, says = parent[order], children.codes[order]
    sizes = np.bincount(whose, minlength=len(before.codes))
    nth = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[whose]
    by_nth = np.argsort(nth, kind="stable")
    found, count = before.codes.copy(), before.count
    for part in np.split(by_nth, np.cumsum(np.bincount(nth))[:-1]):
        codes, different = pd.factorize(found[whose[part]] * children.count + says[part])
        found[whose[part]] = count + codes
        count += len(different)
    return Coded(codes=found, count=count)
