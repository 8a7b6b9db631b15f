"""Facts about a workspace that choose between alternatives, and the resources that a mode change deletes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.contract.isolation import APPROVED, DISABLED, INTERNET
from checks.contract.tables import Tables
from checks.drift.model import Snapshot, texts
from checks.frames import pd
from scanner.plan.filling import names_in


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

    @property
    def is_stuck(self) -> bool:
        """Return whether Azure refuses to change the isolation mode that the workspace has."""
        is_listed = self.modes is None or APPROVED.lower() in map(str.lower, self.modes)
        return self.mode.lower() == APPROVED.lower() or not is_listed

    def decides(self, label: str, expected: str = "") -> bool | None:
        """Return whether the alternative with this label is meant for the workspace, None if the audit cannot know.

        `expected` is what the finding wants, such as the modes that the policy allows.
        """
        mode = self.mode.lower()
        is_allowed = mode in expected.lower() or not expected
        claims = {
            "managed network is off": mode == DISABLED.lower(),
            "managed network is on": mode in (INTERNET.lower(), APPROVED.lower()),
            f"mode is {INTERNET}": mode == INTERNET.lower(),
            f"mode is {APPROVED}": mode == APPROVED.lower(),
            "a mode that the policy allows": is_allowed,
            "policy does not allow it": not is_allowed,
            f"policy allows {APPROVED}": not self.is_stuck,
            "Azure refuses the mode": self.is_stuck and mode != DISABLED.lower(),
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
        self._known: dict[str, Workspace] = {}
        self._children = _children(audit, tables)
        self._attached = _attached(tables)
        rules = audit.rules_by_key
        self._with_host_rules = frozenset(rules.loc[rules["type"].str.lower().eq("fqdn"), "workspace_key"])

    def of(self, key: str) -> Workspace:
        """Return what is known about the workspace."""
        if key not in self._known:
            self._known[key] = self._workspace(key)
        return self._known[key]

    def _workspace(self, key: str) -> Workspace:
        row = self._audit.workspace_rows.get(key, {})
        own = self._row(key)
        children = self._children.get(key, [])
        modes = own.get("changeable_isolation_modes")
        return Workspace(
            workspace_id=row.get("workspace_id", key),
            name=row.get("workspace", "") or names_in(key).get("workspace", key),
            kind=row.get("kind", ""),
            mode=row.get("effective_isolation_mode", ""),
            modes=tuple(modes.split(", ")) if modes else None,
            firewall_sku=own.get("firewall_sku", ""),
            has_host_rules=key in self._with_host_rules,
            computes=_named(children, "compute"),
            attached=tuple(sorted(self._attached.get(key, ()))),
            endpoints=_endpoints(children),
            is_whole=all(own.get(name) == "True" for name in _KNOWN),
        )

    def _row(self, key: str) -> Mapping[str, str]:
        """Return what only the tables have about the workspace, as texts."""
        if self._tables is None or key not in self._tables.workspaces.index:
            return {}
        row = self._tables.workspaces.loc[key]
        found = {name: row[name] for name in (*_KNOWN, "changeable_isolation_modes", "firewall_sku")}
        return {name: "" if pd.isna(value) else str(value) for name, value in found.items()}


_KNOWN = ("computes_known", "online_endpoints_known", "online_deployments_known")
_BELOW = re.compile(r"/workspaces/[^/]+/(?:computes|onlineEndpoints)/", re.IGNORECASE)
_CHILDREN = {"computes": "compute_id", "endpoints": "endpoint_id", "online_deployments": "deployment_id"}


def _children(audit: Snapshot, tables: Tables | None) -> Mapping[str, Sequence[str]]:
    """Return the ids of computes, endpoints and deployments, as Azure spells them, by their workspace."""
    pairs = [(audit.findings["workspace_id"], audit.findings["resource_id"])]
    if tables is not None:
        pairs += [(tables[name]["workspace_id"], tables[name][column]) for name, column in _CHILDREN.items()]
    found = pd.DataFrame(
        {
            "workspace": pd.concat([texts(workspace).str.lower() for workspace, _ in pairs]),
            "child": pd.concat([texts(child) for _, child in pairs]),
        }
    )
    found = found[found["child"].str.contains(_BELOW, regex=True)]
    found = found[~found["child"].str.lower().duplicated()]
    return {str(key): listed.tolist() for key, listed in found.groupby("workspace")["child"]}


def _attached(tables: Tables | None) -> Mapping[str, Sequence[str]]:
    """Return the names of attached computes by their workspace."""
    if tables is None:
        return {}
    computes = tables.computes
    own = computes[computes["is_attached"].fillna(value=False) & computes["compute"].notna()]
    return {
        str(key): listed.tolist() for key, listed in own.groupby(own["workspace_id"].str.lower())["compute"]
    }


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
