"""Tenants of any size from a seed, for tests and benchmarks; nothing in them is left to chance.

The law: workspace w of subscription s has the number `seed + s * workspaces + w`, and its posture is
`POSTURES[number % 10]`. It violates NET006 unless that is `COMPLIANT`. It has `rules` outbound rules, or
none where its isolation mode is Disabled. As in Azure, list and single read leave out what is not set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.routes import ASSOCIATED_LIST
from scanner.emulator.tenants.builders import Place, Site, descendant, guid, subscription, workspace
from scanner.emulator.tenants.dependencies import closed, opened
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import (
    APPROVED,
    INTERNET,
    connection,
    managed_network,
    no_managed_network,
    private,
    private_endpoints,
    public,
)
from scanner.emulator.tenants.rules import fqdn, private_endpoint, service_tag
from scanner.emulator.tenants.tenant import Document, Resource, Tenant


class Posture(NamedTuple):
    """The values that decide NET006."""

    public_network_access: str
    isolation_mode: str


COMPLIANT = Posture("Disabled", INTERNET)
POSTURES = (
    *(COMPLIANT,) * 5,
    Posture("Enabled", INTERNET),
    Posture("Disabled", APPROVED),
    Posture("Disabled", APPROVED),
    Posture("Enabled", APPROVED),
    Posture("Enabled", "Disabled"),
)
_ACCOUNTS = "/microsoft.storage/storageaccounts"
STORAGE_LIMITS = tuple(
    Fault(kind=FaultKind.PROVIDER_LIMIT, route=route, resource=_ACCOUNTS, capacity=requests, seconds=300)
    for route, requests in (("associated", 800), (ASSOCIATED_LIST, 100))
)
"""800 reads and 100 lists in 5 minutes, for each subscription and region (scalability targets of the storage resource
provider, 2026-11)."""
_NOT_SET = ("serverlessComputeSettings", "systemDatastoresAuthMode", "imageBuildCompute")
_REGIONS = ("westeurope", "northeurope", "swedencentral", "eastus", "westus3")


def generated_tenant(
    *,
    subscriptions: int,
    workspaces: int,
    rules: int,
    seed: int = 0,
    with_dependencies: bool = False,
    has_storage_limits: bool = False,
) -> Tenant:
    """A tenant of `subscriptions` times `workspaces`, each with `rules` outbound rules.

    `expected_violations` names the workspaces that violate NET006 by the law above. The tenant has one
    management group, "generated", above all subscriptions. `with_dependencies`, the storage accounts, vaults,
    registries and components that workspaces name exist: those of every third workspace are open.
    `has_storage_limits`, the storage provider counts requests as it does in Azure (`STORAGE_LIMITS`).
    """
    listed = tuple(
        subscription(guid("generated", seed, number), f"generated-{number:04d}")
        for number in range(subscriptions)
    )
    postures = {
        site.id: (site, POSTURES[(seed + position) % len(POSTURES)])
        for position, site in enumerate(_sites(listed, workspaces))
    }
    return Tenant(
        name="generated",
        tenant_id=TENANT_ID,
        subscriptions=listed,
        resources=(
            *(Resource(body=_body(site, posture, rules)) for site, posture in postures.values()),
            *(_dependencies([site for site, _ in postures.values()]) if with_dependencies else ()),
        ),
        management_groups={"generated": tuple(descendant(item, "generated") for item in listed)},
        default_faults=STORAGE_LIMITS if has_storage_limits else (),
        expected_violations=frozenset(
            workspace_id.lower() for workspace_id, (_, posture) in postures.items() if posture != COMPLIANT
        ),
    )


def _dependencies(sites: Sequence[Site]) -> Iterator[Resource]:
    for position, site in enumerate(sites):
        yield from opened(site) if position % 3 == 2 else closed(site)


def _sites(subscriptions: tuple[Document, ...], workspaces: int) -> Iterator[Site]:
    for position, item in enumerate(subscriptions):
        place = Place(
            subscription=item["subscriptionId"],
            group="rg-generated",
            location=_REGIONS[position % len(_REGIONS)],
        )
        for number in range(workspaces):
            yield Site(place=place, name=f"mlw-{position:04d}-{number:04d}")


def _body(site: Site, posture: Posture, rules: int) -> Document:
    inbound = public() if posture.public_network_access == "Enabled" else private()
    endpoint = {} if posture.public_network_access == "Enabled" else private_endpoints(connection(site))
    network = no_managed_network()
    if posture.isolation_mode != "Disabled":
        network = managed_network(site, posture.isolation_mode, _rules(posture.isolation_mode, rules))
    body = workspace(site, inbound, endpoint, network)
    properties = {name: value for name, value in body["properties"].items() if name not in _NOT_SET}
    return {**body, "properties": properties}


@lru_cache(maxsize=16)
def _rules(mode: str, count: int) -> Mapping[str, Document]:
    """`count` rules valid in that mode; shared by all workspaces, since nobody changes a document."""
    return {f"rule-{number:04d}": _rule(mode, number) for number in range(count)}


def _rule(mode: str, number: int) -> Document:
    target = Place(subscription=guid("targets"), group="rg-shared", location=_REGIONS[0]).id_of(
        "Microsoft.Storage/storageAccounts", f"stshared{number:04d}"
    )
    if mode == INTERNET or number % 3 == 0:
        return private_endpoint(target, "blob")
    if number % 3 == 1:
        return fqdn(f"packages-{number:04d}.example.com")
    return service_tag("AzureMonitor", ports=str(1024 + number % 60000))
