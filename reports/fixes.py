"""The names a fix is filled in with: those of the resource the finding is about, or of its hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Table to lower-cased resource id to its row, each value as text; "<column>" where not reported."""

    rows: Mapping[str, Mapping[str, Mapping[str, str]]]

    @classmethod
    def of(cls, tables: Tables) -> Resources:
        """The rows of every table."""
        return cls(rows={name: _records(tables[name]) for name in SCHEMAS})

    def values(self, check: Check, *, resource_id: str, workspace_id: str, judged_by: str) -> dict[str, str]:
        """Every placeholder a fix of `check` may use, with its value for one finding."""
        at_hub = follows_hub(check) and judged_by not in ("", workspace_id.lower())
        owner = judged_by if at_hub else workspace_id.lower()
        workspace = self.rows["workspaces"].get(owner, {})
        subject = owner if at_hub else resource_id.lower()
        row = self.rows[check.over].get(subject, {})
        named = {name: workspace.get(name, f"<{name}>") for name in WORKSPACE_NAMES}
        columns = {name: row.get(name, named.get(name, f"<{name}>")) for name in SCHEMAS[check.over].dtypes}
        own = workspace.get("workspace_id", owner) if at_hub else resource_id
        return {**named, **columns, "resource_id": own}


def _records(frame: pd.DataFrame) -> Mapping[str, Mapping[str, str]]:
    texts = pd.DataFrame({name: _texts(frame[name], str(name)) for name in frame.columns}, index=frame.index)
    return texts.to_dict("index")  # type: ignore[return-value]


def _texts(column: pd.Series, name: str) -> pd.Series[str]:
    texts = column.astype("string").fillna(f"<{name}>")
    return texts.str.lower() if column.dtype == "boolean" else texts
