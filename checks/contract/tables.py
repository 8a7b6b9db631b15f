"""The contract between reading and judging: every table, its columns, their dtypes and the API property behind each.

A table is a frame indexed by the lower-cased resource id. Its first column is that id as Azure spelled it. The dtypes
are nullable, and `<NA>` means "not reported", never False. A list is one string, joined by ", "; "" is an empty list
that Azure reported. `scanner.tables` fills the frames; checks and reports read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from checks.contract import columns_of_resources, columns_of_workspaces
from checks.contract.columns_of_workspaces import Columns
from checks.contract.hubs import with_hub_values
from checks.frames import pd

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

STRING: Final = "string"
BOOLEAN: Final = "boolean"
INTEGER: Final = "Int64"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its name, its dtype and the API property behind it."""

    name: str
    dtype: str = STRING
    source: str


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """A table: what a row is, its columns (the first is the resource id), and the columns that every check sees.

    `known_by` names the boolean columns of `workspaces` that must all be true for the rows of a workspace to be
    complete. A finding names the resource in `resource_column`. A check may decide by the columns of `sorts` although
    it does not list them in its `reads`.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    known_by: tuple[str, ...] = ()
    resource_column: str
    sorts: tuple[str, ...] = ()

    @property
    def id_column(self) -> str:
        """The column with the resource id as Azure spelled it."""
        return self.columns[0].name

    @cached_property
    def dtypes(self) -> dict[str, str]:
        """The pandas dtype of each column, in order."""
        return {column.name: column.dtype for column in self.columns}


def _table(
    name: str,
    columns: Columns,
    *,
    row: str,
    identity: int = 3,
    known_by: tuple[str, ...] = (),
    resource: int = 0,
    sorts: tuple[str, ...] = (),
) -> TableSchema:
    """Return a table whose first `identity` columns every check sees; `resource` is the place of its resource."""
    names = tuple(column[0] for column in columns)
    return TableSchema(
        name=name,
        row=row,
        columns=tuple(
            Column(name=each[0], source=each[1], dtype=each[2] if len(each) == 3 else STRING)
            for each in columns
        ),
        identity=names[:identity],
        known_by=known_by,
        resource_column=names[resource],
        sorts=sorts,
    )


_WORKSPACES = (*columns_of_workspaces.IDENTITY, *columns_of_workspaces.NETWORK, *columns_of_workspaces.REST)

_TABLES = (
    _table(
        "subscriptions",
        columns_of_resources.SUBSCRIPTIONS,
        row="a subscription that the identity can see or the user named",
    ),
    _table(
        "workspaces",
        _WORKSPACES,
        row="a workspace of any kind",
        identity=len(columns_of_workspaces.IDENTITY),
        sorts=("kind",),
    ),
    _table(
        "outbound_rules",
        columns_of_resources.OUTBOUND_RULES,
        row="an outbound rule of a workspace's managed network",
        known_by=("outbound_rules_known",),
    ),
    _table(
        "private_endpoint_connections",
        columns_of_resources.PRIVATE_ENDPOINT_CONNECTIONS,
        row="a private endpoint connection of a workspace",
        known_by=("private_endpoint_connections_known",),
    ),
    _table(
        "computes",
        columns_of_resources.COMPUTES,
        row="a compute of a workspace, managed or attached",
        known_by=("computes_known",),
    ),
    _table(
        "endpoints",
        columns_of_resources.ENDPOINTS,
        row="an online, batch or serverless endpoint of a workspace",
        identity=4,
        known_by=("online_endpoints_known", "batch_endpoints_known", "serverless_endpoints_known"),
        sorts=("endpoint_type",),
    ),
    _table(
        "online_deployments",
        columns_of_resources.ONLINE_DEPLOYMENTS,
        row="a deployment of an online endpoint",
        identity=4,
        known_by=("online_deployments_known",),
    ),
    _table(
        "associated_resources",
        columns_of_resources.ASSOCIATED_RESOURCES,
        row="a resource that a workspace depends on, once for each workspace (none for a Project: its hub's count)",
        identity=5,
        known_by=("associated_resources_known",),
        resource=2,
        sorts=("role",),
    ),
    _table(
        "diagnostic_settings",
        columns_of_resources.DIAGNOSTIC_SETTINGS,
        row="a diagnostic setting of a workspace",
        known_by=("diagnostic_settings_known",),
    ),
    _table(
        "left_out",
        columns_of_resources.LEFT_OUT,
        row="a subscription or workspace that a rule of the scope leaves out on purpose",
    ),
    _table("gaps", columns_of_resources.GAPS, row="something that could not be read", identity=1),
)

SCHEMAS: Final[Mapping[str, TableSchema]] = {table.name: table for table in _TABLES}


def frame(table: str, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return the rows as a frame with exactly the columns and dtypes of `table`, sorted by its index.

    A column that a row leaves out is `<NA>`. The rows are read one by one. Raises KeyError for a column that the table
    does not have, ValueError if two rows share an id.
    """
    dtypes = SCHEMAS[table].dtypes
    names: dict[str, None] = {}
    listed = []
    for row in rows:
        if not row.keys() <= names.keys():
            if not row.keys() <= dtypes.keys():
                raise KeyError(f"{table} has no column {', '.join(sorted(row.keys() - dtypes.keys()))}")
            names |= dict.fromkeys(row)
        listed.append(tuple(map(row.get, names)))
    columns = dict(zip(names, zip_longest(*listed), strict=True))
    nothing = (None,) * len(listed)
    return frame_of(table, ((name, columns.get(name, nothing)) for name in dtypes))


