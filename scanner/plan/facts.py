"""What the audit knows about a workspace: what decides between alternatives, and what a mode change deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from checks.contract.isolation import APPROVED, DISABLED, INTERNET
from checks.contract.tables import Tables
from checks.drift.model import Snapshot, texts
from scanner.plan.filling import names_in

Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A workspace as the plan sees it.

    `modes` lists changeableIsolationModes, None if the audit does not have it. `attached` computes were created outside
    the workspace: a mode change leaves them. `is_whole` is whether the lists are complete; otherwise they contain what
    the findings name. With `has_host_rules` it has a firewall already.
    """

    workspace_id: str
    name: str
    kind: str
    mode: str
    modes: tuple[str, ...] | None
    firewall_sku: str
    has_host_rules: bool
    computes: tuple[str, ...]
    attached: tuple[str, ...]
    endpoints: Mapping[str, tuple[str, ...]]
    is_whole: bool

    def decides(self, label: str) -> bool | None:
        """Return whether the alternative with this label is meant for the workspace, None if the audit cannot know."""
        mode = self.mode.lower()
        claims = {
            "managed network is off": mode == DISABLED.lower(),
            "managed network is on": mode in (INTERNET.lower(), APPROVED.lower()),
            f"mode is {INTERNET}": mode == INTERNET.lower(),
        }
        if mode and any(claim in label and not is_true for claim, is_true in claims.items()):
            return False
        if "neither a hub nor a Project" in label and self.kind.lower() in ("hub", "project"):
            return False
        if mode and any(claim in label for claim in claims):
            return True
        counted = {
            "the workspace has no managed online endpoint": not self.endpoints,
            "it has one": bool(self.endpoints),
        }
        return counted.get(label) if self.is_whole else None


class Facts:
    """The workspaces of an audit, by lower-cased id."""

    def __init__(self, audit: Snapshot, tables: Tables | None) -> None:
        """Start without any workspace looked up."""
        self._audit = audit
        self._tables = tables
        self._ids = texts(audit.findings["resource_id"]).drop_duplicates()
        self._known: dict[str, Workspace] = {}

    def of(self, key: str) -> Workspace:
        """Return what is known about the workspace."""
        if key not in self._known:
            self._known[key] = self._workspace(key)
        return self._known[key]

    def _workspace(self, key: str) -> Workspace:
        row = self._audit.workspace_rows.get(key, {})
        own = self._row("workspaces", key)
        children = self._children(key)
        modes = own.get("changeable_isolation_modes")
        return Workspace(
            workspace_id=row.get("workspace_id", key),
            name=row.get("workspace", "") or names_in(key).get("workspace", key),
            kind=row.get("kind", ""),
            mode=row.get("effective_isolation_mode", ""),
            modes=tuple(modes.split(", ")) if modes else None,
            firewall_sku=own.get("firewall_sku", ""),
            has_host_rules=self._has_host_rules(key),
            computes=_named(children, "compute"),
            attached=self._attached(key),
            endpoints=_endpoints(children),
            is_whole=all(
                own.get(name) == "true"
                for name in ("computes_known", "online_endpoints_known", "online_deployments_known")
            ),
        )

    def _has_host_rules(self, key: str) -> bool:
        rules = self._audit.rules_by_key
        return bool((rules["workspace_key"].eq(key) & rules["type"].str.lower().eq("fqdn")).any())

    def _row(self, table: str, key: str) -> dict[str, str]:
        if self._tables is None or key not in self._tables[table].index:
            return {}
        row = self._tables[table].loc[key]
        return {str(name): _text(value) for name, value in row.items()}

    def _children(self, key: str) -> Sequence[str]:
        """Return the ids of the computes, online endpoints and deployments of the workspace, as Azure spells them."""
        found = self._ids[self._ids.str.lower().str.startswith(f"{key}/")].tolist()
        for table, column in _CHILDREN.items():
            if self._tables is not None:
                frame = self._tables[table]
                found += frame.loc[frame["workspace_id"].str.lower().eq(key), column].tolist()
        return list({each.lower(): each for each in found}.values())

    def _attached(self, key: str) -> tuple[str, ...]:
        if self._tables is None:
            return ()
        frame = self._tables["computes"]
        own = frame["workspace_id"].str.lower().eq(key) & frame["is_attached"].fillna(value=False)
        return tuple(sorted(frame.loc[own, "compute"].dropna()))


_CHILDREN = {"computes": "compute_id", "endpoints": "endpoint_id", "online_deployments": "deployment_id"}


def _text(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return str(value).lower() if isinstance(value, bool) or str(value) in ("True", "False") else str(value)


def _named(ids: Sequence[str], word: str) -> tuple[str, ...]:
    return tuple(sorted({names_in(each)[word] for each in ids if word in names_in(each)}))


def _endpoints(ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the online endpoints and the names of their deployments."""
    found: dict[str, set[str]] = {}
    for each in ids:
        names = names_in(each)
        if names.get("endpoint_type") == "online":
            found.setdefault(names["endpoint"], set())
            found[names["endpoint"]] |= {names["deployment"]} if "deployment" in names else set()
    return {name: tuple(sorted(deployments)) for name, deployments in sorted(found.items())}
