"""Private endpoints with their DNS zones in Bicep and Terraform, and the lines that make a template wait for them.

A template that closes something creates the endpoint first, unless the resource has an approved one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.fixes.marks import REACHED, UNREACHED, only


@dataclass(frozen=True, kw_only=True)
class Link:
    """A private endpoint to one sub-resource. `zones` maps each DNS zone's symbol to its name in the public cloud."""

    part: str
    zones: tuple[tuple[str, str], ...]
    has_siblings: bool = False

    def symbol(self, noun: str) -> str:
        """Return the symbol of a resource of the endpoint, in Bicep."""
        return f"{self.part}{noun.capitalize()}" if self.has_siblings else noun

    @property
    def block(self) -> str:
        """The name of the endpoint's block in Terraform."""
        return self.part if self.has_siblings else "reached"


WORKSPACE_LINKS = (
    Link(
        part="amlworkspace",
        zones=(("api", "privatelink.api.azureml.ms"), ("notebooks", "privatelink.notebooks.azure.net")),
    ),
)
STORAGE_LINKS = tuple(
    Link(part=part, zones=((part, f"privatelink.{part}.core.windows.net"),), has_siblings=True)
    for part in ("blob", "file")
)
VAULT_LINKS = (Link(part="vault", zones=(("vault", "privatelink.vaultcore.azure.net"),)),)
REGISTRY_LINKS = (Link(part="registry", zones=(("registry", "privatelink.azurecr.io"),)),)


def reached_bicep(target: str = "{{workspace_id}}", links: Sequence[Link] = WORKSPACE_LINKS) -> str:
    """Return the Bicep resources of the private endpoints with their DNS zones."""
    zones = [_zone_bicep(*zone) for link in links for zone in link.zones]
    return "\n".join([*zones, *(f"{_endpoint_bicep(target, link)}\n{_group_bicep(link)}" for link in links)])


def reached_terraform(target: str = "{{workspace_id}}", links: Sequence[Link] = WORKSPACE_LINKS) -> str:
    """Return the Terraform resources of the private endpoints with their DNS zones."""
    zones = [_zone_terraform(*zone) for link in links for zone in link.zones]
    return "\n".join([*zones, *(_endpoint_terraform(_group_terraform(link), target, link) for link in links)])


def first_bicep(target: str = "{{workspace_id}}", links: Sequence[Link] = WORKSPACE_LINKS) -> str:
    """Return the Bicep resources that a closing resource waits for, unless an endpoint leads to it."""
    why = "// The private endpoint comes first, because the resource has no approved one."
    return only(f"{why}\n{reached_bicep(target, links)}", UNREACHED)


def first_terraform(
    target: str = "{{workspace_id}}", links: Sequence[Link] = WORKSPACE_LINKS, *, after: str = ""
) -> str:
    """Return the Terraform resources that a closing resource waits for, unless an endpoint leads to it.

    `after` is the address of a resource that the endpoint waits for.
    """
    why = "# The private endpoint comes first, because the resource has no approved one."
    reached, opening = reached_terraform(target, links), "  private_service_connection {"
    if after:
        reached = reached.replace(opening, f"  depends_on          = [{after}]\n{opening}")
    return only(f"{why}\n{reached}", UNREACHED)


def waits_in_bicep(*others: str, links: Sequence[Link] = WORKSPACE_LINKS) -> tuple[str, ...]:
    """Return the member of a resource that waits for the endpoints and for these resources."""
    found = [link.symbol("zones") for link in links]
    found += [f"{symbol}Link" for link in links for symbol, _ in link.zones]
    return _waits("dependsOn: [ {} ]", others, found)


def waits_in_terraform(
    *others: str, indent: str = "  depends_on  = ", links: Sequence[Link] = WORKSPACE_LINKS
) -> tuple[str, ...]:
    """Return the argument of a resource that waits for the endpoints and for these resources."""
    found = [f"azurerm_private_endpoint.{link.block}" for link in links]
    found += [
        f"azurerm_private_dns_zone_virtual_network_link.{symbol}"
        for link in links
        for symbol, _ in link.zones
    ]
    return _waits(f"{indent}[{{}}]", others, found)


