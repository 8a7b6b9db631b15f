"""The demo tenant a week later: one workspace opened, one closed, one deleted and one rule widened."""

from __future__ import annotations

import copy
from dataclasses import replace

from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.tenants.tenant import Document, Tenant

OPENED, CLOSED, DELETED = "mlw-fraud-prod", "mlw-spark-lab", "mlw-churn-2021"


def changed_tenant() -> Tenant:
    """Return the demo tenant with the changes that `azml-audit demo --drift` shows."""
    tenant = demo_tenant()
    kept = (each for each in tenant.resources if f"/workspaces/{DELETED}/" not in f"{each.id}/")
    return replace(tenant, resources=tuple(replace(each, body=_changed(each.body)) for each in kept))


def _changed(body: Document) -> Document:
    changed = copy.deepcopy(body)
    properties = changed.get("properties", {})
    if changed.get("name") == OPENED and "managedNetwork" in properties:
        properties["publicNetworkAccess"] = "Enabled"
        rule = {"destination": "*.pypi.org", "status": "Active"}
        properties["managedNetwork"]["outboundRules"]["old-index"] |= rule
    if changed.get("name") == CLOSED and "managedNetwork" in properties:
        properties["publicNetworkAccess"] = "Disabled"
    return changed
