"""Rows of dependencies and diagnostic settings, and ways to ask the checks of them."""

from __future__ import annotations

import pandas as pd

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Check, ChosenCheck, Params
from tests.support.tables.checks import CHECKS, SUBSCRIPTION, Row, findings_of, workspace, workspace_id

_PROVIDER_OF = {
    "storage": "Microsoft.Storage/storageAccounts",
    "vault": "Microsoft.KeyVault/vaults",
    "registry": "Microsoft.ContainerRegistry/registries",
    "insights": "Microsoft.Insights/components",
}


def dependency_id(role: str) -> str:
    """The id of the resource of that role."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared/providers/{_PROVIDER_OF[role]}/{role}-one"


STORAGE, VAULT, REGISTRY = (dependency_id(role) for role in ("storage", "vault", "registry"))


def dependency(role: str, of: str = "ws", **values: object) -> Row:
    """A row of `associated_resources` that was read."""
    return {
        "association_id": f"{workspace_id(of)}#{role}",
        "workspace_id": workspace_id(of),
        "resource_id": dependency_id(role),
        "resource": f"{role}-one",
        "role": role,
        "read_status": "read",
        "unread_reason": "",
        **values,
    }


def closed(role: str, of: str = "ws", **values: object) -> Row:
    """A row of `associated_resources` that the public does not reach, unless `values` say otherwise."""
    shut = {"public_network_access": "Disabled", "default_action": "Deny", "ip_rules": ""}
    return dependency(role, of, **{**shut, **values})


def missing(role: str) -> Row:
    """A dependency that Azure does not know."""
    return dependency(role, read_status="missing")


def unreadable(role: str) -> Row:
    """A dependency that may not be read."""
    return dependency(role, read_status="unreadable", unread_reason="AuthorizationFailed: no access")


def setting(enabled_logs: str | None, sinks: str | None, of: str = "ws", name: str = "logs") -> Row:
    """A row of `diagnostic_settings`."""
    return {
        "setting_id": f"{workspace_id(of)}/providers/microsoft.insights/diagnosticSettings/{name}",
        "workspace_id": workspace_id(of).upper(),
        "setting": name,
        "enabled_logs": enabled_logs,
        "sinks": sinks,
    }


def place(name: str = "ws", **values: object) -> dict[str, object]:
    """A row of `workspaces` around which everything was read."""
    known = {"associated_resources_known": True, "diagnostic_settings_known": True, "computes_known": True}
    return {**workspace(name), **known, **values}


def of_dependency(check_id: str, row: Row, **values: object) -> dict[str, str]:
    """The one finding about a dependency of a workspace with these values."""
    found = findings_of(check_id, workspaces=[{**place(), **values}], associated_resources=[row])
    assert len(found) == 1
    return {str(name): str(value) for name, value in found.iloc[0].items()}


SCENARIOS = ("python-packages", "vs-code", "batch", "prompt-flow", "hugging-face", "selected-addresses")

MINE = tuple(check for check in CHECKS.values() if check.family in {"RES", "SEC", "SCN"})
"""The checks of dependencies, protection and scenarios."""


def judged(read: Tables) -> pd.DataFrame:
    """What all of them find, every scenario required; with the last names of both ids."""
    chosen = [ChosenCheck(check=check, severity=check.severity, params=_params(check)) for check in MINE]
    found = findings(read, chosen)
    assert "error" not in set(found["status"]), list(found["reason"])
    last = {name: found[f"{name}_id"].str.rpartition("/")[2] for name in ("workspace", "resource")}
    return found.assign(**last)


def _params(check: Check) -> Params:
    return check.params.model_validate({"required": SCENARIOS} if check.family == "SCN" else {})