def _waits(line: str, others: Sequence[str], endpoints: Sequence[str]) -> tuple[str, ...]:
    always = (only(line.format(", ".join(others)), REACHED),) if others else ()
    return (*always, only(line.format(", ".join([*others, *endpoints])), UNREACHED))


def _zone_bicep(symbol: str, zone: str) -> str:
    return (
        f"resource {symbol} 'Microsoft.Network/privateDnsZones@2024-06-01' = {{\n"
        f"  name: '{zone}'\n"
        "  location: 'global'\n"
        "}\n"
        f"resource {symbol}Link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {{\n"
        f"  parent: {symbol}\n"
        "  name: vnetLink\n"
        "  location: 'global'\n"
        "  properties: {\n"
        "    registrationEnabled: false\n"
        "    virtualNetwork: { id: virtualNetworkId }\n"
        "  }\n"
        "}"
    )


def _zone_terraform(symbol: str, zone: str) -> str:
    return (
        f'resource "azurerm_private_dns_zone" "{symbol}" {{\n'
        f'  name                = "{zone}"\n'
        "  resource_group_name = var.zone_group\n"
        "}\n"
        f'resource "azurerm_private_dns_zone_virtual_network_link" "{symbol}" {{\n'
        "  name                = var.vnet_link\n"
        f"  private_dns_zone_id = azurerm_private_dns_zone.{symbol}.id\n"
        "  virtual_network_id  = var.virtual_network_id\n"
        "}"
    )


def _endpoint_bicep(target: str, link: Link) -> str:
    name = f"'${{endpointName}}-{link.part}'" if link.has_siblings else "endpointName"
    return (
        f"resource {link.symbol('endpoint')} 'Microsoft.Network/privateEndpoints@2024-05-01' = {{\n"
        f"  name: {name}\n"
        "  location: {{location}}\n"
        "  properties: {\n"
        "    subnet: { id: subnetId }\n"
        "    privateLinkServiceConnections: [\n"
        "      {\n"
        f"        name: {name}\n"
        "        properties: {\n"
        f"          privateLinkServiceId: {target}\n"
        f"          groupIds: [ '{link.part}' ]\n"
        "        }\n"
        "      }\n"
        "    ]\n"
        "  }\n"
        "}"
    )


def _group_bicep(link: Link) -> str:
    zones = "".join(
        f"      {{ name: '{symbol}', properties: {{ privateDnsZoneId: {symbol}.id }} }}\n"
        for symbol, _ in link.zones
    )
    return (
        f"resource {link.symbol('zones')} "
        "'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = {\n"
        f"  parent: {link.symbol('endpoint')}\n"
        "  name: 'default'\n"
        "  properties: {\n"
        "    privateDnsZoneConfigs: [\n"
        f"{zones}"
        "    ]\n"
        "  }\n"
        "}"
    )


def _endpoint_terraform(zones: str, target: str, link: Link) -> str:
    name = f'"${{var.endpoint_name}}-{link.part}"' if link.has_siblings else "var.endpoint_name"
    return (
        f'resource "azurerm_private_endpoint" "{link.block}" {{\n'
        f"  name                = {name}\n"
        "  resource_group_name = {{resource_group}}\n"
        "  location            = {{location}}\n"
        "  subnet_id           = var.subnet_id\n"
        "  private_service_connection {\n"
        f"    name                           = {name}\n"
        f"    private_connection_resource_id = {target}\n"
        f'    subresource_names              = ["{link.part}"]\n'
        "    is_manual_connection           = false\n"
        "  }\n"
        f"{zones}"
        "}"
    )


def _group_terraform(link: Link) -> str:
    ids = ", ".join(f"azurerm_private_dns_zone.{symbol}.id" for symbol, _ in link.zones)
    return (
        "  private_dns_zone_group {\n"
        '    name                 = "default"\n'
        f"    private_dns_zone_ids = [{ids}]\n"
        "  }\n"
    )
