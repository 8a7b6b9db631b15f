"""The values of the placeholders in fixes: names of the resource of a finding, or of its hub."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.contract.tables import SCHEMAS, Tables
from checks.model import Check
from reports.audit import Audit
from reports.literals import DIALECTS, is_plain, placeholders, require, texts
from reports.page.strings import Strings

WORKSPACE_NAMES = ("workspace", "resource_group", "subscription_id", "location", "workspace_id")

_HUB_COLUMNS = frozenset(f"workspaces.{name}" for name in NETWORK_COLUMNS)


def follows_hub(check: Check) -> bool:
    """Return whether a Project is fixed at its hub, because the check reads values that a Project takes from it."""
    return check.over == "workspaces" and not _HUB_COLUMNS.isdisjoint(check.reads)


class Fixes:
    """The values for the fix of every failure. Each value is stored once, quoted for each dialect."""

    def __init__(self, audit: Audit, strings: Strings, checks: Sequence[Check]) -> None:
        """Start without fixes."""
        self._numbers: dict[tuple[int, ...], int] = {}
        self.literals: list[list[int]] = []
        self._checks = {check.id: check for check in checks}
        self._names: dict[str, tuple[str, ...] | None] = {}
        self._resources = Resources(audit.tables)
        self._strings = strings
        self._literal_numbers: dict[str, int] = {}

    def number(self, check_id: str, resource_id: str, workspace_id: str, judged_by: str) -> int:
        """Return the number of the values for a failure's fix; -1 if the check has no fix.

        Raises ReportError for a placeholder that a fix of the check may not use.
        """
        check = self._checks[check_id]
        if check_id not in self._names:
            self._names[check_id] = _names(check)
        names = self._names[check_id]
        if names is None:
            return -1
        values = self._resources.values(
            check, names, resource_id=resource_id, workspace_id=workspace_id, judged_by=judged_by
        )
        literals = tuple(self._literal(value) for value in values)
        return self._numbers.setdefault(literals, len(self._numbers))

    @property
    def rows(self) -> list[tuple[int, ...]]:
        """The values of each fix, as numbers of `literals`, in the order of the placeholders."""
        return list(self._numbers)

    def _literal(self, value: str) -> int:
        if value not in self._literal_numbers:
            self._literal_numbers[value] = len(self.literals)
            quoted = [value] if is_plain(value) else [quote(value) for quote in DIALECTS.values()]
            self.literals.append([self._strings.number(text) for text in quoted])
        return self._literal_numbers[value]


def _names(check: Check) -> tuple[str, ...] | None:
    """Return the placeholders of the check's fix; None if it has no fix."""
    if not any(texts(check.remediation).values()):
        return None
    require(check.remediation, {*WORKSPACE_NAMES, *SCHEMAS[check.over].dtypes, "resource_id"})
    return placeholders(check.remediation)


class Resources:
    """The values of every table by lower-cased resource id, as texts; "<column>" if not reported."""

    def __init__(self, tables: Tables) -> None:
        """Start without any value looked up."""
        self._tables = tables
        self._places: dict[str, dict[str, int]] = {}
        self._columns: dict[tuple[str, str], Sequence[str]] = {}

    def values(
        self, check: Check, names: Sequence[str], *, resource_id: str, workspace_id: str, judged_by: str
    ) -> list[str]:
        """Return the value of each placeholder for one finding of `check`."""
        at_hub = follows_hub(check) and judged_by not in ("", workspace_id.lower())
        owner = judged_by if at_hub else workspace_id.lower()
        subject = owner if at_hub else resource_id.lower()
        own = (self._value("workspaces", owner, "workspace_id") or owner) if at_hub else resource_id
        return [own if name == "resource_id" else self._named(check, name, subject, owner) for name in names]

    def _named(self, check: Check, name: str, subject: str, owner: str) -> str:
        """Return the value of the resource, else that of its workspace."""
        value = self._value(check.over, f"{owner}#{subject}" if _is_shared(check.over) else subject, name)
        if value is None and name in WORKSPACE_NAMES:
            value = self._value("workspaces", owner, name)
        return f"<{name}>" if value is None else value

    def _value(self, table: str, key: str, name: str) -> str | None:
        """Return the value; None if the table has no such row or column."""
        frame = self._tables[table]
        if table not in self._places:
            self._places[table] = {key: place for place, key in enumerate(_keys(frame, table))}
        place = self._places[table].get(key)
        if place is None or name not in frame.columns:
            return None
        if (table, name) not in self._columns:
            self._columns[table, name] = _texts(frame[name], name)
        return self._columns[table, name][place]


def _is_shared(table: str) -> bool:
    """Return whether several workspaces can have a row about one resource."""
    return "resource_id" in SCHEMAS[table].dtypes


def _keys(frame: pd.DataFrame, table: str) -> Sequence[str]:
    """Return for each row the lower-cased id of its resource, after that of its workspace if the resource is shared."""
    if not _is_shared(table):
        return list(frame.index)
    keys = frame["workspace_id"].str.lower() + "#" + frame["resource_id"].str.lower()
    return list(keys.fillna(""))


def _texts(column: pd.Series, name: str) -> list[str]:
    texts = column.astype("string").fillna(f"<{name}>")
    values: list[str] = (texts.str.lower() if column.dtype == "boolean" else texts).to_numpy(object).tolist()
    return values
