"""The fixes of the PEP checks in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import where

ZONES = ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")
"""The private DNS zones of a workspace in the public cloud."""


def _zone_steps(number: int, zone: str) -> tuple[tuple[str, str], ...]:
    verb = "create" if number == 0 else "add"
    of_zone = '--resource-group "$ZONE_GROUP" --subscription {{subscription_id}}'
    return (
        (
            f"Create the DNS zone {zone}, unless your network has it already.",
            f"az network private-dns zone create {of_zone} --name {zone}",
        ),
        (
            "Link the zone to the virtual network of the clients.",
            f"az network private-dns link vnet create {of_zone} --zone-name {zone} "
            '--name "$VNET_LINK" --virtual-network "$VIRTUAL_NETWORK_ID" --registration-enabled false',
        ),
        (
            "Let the private endpoint write its addresses into the zone.",
            f"az network private-endpoint dns-zone-group {verb} --resource-group {{{{resource_group}}}} "
            "--subscription {{subscription_id}} "
            '--endpoint-name "$ENDPOINT_NAME" --name default '
            f"--zone-name {zone} --private-dns-zone /subscriptions/{{{{subscription_id}}}}/resourceGroups/"
            f'"$ZONE_GROUP"/providers/Microsoft.Network/privateDnsZones/{zone}',
        ),
    )


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
        "}\n"
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
        "}\n"
    )


_ENDPOINT_BICEP = (
    "resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {\n"
    "  name: endpointName\n"
    "  location: {{location}}\n"
    "  properties: {\n"
    "    subnet: { id: subnetId }\n"
    "    privateLinkServiceConnections: [\n"
    "      {\n"
    "        name: endpointName\n"
    "        properties: {\n"
    "          privateLinkServiceId: {{workspace_id}}\n"
    "          groupIds: [ 'amlworkspace' ]\n"
    "        }\n"
    "      }\n"
    "    ]\n"
    "  }\n"
    "}\n"
    "resource zones 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = {\n"
    "  parent: endpoint\n"
    "  name: 'default'\n"
    "  properties: {\n"
    "    privateDnsZoneConfigs: [\n"
    "      { name: 'api', properties: { privateDnsZoneId: api.id } }\n"
    "      { name: 'notebooks', properties: { privateDnsZoneId: notebooks.id } }\n"
    "    ]\n"
    "  }\n"
    "}"
)
_ENDPOINT_TERRAFORM = (
    'resource "azurerm_private_endpoint" "workspace" {\n'
    "  name                = var.endpoint_name\n"
    "  resource_group_name = {{resource_group}}\n"
    "  location            = {{location}}\n"
    "  subnet_id           = var.subnet_id\n"
    "  private_service_connection {\n"
    "    name                           = var.endpoint_name\n"
    "    private_connection_resource_id = {{workspace_id}}\n"
    '    subresource_names              = ["amlworkspace"]\n'
    "    is_manual_connection           = false\n"
    "  }\n"
    "  private_dns_zone_group {\n"
    '    name                 = "default"\n'
    "    private_dns_zone_ids = [azurerm_private_dns_zone.api.id, azurerm_private_dns_zone.notebooks.id]\n"
    "  }\n"
    "}"
)

ENDPOINT_AZ = in_order(
    (
        "Create the private endpoint. Azure approves its connection if you may approve it.",
        'az network private-endpoint create --name "$ENDPOINT_NAME" --resource-group {{resource_group}} '
        '--subscription {{subscription_id}} --location {{location}} --subnet "$SUBNET_ID" '
        "--private-connection-resource-id {{workspace_id}} --group-id amlworkspace "
        '--connection-name "$ENDPOINT_NAME"',
    ),
    *(step for number, zone in enumerate(ZONES) for step in _zone_steps(number, zone)),
)
ENDPOINT_BICEP = "".join(map(_zone_bicep, ("api", "notebooks"), ZONES)) + _ENDPOINT_BICEP
ENDPOINT_TERRAFORM = "".join(map(_zone_terraform, ("api", "notebooks"), ZONES)) + _ENDPOINT_TERRAFORM

ENDPOINT_CREATED = remediation(
    summary="Create a private endpoint to the workspace, with the DNS zones privatelink.api.azureml.ms and "
    "privatelink.notebooks.azure.net, and approve its connection.",
    az=ENDPOINT_AZ,
    bicep=ENDPOINT_BICEP,
    terraform=ENDPOINT_TERRAFORM,
    caution="Azure bills the endpoint by the hour. Create it in the region of its virtual network. If your network "
    "already has the DNS zones, use those: a second zone of the same name hides the records of the first. Azure "
    "Government and Azure China have other zone names. Test the names from a client before you disable public access.",
)

CONNECTION_SETTLED = remediation(
    summary="Approve the connection if you know its owner and purpose, otherwise delete it.",
    az=either(
        (
            "you know the owner and the purpose",
            where(
                "{{status}} != Disconnected",
                "az network private-endpoint-connection approve --id {{connection_id}} --description 'Reviewed and "
                "approved'",
            ),
        ),
        (
            "you do not, or the connection was rejected or is disconnected",
            f"# {WARNING}Azure cannot restore a deleted connection.\n"
            "az network private-endpoint-connection delete --id {{connection_id}} --yes",
        ),
    ),
    caution="An approval lets the network of the private endpoint reach the workspace. Azure can approve a pending or "
    "rejected connection; a disconnected one can only be deleted. The private endpoint of a deleted connection stays "
    "Disconnected until its owner creates it again.",
)

CONNECTION_REMOVED = remediation(
    summary="Delete the connection from the foreign subscription, or allow that subscription in the policy.",
    az=f"# {WARNING}clients of this private endpoint lose access at once, and Azure cannot restore the connection:\n"
    "# {{private_endpoint_id}}\n"
    "az network private-endpoint-connection delete --id {{connection_id}} --yes",
    caution="Clients of the endpoint lose access to the workspace at once. Azure cannot restore a deleted connection. "
    "If it is the only approved connection of a workspace without public access, nobody reaches the workspace "
    "afterwards: first create another endpoint, as PEP001 describes.",
)