def column(table: str, name: str, values: Sequence[object]) -> ExtensionArray:
    """Return the values as that column of `table`; None is `<NA>`. Raises KeyError for an unknown column."""
    dtype = SCHEMAS[table].dtypes[name]
    if values and values.count(None) == len(values):
        nothing: ExtensionArray = pd.array([None], dtype=dtype).repeat(len(values))  # type: ignore[call-overload]
        return nothing
    made: ExtensionArray = pd.array(values, dtype=dtype)  # type: ignore[call-overload]
    return made


def frame_of(table: str, columns: Iterable[tuple[str, Sequence[object] | ExtensionArray]]) -> pd.DataFrame:
    """Return the frame of `table` from all its columns by name; a column may be an array of its dtype already.

    The columns are read one by one. Rows that are sorted by the index are not copied. Raises KeyError for a missing
    column, ValueError if two rows share an id.
    """
    schema = SCHEMAS[table]
    arrays = {
        name: values if isinstance(values, pd.api.extensions.ExtensionArray) else column(table, name, values)
        for name, values in columns
    }
    ids = arrays[schema.id_column].to_numpy(dtype=object)
    index = pd.Index([str(each).lower() for each in ids], name="id", dtype=STRING)
    if not index.is_unique:
        raise ValueError(f"{table}: the id {index[index.duplicated()][0]} occurs twice")
    made = pd.DataFrame({name: arrays[name] for name in schema.dtypes}, index=index, copy=False)
    return made if index.is_monotonic_increasing else made.sort_index()


@cache
def _empty_once(table: str) -> pd.DataFrame:
    return frame(table, ())


def _empty(table: str) -> pd.DataFrame:
    """Return an empty frame of `table`. Its columns are made once, because tests make thousands of tables."""
    return _empty_once(table).copy(deep=False)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All tables of one collection, each as `SCHEMAS` describes it."""

    subscriptions: pd.DataFrame
    workspaces: pd.DataFrame
    outbound_rules: pd.DataFrame
    private_endpoint_connections: pd.DataFrame
    computes: pd.DataFrame
    endpoints: pd.DataFrame
    online_deployments: pd.DataFrame
    associated_resources: pd.DataFrame
    diagnostic_settings: pd.DataFrame
    left_out: pd.DataFrame
    gaps: pd.DataFrame

    @classmethod
    def of(cls, **rows: Sequence[Mapping[str, object]]) -> Tables:
        """Return tables of plain rows, for tests and plug-ins. A table left out is empty."""
        unknown = set(rows) - set(SCHEMAS)
        if unknown:
            raise KeyError(f"no table {', '.join(sorted(unknown))}; there are {', '.join(SCHEMAS)}")
        return cls(**{name: frame(name, rows[name]) if rows.get(name) else _empty(name) for name in SCHEMAS})

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the frame of that name."""
        result: pd.DataFrame = getattr(self, table)
        return result

    @cached_property
    def effective(self) -> Tables:
        """The tables that checks judge: each Project has its hub's network. Made once for each `Tables`."""
        return self.replaced(workspaces=with_hub_values(self.workspaces))

    def replaced(self, **frames: pd.DataFrame) -> Tables:
        """Return the same tables with these frames instead of their own."""
        return replace(self, **frames)

    def restricted_to(self, reads: Iterable[str]) -> Tables:
        """Return the identity columns and the columns of `reads`, written `table.column`."""
        wanted: dict[str, set[str]] = {name: set(schema.identity) for name, schema in SCHEMAS.items()}
        for read in reads:
            table, _, name = read.partition(".")
            wanted[table].add(name)
        seen = {
            each.name: [name for name in self[each.name].columns if name in wanted[each.name]]
            for each in fields(self)
        }
        return Tables(**{table: self[table][names] for table, names in seen.items()})
