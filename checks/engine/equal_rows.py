"""Looks up what every row is about, and which rows a check must answer equally.

`checks.engine.asking` shows a check the tables that `EqualRows` makes, and names the subjects in findings.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.contract.hubs import hub_notes
from checks.contract.tables import SCHEMAS, Tables
from checks.frames import np, pd
from checks.model import Check
from checks.vocabulary import Codes, Mask, Values, Vocabulary, grouped

Columns = frozenset[str]


class Subjects:
    """The owners are the workspaces of the table, then the others that rows name, then nobody.

    The tables are `Tables.effective`. `owner` holds, by table, the place of each row's owner. `decides` holds
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
        """Return for each owner whether it is one of these ids; "" means every owner outside the table."""
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


class EqualRows:
    """The kinds of rows of the tables of one audit. Checks that read the same columns share them."""

    def __init__(self, tables: Tables, subjects: Subjects) -> None:
        """Group nothing yet."""
        self._tables, self._subjects = tables, subjects
        self._empty = {name: tables[name].iloc[:0] for name in SCHEMAS}
        self._columns: dict[tuple[str, str], Vocabulary] = {}
        self._grouped: dict[tuple[str, Columns], Vocabulary] = {}

    def shown_to(self, check: Check) -> tuple[Tables, Codes | None]:
        """Return the tables to show to a check, and for each row of its table the place of its kind in them.

        The kinds are None for a check that looks at everything: it sees all rows.
        """
        if check.looks_at == "everything":
            return self._tables.restricted_to(check.reads), None
        reads = {name: _columns_read(check, name) for name in SCHEMAS}
        kinds = self._kinds(check.over, reads[check.over])
        frames = {}
        if check.looks_at == "workspace":
            read = {name: columns for name, columns in reads.items() if columns and name != "workspaces"}
            families, deciding = self._families(read), self._subjects.decides
            kinds = grouped([kinds, families.take(deciding)])
            is_shown = np.isin(np.arange(len(families.codes)), deciding[kinds.pool])
            for name, columns in read.items():
                rows = np.flatnonzero(is_shown[self._subjects.owner[name]])
                frames[name] = self._shown(name, columns, rows)
        elif check.over != "workspaces" and reads["workspaces"]:
            owner, outer = self._subjects.owner[check.over], self._kinds("workspaces", reads["workspaces"])
            kinds = grouped([kinds, self._with_others(outer).take(owner)])
            owners = np.unique(owner[kinds.pool])
            seen = owners[owners < self._subjects.seen]
            frames["workspaces"] = self._shown("workspaces", reads["workspaces"], seen)
        frames[check.over] = self._shown(check.over, reads[check.over], kinds.pool)
        return Tables(**{**self._empty, **frames}), kinds.codes

    def _shown(self, table: str, columns: Columns, rows: Codes) -> pd.DataFrame:
        """Return these rows with the columns that were read and the id that joins tables."""
        whole = self._tables[table]
        joins = "judged_by" if table == "workspaces" else "workspace_id"
        names = [name for name in whole.columns if name in columns or name == joins]
        taken = {name: whole[name].array.take(rows) for name in names}
        return pd.DataFrame(taken, index=whole.index.take(rows))

    def column(self, table: str, name: str) -> Vocabulary:
        """Return a column of a table."""
        key = (table, name)
        if key not in self._columns:
            self._columns[key] = Vocabulary.of(self._tables[table][name], absent="not reported")
        return self._columns[key]

    def _kinds(self, table: str, columns: Columns) -> Vocabulary:
        """Return the groups of rows that agree in these columns."""
        key = (table, columns)
        if key not in self._grouped:
            one = Vocabulary.repeated("", len(self._tables[table]))
            self._grouped[key] = grouped([one, *(self.column(table, name) for name in sorted(columns))])
        return self._grouped[key]

    def _with_others(self, kinds: Vocabulary) -> Vocabulary:
        """Return the groups of workspaces with one more for all owners that are not in the table."""
        others = np.full(self._subjects.nobody + 1 - self._subjects.seen, len(kinds.pool))
        return Vocabulary(codes=np.append(kinds.codes, others), pool=np.append(kinds.pool, -1))

    def _families(self, read: Mapping[str, Columns]) -> Vocabulary:
        """Return the groups of owners whose rows in other tables agree, in any order; the last has no rows."""
        size = self._subjects.nobody + 2
        found = Vocabulary(codes=np.zeros(size, dtype=np.int64), pool=np.zeros(1))
        for name, columns in read.items():
            found = _by_children(found, self._subjects.owner[name], self._kinds(name, columns))
        return found


def _columns_read(check: Check, table: str) -> Columns:
    """Return the columns of the table that may decide; none if the check does not read it."""
    columns = {name.removeprefix(f"{table}.") for name in check.reads if name.startswith(f"{table}.")}
    return frozenset(columns | set(SCHEMAS[table].sorts) if columns or table == check.over else columns)


def _by_children(before: Vocabulary, owner: Codes, children: Vocabulary) -> Vocabulary:
    """Return the groups of owners that were together before and whose children are of the same kinds.

    The children of each owner are compared one after the other, in the order of their kinds.
    """
    size = len(children.pool)
    order = np.argsort(owner.astype(np.int64) * size + children.codes, kind="stable")
    whose, kind = owner[order], children.codes[order]
    counts = np.bincount(whose, minlength=len(before.codes))
    nth = np.arange(len(order)) - (np.cumsum(counts) - counts)[whose]
    by_nth = np.argsort(nth, kind="stable")
    found, count = before.codes.copy(), len(before.pool)
    for part in np.split(by_nth, np.cumsum(np.bincount(nth))[:-1]):
        codes, different = pd.factorize(found[whose[part]] * size + kind[part])
        found[whose[part]] = count + codes
        count += len(different)
    return Vocabulary(codes=found, pool=np.zeros(count))
