"""Tenants whose workspaces have dependencies that lists show, hide, spoil or lack members of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scanner.emulator.tenants.builders import Place, Site, guid, subscription, workspace
from scanner.emulator.tenants.dependencies import closed, opened
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import APPROVED, managed_network, private
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.emulator.versions import without

REGIONS = ("westeurope", "eastus")
MEMBERS = (
    *("properties.publicNetworkAccess", "properties.networkAcls", "properties.networkRuleSet"),
    *("properties.allowSharedKeyAccess", "properties.allowBlobPublicAccess", "properties.adminUserEnabled"),
    *(
        "properties.privateEndpointConnections",
        "properties.enablePurgeProtection",
        "sku",
        "location",
        "properties",
    ),
    "properties.publicNetworkAccessForQuery",
)
"""What lists of a region may lack."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A workspace with its four dependencies: where they are, and whether lists show them and they exist."""

    number: int
    subscription: int = 0
    region: str = REGIONS[0]
    is_open: bool = False
    is_hidden: bool = False
    is_gone: bool = False
    lists_lack: frozenset[str] = frozenset()

    @property
    def site(self) -> Site:
        """The place and the name."""
        place = Place(subscription=guid("dependencies", self.subscription), group="rg", location=self.region)
        return Site(place=place, name=f"mlw-{self.number:03d}")

    @property
    def dependencies(self) -> list[Resource]:
        """The dependencies that exist."""
        return (
            []
            if self.is_gone
            else [self._listed(each) for each in (opened if self.is_open else closed)(self.site)]
        )

    def _listed(self, resource: Resource) -> Resource:
        body = resource.body
        for member in self.lists_lack:
            body = without(body, tuple(member.split(".")))
        return replace(resource, listed=body, in_lists=not self.is_hidden)


def tenant_of(made: Sequence[Made], *, strangers: int = 0, empty_pages: bool = False) -> Tenant:
    """The tenant with these workspaces, and so many dependencies of other teams before theirs."""
    ids = sorted({each.subscription for each in made})
    others = [Made(number=number, subscription=ids[0]) for number in range(900, 900 + strangers)]
    network = managed_network(made[0].site, APPROVED, {})
    return Tenant(
        name="dependencies",
        tenant_id=TENANT_ID,
        subscriptions=tuple(subscription(guid("dependencies", each), f"sub-{each}") for each in ids),
        resources=(
            *(resource for each in (*others, *made) for resource in each.dependencies),
            *(Resource(body=workspace(each.site, private(), network)) for each in made),
        ),
        empty_pages=empty_pages,
    )
