"""Demo, legacy: workspaces from before managed networks, in a subscription in state Warned."""

from __future__ import annotations

from scanner.emulator.demo.places import LEGACY
from scanner.emulator.tenants.builders import Site, workspace
from scanner.emulator.tenants.dependencies import diagnostics, insights, opened, registry, vault
from scanner.emulator.tenants.network import connection, private, private_endpoints, public
from scanner.emulator.tenants.tenant import Resource
from scanner.emulator.tenants.workloads import cluster, deployment, online_endpoint


def legacy_resources() -> list[Resource]:
    """Everything in the legacy subscription."""
    return [*_silent(), *_contradicting(), *_orphaned(), *_failed()]


def _silent() -> list[Resource]:
    site = Site(place=LEGACY, name="mlw-churn-2019")
    body = workspace(site, {"allowPublicAccessWhenBehindVnet": True, "v1LegacyMode": True})
    del body["kind"]
    return [
        Resource(
            body=body, teaches="publicNetworkAccess is not reported: unknown, with the legacy flag as a hint"
        ),
        *opened(site),
    ]


def _contradicting() -> list[Resource]:
    site = Site(place=LEGACY, name="mlw-churn-2021")
    body = workspace(
        site,
        private(),
        private_endpoints(
            connection(site, network="vnet-clients"), connection(site, "pe-tools", network="vnet-tools")
        ),
        {"allowPublicAccessWhenBehindVnet": True},
    )
    subnet = (
        f"{site.id.partition('/providers/')[0]}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/ml"
    )
    return [
        Resource(
            body=body,
            teaches="closed by one flag and opened by the legacy one; isolated in its own subnet; two private "
            "endpoints, none in the network of the storage account's, and one among Docker's addresses",
        ),
        cluster(site, "cpu-subnet", subnet=subnet),
        online_endpoint(site, "churn"),
        deployment(site, "churn", egress="Disabled"),
        diagnostics(site, is_enabled=False),
        *opened(site, has_endpoint=True),
    ]


def _orphaned() -> list[Resource]:
    site = Site(place=LEGACY, name="mlw-maintenance")
    body = workspace(site, public())
    present = (
        vault(site, enablePurgeProtection=None, publicNetworkAccess="enabled", networkAcls=None),
        registry(site, sku="Standard", adminUserEnabled=True),
        insights(site, is_public=True),
    )
    return [
        Resource(
            body=body,
            teaches="its storage account is gone; vault without purge protection, registry too small",
        ),
        *(Resource(body=item) for item in present),
    ]


def _failed() -> list[Resource]:
    site = Site(place=LEGACY, name="mlw-half-created")
    body = workspace(
        site, {"provisioningState": "Failed", "publicNetworkAccess": None, "managedNetwork": None}
    )
    return [Resource(body=body, teaches="creation failed: properties reported as null, dependencies missing")]
