"""Builds the network parts of a workspace: inbound access, private endpoints, managed network."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.emulator.tenants.builders import Site, guid, system_data
from scanner.emulator.versions import Document

INTERNET = "AllowInternetOutbound"
APPROVED = "AllowOnlyApprovedOutbound"
SPOKE = "vnet-spoke"
"""The virtual network of private endpoints, unless a tenant names another one."""


def public() -> Document:
    """Open to every address."""
    return {"publicNetworkAccess": "Enabled", **_addresses("Allow", ())}


def private(*lingering: str) -> Document:
    """Closed to the public; `lingering` address rules were left behind."""
    return {"publicNetworkAccess": "Disabled", **_addresses("Deny" if lingering else "Allow", lingering)}


def selected(*addresses: str) -> Document:
    """Open to these addresses only."""
    return {"publicNetworkAccess": "Enabled", **_addresses("Deny", addresses)}


def _addresses(default_action: str, addresses: tuple[str, ...]) -> Document:
    return {
        "ipAllowlist": list(addresses),
        "networkAcls": {
            "defaultAction": default_action,
            "bypass": "",
            "ipRules": [{"value": address} for address in addresses],
            "resourceAccessRules": [],
        },
    }


def private_endpoints(*connections: Document) -> Document:
    """The private endpoint connections of a workspace; leave the part out where there are none."""
    return {"privateEndpointConnections": list(connections), "privateLinkCount": len(connections)}


def connection(
    site: Site,
    name: str = "pe",
    *,
    status: str = "Approved",
    subscription: str | None = None,
    network: str = SPOKE,
) -> Document:
    """Return a private endpoint connection of that status, with its endpoint in `subscription` and `network`.

    Like some of Azure's, a connection does not name the subnet of an endpoint in the usual network.
    """
    full_name = f"{name}-{site.name.lower()}.{guid('connection', site.id, name)}"
    holder = subscription or site.place.subscription
    group = f"/subscriptions/{holder}/resourceGroups/rg-network/providers/Microsoft.Network"
    subnet = {"subnetArmId": f"{group}/virtualNetworks/{network}/subnets/snet-endpoints"}
    return {
        "id": f"{site.id}/privateEndpointConnections/{full_name}",
        "name": full_name,
        "type": "Microsoft.MachineLearningServices/workspaces/privateEndpointConnections",
        "location": site.place.location,
        "properties": {
            "privateEndpoint": {
                "id": f"{group}/privateEndpoints/{name}-{site.name.lower()}",
                **(subnet if network != SPOKE else {}),
            },
            "privateLinkServiceConnectionState": {
                "status": status,
                "description": {"Approved": "Auto-Approved", "Pending": "Please approve"}.get(status, ""),
                "actionsRequired": "None",
            },
            "provisioningState": "Succeeded",
        },
        "systemData": system_data(),
    }


def managed_network(
    site: Site,
    mode: str,
    rules: Mapping[str, Document],
    *,
    status: str = "Active",
    spark_ready: bool = False,
    firewall: str = "Standard",
) -> Document:
    """A managed network in that mode with these outbound rules."""
    has_firewall = any(rule["type"] == "FQDN" for rule in rules.values())
    return {
        "managedNetwork": {
            "isolationMode": mode,
            "networkId": guid("network", site.id),
            "outboundRules": dict(rules),
            "status": {"status": status, "sparkReady": spark_ready},
            "firewallSku": firewall,
            "firewallPublicIpAddress": "20.61.14.77" if has_firewall and status == "Active" else None,
            "managedNetworkKind": "V1",
            "enableNetworkMonitor": False,
            "changeableIsolationModes": [APPROVED] if mode == INTERNET else [INTERNET],
        },
        "provisionNetworkNow": status == "Active",
    }


def no_managed_network() -> Document:
    """Return a managed network with isolation off."""
    return {
        "managedNetwork": {"isolationMode": "Disabled", "changeableIsolationModes": [INTERNET, APPROVED]},
    }
