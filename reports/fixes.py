"""The names a fix is filled in with: those of the resource the finding is about, or of its hub."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from checks.model import Check
from checks.schema import SCHEMAS, Tables

WORKSPACE_NAMES = ("workspace", "resource_group", "subscription_id", "location", "workspace_id")

_HUB_COLUMNS = frozenset(
    f"workspaces.{column.name}" for column in SCHEMAS["workspaces"].columns if column.follows_hub
)


def follows_hub(check: Check) -> bool:
    """Whether a Project is to be mended at its hub: the check is about values a Project takes from it."""
    return check.over == "workspaces" and not _HUB_COLUMNS.isdisjoint(check.reads)


class Resources:
    """The rows of every table by lower-cased resource id, as texts; "<column>" where not reported."""

    def __init__(self, tables: Tables) -> None:
        """No row looked up yet."""
        self._tables = tables
        self._rows: dict[str, _Rows] = {}

    def values(self, check: Check, *, resource_id: str, workspace_id: str, judged_by: str) -> dict[str, str]:
        """Every placeholder a fix of `check` may use, with its value for one finding."""
        at_hub = follows_hub(check) and judged_by not in ("", workspace_id.lower())
        owner = judged_by if at_hub else workspace_id.lower()
        workspace = self._row("workspaces", owner)
        subject = owner if at_hub else resource_id.lower()
        row = self._row(check.over, subject)
        named = {name: workspace.get(name, f"<{name}>") for name in WORKSPACE_NAMES}
        columns = {name: row.get(name, named.get(name, f"<{name}>")) for name in SCHEMAS[check.over].dtypes}
        own = workspace.get("workspace_id", owner) if at_hub else resource_id
        return {**named, **columns, "resource_id": own}

    def _row(self, table: str, key: str) -> Mapping[str, str]:
        if table not in self._rows:
            self._rows[table] = _Rows(self._tables[table])
        return self._rows[table].of(key)


class _Rows:
    """The rows of one table as texts, of which few are ever asked for."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._places = {key: place for place, key in enumerate(frame.index)}
        self._columns = {str(name): _texts(frame[name], str(name)).to_numpy() for name in frame.columns}

    def of(self, key: str) -> Mapping[str, str]:
        place = self._places.get(key)
        return {} if place is None else {name: column[place] for name, column in self._columns.items()}


def _texts(column: pd.Series, name: str) -> pd.Series[str]:
    texts = column.astype("string").fillna(f"<{name}>")
    return (texts.str.lower() if column.dtype == "boolean" else texts).astype(object)
