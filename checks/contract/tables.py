"""The contract between reading and judging: every table, column, dtype and the API property behind it.

Each table is a frame indexed by the lower-cased resource id; its first column is that id as Azure
spelled it. dtypes are nullable and `<NA>` means "not reported", never False. Lists are kept as one
string, joined by ", ", where "" is an empty list that was reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import repeat

import pandas as pd
from pandas.api.extensions import ExtensionArray

from checks.contract.columns_of_resources import (
    ASSOCIATED_RESOURCES,
    COMPUTES,
    DIAGNOSTIC_SETTINGS,
    ENDPOINTS,
    GAPS,
    ONLINE_DEPLOYMENTS,
    OUTBOUND_RULES,
    PRIVATE_ENDPOINT_CONNECTIONS,
    SUBSCRIPTIONS,
)
from checks.contract.columns_of_workspaces import WORKSPACES
from checks.contract.table_model import BOOLEAN as BOOLEAN
from checks.contract.table_model import INTEGER as INTEGER
from checks.contract.table_model import STRING as STRING
from checks.contract.table_model import TableSchema

# Where pyarrow is installed pandas would keep "string" in it, which cannot hold a lone surrogate (JSON can)
# and whose comparisons give Arrow's booleans, which do not combine with nullable ones (pandas 3.1).
pd.set_option("mode.string_storage", "python")

SCHEMAS: Mapping[str, TableSchema] = {
    schema.name: schema
    for schema in (
        SUBSCRIPTIONS,
        WORKSPACES,
        OUTBOUND_RULES,
        PRIVATE_ENDPOINT_CONNECTIONS,
        COMPUTES,
        ENDPOINTS,
        ONLINE_DEPLOYMENTS,
        ASSOCIATED_RESOURCES,
        DIAGNOSTIC_SETTINGS,
        GAPS,
    )
}


def frame(table: str, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The rows as a frame with exactly the columns and dtypes of `table`, sorted by its index.

    A row may leave columns out: they become `<NA>`. None is needed any more once the next one is asked for.
    Raises KeyError for a column the table has not, ValueError where two rows share an id.
    """
    dtypes = SCHEMAS[table].dtypes
    told = []
    for row in rows:
        if not row.keys() <= dtypes.keys():
            raise KeyError(f"{table} has no column {', '.join(sorted(row.keys() - dtypes.keys()))}")
        told.append(tuple(map(row.get, dtypes)))
    columns = zip(*told, strict=True) if told else repeat(())
    return frame_of(table, zip(dtypes, columns, strict=False))


def column(table: str, name: str, values: Sequence[object]) -> ExtensionArray:
    """The values as that column of `table`; None is `<NA>`. Raises KeyError for a column it has not."""
    made: ExtensionArray = pd.array(values, dtype=SCHEMAS[table].dtypes[name])  # type: ignore[call-overload]
    return made


def frame_of(table: str, columns: Iterable[tuple[str, Sequence[object] | ExtensionArray]]) -> pd.DataFrame:
    """The frame `frame` would make, from all the columns of `table` by name, some perhaps made already.

    A column is not needed any more once the next one is asked for. Rows that come sorted by the index are
    not copied. Raises KeyError for a column that is missing, ValueError where two rows share an id.
    """
    schema = SCHEMAS[table]
    arrays = {
        name: values if isinstance(values, ExtensionArray) else column(table, name, values)
        for name, values in columns
    }
    index = pd.Index([str(each).lower() for each in arrays[schema.id_column]], name="id", dtype=STRING)
    if not index.is_unique:
        raise ValueError(f"{table}: the id {index[index.duplicated()][0]} occurs twice")
    made = pd.DataFrame({name: arrays[name] for name in schema.dtypes}, index=index, copy=False)
    return made if index.is_monotonic_increasing else made.sort_index()


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
    gaps: pd.DataFrame

    @classmethod
    def of(cls, **rows: Sequence[Mapping[str, object]]) -> Tables:
        """Tables from plain rows, for tests and plug-ins; a table left out is empty."""
        unknown = set(rows) - set(SCHEMAS)
        if unknown:
            raise KeyError(f"no table {', '.join(sorted(unknown))}; there are {', '.join(SCHEMAS)}")
        return cls(**{name: frame(name, rows.get(name, ())) for name in SCHEMAS})

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The frame of that name."""
        result: pd.DataFrame = getattr(self, table)
        return result

    def replaced(self, **frames: pd.DataFrame) -> Tables:
        """The same tables with some of them exchanged."""
        return replace(self, **frames)

    def restricted_to(self, reads: Iterable[str]) -> Tables:
        """Return tables with the identity columns and the declared columns, named `table.column`, only."""
        wanted: dict[str, set[str]] = {name: set(schema.identity) for name, schema in SCHEMAS.items()}
        for read in reads:
            table, _, column = read.partition(".")
            wanted[table].add(column)
        return Tables(
            **{
                field.name: self[field.name][[c for c in self[field.name].columns if c in wanted[field.name]]]
                for field in fields(self)
            }
        )
