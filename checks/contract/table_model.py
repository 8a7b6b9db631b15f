"""What a column and a table are: names, dtypes, the API property behind each."""

from __future__ import annotations

from dataclasses import dataclass

STRING = "string"
BOOLEAN = "boolean"
INTEGER = "Int64"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its dtype, the API property behind it, and whether a Project takes its hub's value."""

    name: str
    dtype: str = STRING
    source: str
    follows_hub: bool = False


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """One table: the meaning of a row, its columns (the first is the resource id), and columns every check may read.

    The reader read all rows of a workspace if every boolean column of `workspaces` in `known_by` is True.
    `resource` is the column that a finding names as its resource; None means the first column. Every check may
    decide by the columns of `sorts`, even if they are not in its `reads`.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    known_by: tuple[str, ...] = ()
    resource: str | None = None
    sorts: tuple[str, ...] = ()

    @property
    def id_column(self) -> str:
        """The column holding the resource id as Azure spelled it."""
        return self.columns[0].name

    @property
    def resource_column(self) -> str:
        """The column a finding names as its resource."""
        return self.resource or self.id_column

    @property
    def dtypes(self) -> dict[str, str]:
        """Column name to pandas dtype, in order."""
        return {column.name: column.dtype for column in self.columns}


def columns(*rows: tuple[str, str] | tuple[str, str, str], follows_hub: bool = False) -> tuple[Column, ...]:
    """Columns from rows of name, source and, unless it is a string, dtype."""
    return tuple(
        Column(name=row[0], source=row[1], dtype=row[2] if len(row) == 3 else STRING, follows_hub=follows_hub)
        for row in rows
    )
