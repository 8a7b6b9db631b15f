"""The tenant of the fault matrix: six workspaces in two subscriptions, and the places where a fault strikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from scanner.emulator.tenants.builders import Place, Site, guid, subscription, workspace
from scanner.emulator.tenants.dependencies import closed
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import APPROVED, managed_network, private
from scanner.emulator.tenants.rules import fqdn, service_tag
from scanner.emulator.tenants.tenant import Resource, Tenant

STRUCK, SPARED = guid("matrix", "struck"), guid("matrix", "spared")


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where a fault strikes, and a part of the id of everything that depends on it."""

    title: str
    fault: Mapping[str, Any]
    touches: tuple[str, ...]
    is_list: bool = True


SITES = [
    Site(place=Place(subscription=owner, group="rg-matrix", location="westeurope"), name=f"mlw-{name}")
    for owner, names in ((STRUCK, ("one", "two", "three", "four")), (SPARED, ("five", "six")))
    for name in names
]
ONE = SITES[0]
PLACES = (
    Spot(
        title="first page",
        fault={"route": "workspaces", "subscription": STRUCK, "page": 1},
        touches=tuple(site.id for site in SITES[:4]),
    ),
    Spot(
        title="later page",
        fault={"route": "workspaces", "subscription": STRUCK, "page": 2},
        touches=tuple(site.id for site in SITES[2:4]),
    ),
    Spot(
        title="rules call",
        fault={"route": "outboundRules", "resource": ONE.name},
        touches=(ONE.id,),
    ),
    Spot(
        title="associated resource",
        fault={"route": "associated", "resource": ONE.storage},
        touches=(f"{ONE.id}#storage",),
        is_list=False,
    ),
)


@cache
def tenant() -> Tenant:
    """Two subscriptions, six workspaces that satisfy the policy, each with rules and a storage account."""
    listed = (subscription(STRUCK, "struck"), subscription(SPARED, "spared"))
    resources = [resource for site in SITES for resource in (_workspace(site), closed(site)[0])]
    return Tenant(name="matrix", tenant_id=TENANT_ID, subscriptions=listed, resources=tuple(resources))


def huge_workspace(rules: int) -> Tenant:
    """One workspace with so many rules, and one more."""
    resources = (_workspace(ONE, rules), closed(ONE)[0])
    return replace(tenant(), subscriptions=tenant().subscriptions[:1], resources=resources)


def _workspace(site: Site, rules: int = 2) -> Resource:
    opened = {f"host-{number:05d}": fqdn(f"host-{number}.example.com") for number in range(rules)}
    network = managed_network(site, APPROVED, {**opened, "monitor": service_tag("AzureMonitor")})
    storage_alone = dict.fromkeys(("keyVault", "containerRegistry", "applicationInsights"))
    return Resource(body=workspace(site, private(), network, storage_alone))
