"""The values of the placeholders in fixes: names of the resource of a finding, or of its hub."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.contract.tables import SCHEMAS, Tables
from checks.fixes.access.clouds import in_cloud_of
from checks.fixes.marks import facts_of
from checks.fixes.scenarios import missing_hosts
from checks.fixes.steps import for_facts
from checks.model import Check, Remediation
from reports.audit import Audit
from reports.literals import DIALECTS, is_plain, placeholders, require, texts
from reports.page.strings import Strings

WORKSPACE_NAMES: Mapping[str, str] = {
    **{name: name for name in ("workspace", "resource_group", "subscription_id", "location", "workspace_id")},
    "workspace_kind": "kind",
}
"""The names of a finding's workspace that every fix may use, and their columns."""

OF_REASON = "missing_hosts"
"""The name of the hosts that the reason of the finding names."""

_HUB_COLUMNS = frozenset(f"workspaces.{name}" for name in NETWORK_COLUMNS)


def follows_hub(check: Check) -> bool:
    """Return whether a Project is fixed at its hub, because the check reads values that a Project takes from it."""
    return check.over == "workspaces" and not _HUB_COLUMNS.isdisjoint(check.reads)


class Fixes:
    """The values for the fix of every failure. Each value is stored once, quoted for each dialect."""

    def __init__(self, audit: Audit, strings: Strings, checks: Sequence[Check]) -> None:
        """Start without fixes."""
        self._numbers: dict[tuple[int, ...], int] = {}
        self._variants: dict[str, list[list[str]]] = {}
        self.literals: list[list[int]] = []
        self._checks = {check.id: check for check in checks}
        self._names: dict[str, tuple[str, ...] | None] = {}
        self._resources = Resources(audit.tables)
        self._strings = strings
        self._literal_numbers: dict[str, int] = {}

    def number(self, check_id: str, resource_id: str, workspace_id: str, judged_by: str, reason: str) -> int:
        """Return the number of the values for a failure's fix; -1 if the check has no fix.

        Raises ReportError for a placeholder that a fix of the check may not use.
        """
        check = self._checks[check_id]
        if check_id not in self._names:
            self._names[check_id] = _names(check)
        names = self._names[check_id]
        if names is None:
            return -1
        ids = {"resource_id": resource_id, "workspace_id": workspace_id, "judged_by": judged_by}
        variants = self._variants.setdefault(check_id, [])
        variant = list(texts(self._resources.fix(check, **ids)).values())
        if variant not in variants:
            variants.append(variant)
        values = self._resources.values(check, names, **ids, reason=reason)
        row = (variants.index(variant), *(self._literal(value) for value in values))
        return self._numbers.setdefault(row, len(self._numbers))

    def texts(self, check_id: str) -> list[list[str]]:
        """Return the texts of the check's fix for its failures, once each, in the languages of `DIALECTS`."""
        return self._variants.get(check_id, [])

    @property
    def rows(self) -> list[tuple[int, ...]]:
        """The number of the texts of each fix, and its values as numbers of `literals`, in their names' order."""
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
    require(check.remediation, names_for(check))
    return placeholders(check.remediation)


def names_for(check: Check) -> set[str]:
    """Return the names of the placeholders that a fix of the check may use."""
    return {*WORKSPACE_NAMES, *SCHEMAS[check.over].dtypes, "resource_id", OF_REASON}


class Resources:
    """The values of every table by lower-cased resource id, as texts; "<column>" if not reported."""

    def __init__(self, tables: Tables) -> None:
        """Start without any value looked up."""
        self._tables = tables
        self._places: dict[str, dict[str, int]] = {}
        self._columns: dict[tuple[str, str], Sequence[str]] = {}
        self._reached_ids: set[str] | None = None

    def values(
        self,
        check: Check,
        names: Sequence[str],
        *,
        resource_id: str,
        workspace_id: str,
        judged_by: str,
        reason: str = "",
    ) -> list[str]:
        """Return the value of each placeholder for one finding of `check`."""
        at_hub = _is_at_hub(check, workspace_id, judged_by)
        owner = judged_by if at_hub else workspace_id.lower()
        subject = owner if at_hub else resource_id.lower()
        own = (self._value("workspaces", owner, "workspace_id") or owner) if at_hub else resource_id
        known = {"resource_id": own}
        if OF_REASON in names:
            known[OF_REASON] = missing_hosts(reason) or f"<{OF_REASON}>"
        return [known.get(name) or self._named(check, name, subject, owner) for name in names]

    def fix(self, check: Check, *, resource_id: str, workspace_id: str, judged_by: str) -> Remediation:
        """Return the fix for the workspace's cloud and kind, and for whether an approved endpoint leads to it."""
        at_hub = _is_at_hub(check, workspace_id, judged_by)
        owner = judged_by if at_hub else workspace_id.lower()
        region = self._value("workspaces", owner, "location") or ""
        if not check.remediation.marked:
            return in_cloud_of(check.remediation, region)
        kind = self._value("workspaces", owner, "kind") or ("Hub" if at_hub else "")
        subject = resource_id.lower() if check.over == "associated_resources" else judged_by or owner
        key = f"{owner}#{resource_id.lower()}" if _is_shared(check.over) else resource_id.lower()
        types = (self._value(check.over, key, name) for name in ("endpoint_type", "role"))
        facts = facts_of(kind, is_reached=subject in self._reached(), type_=next(filter(None, types), ""))
        return in_cloud_of(for_facts(check.remediation, facts), region)

    def _reached(self) -> Collection[str]:
        """Return the lower-cased ids of what an approved private endpoint leads to."""
        if self._reached_ids is None:
            tables = self._tables
            own = tables.private_endpoint_connections
            others = tables.associated_resources
            has_endpoint = others["approved_private_endpoints"].gt(0).fillna(value=False)
            self._reached_ids = {
                *own.loc[own["status"].eq("Approved").fillna(value=False), "workspace_id"].str.lower(),
                *others.loc[has_endpoint, "resource_id"].str.lower(),
            }
        return self._reached_ids

    def _named(self, check: Check, name: str, subject: str, owner: str) -> str:
        """Return the value of the resource, else that of its workspace."""
        value = self._value(check.over, f"{owner}#{subject}" if _is_shared(check.over) else subject, name)
        if value is None and name in WORKSPACE_NAMES:
            value = self._value("workspaces", owner, WORKSPACE_NAMES[name])
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


def _is_at_hub(check: Check, workspace_id: str, judged_by: str) -> bool:
    return follows_hub(check) and judged_by not in ("", workspace_id.lower())


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
