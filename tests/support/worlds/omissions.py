"""Tenants whose lists of workspaces leave members out, as Azure does for what is not set, and more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from scanner.emulator.tenants.builders import Place, Site, guid, subscription, workspace
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import APPROVED, managed_network, public
from scanner.emulator.tenants.rules import fqdn
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.emulator.versions import Document, without

SETTINGS: dict[str, Document] = {
    "encryption": {"status": "Enabled", "keyVaultProperties": {"keyIdentifier": "https://kv.example/keys/k"}},
    "systemDatastoresAuthMode": {"_": "Identity"},
    "serverlessComputeSettings": {"serverlessComputeNoPublicIP": True, "serverlessComputeCustomSubnet": None},
    "hbiWorkspace": {"_": True},
    "v1LegacyMode": {"_": True},
    "primaryUserAssignedIdentity": {
        "_": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
    },
    "storageAccount": {},
    "publicNetworkAccess": {},
    "managedNetwork": {},
}
"""Members that a workspace may have. Those without a value here have the builder's."""

REGIONS = ("westeurope", "eastus")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A workspace: where it is, the members that are set, and those of them that the list hides."""

    number: int
    subscription: int
    region: str
    is_set: frozenset[str]
    hides: frozenset[str]
    is_project: bool = False

    @property
    def site(self) -> Site:
        """The place and the name."""
        return Site(
            place=Place(
                subscription=guid("omissions", self.subscription),
                group=f"rg-{self.subscription}",
                location=self.region,
            ),
            name=f"mlw-{self.number:03d}",
        )

    @property
    def resource(self) -> Resource:
        """The workspace as GET shows it, and as the list does."""
        body = workspace(
            self.site,
            public(),
            managed_network(self.site, APPROVED, {"packages": fqdn("pypi.org")}),
            {name: value.get("_", value) for name, value in SETTINGS.items() if value},
            {"hubResourceId": self.site.id.replace("mlw-", "hub-")} if self.is_project else {},
            kind="Project" if self.is_project else "Default",
        )
        unset = SETTINGS.keys() - self.is_set
        body = _without(body, unset | ({"managedNetwork"} if self.is_project else set()))
        return Resource(body=body, listed=_without(body, self.hides))

    @property
    def order(self) -> bytes:
        """What decides when the workspace is drawn."""
        return sha256(self.site.id.lower().encode()).digest()

    def lacks(self, member: str) -> bool:
        """Whether the item of the list lacks the member."""
        return member not in self.is_set or member in self.hides


def _without(body: Document, members: Iterable[str]) -> Document:
    for member in members:
        body = without(body, ("properties", member))
    return body


def tenant_of(made: Sequence[Made]) -> Tenant:
    """The tenant with these workspaces."""
    ids = sorted({each.subscription for each in made})
    return Tenant(
        name="omissions",
        tenant_id=TENANT_ID,
        subscriptions=tuple(subscription(guid("omissions", each), f"sub-{each}") for each in ids),
        resources=tuple(each.resource for each in made),
    )


def drawn(made: Iterable[Made], member: str, refused: frozenset[int] = frozenset()) -> list[Made]:
    """The three that prove what the absence of a member in the list means, all of one region and kind."""
    lacking = [each for each in made if each.lacks(member) and each.number not in refused]
    return sorted(lacking, key=lambda each: each.order)[:3]
