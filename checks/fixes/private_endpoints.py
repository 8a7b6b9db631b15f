"""The fixes of the PEP checks in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import API, WORKSPACE, where

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


def endpoint_az(target: str = "{{workspace_id}}") -> str:
    """Return the command that creates a private endpoint to the workspace."""
    return (
        'az network private-endpoint create --name "$ENDPOINT_NAME" --resource-group {{resource_group}} '
        '--subscription {{subscription_id}} --location {{location}} --subnet "$SUBNET_ID" '
        f"--private-connection-resource-id {target} --group-id amlworkspace "
        '--connection-name "$ENDPOINT_NAME"'
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
    "}"
)
_ZONES_BICEP = (
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
_ZONES_TERRAFORM = (
    "  private_dns_zone_group {\n"
    '    name                 = "default"\n'
    "    private_dns_zone_ids = [azurerm_private_dns_zone.api.id, azurerm_private_dns_zone.notebooks.id]\n"
    "  }\n"
)


def endpoint_bicep(target: str = "{{workspace_id}}") -> str:
    """Return the Bicep resource of a private endpoint."""
    return _ENDPOINT_BICEP.replace("{{workspace_id}}", target)


def endpoint_terraform(zones: str = "", *, target: str = "{{workspace_id}}") -> str:
    """Return the Terraform resource of a private endpoint. `zones` is its block of DNS zones."""
    return (
        'resource "azurerm_private_endpoint" "workspace" {\n'
        "  name                = var.endpoint_name\n"
        "  resource_group_name = {{resource_group}}\n"
        "  location            = {{location}}\n"
        "  subnet_id           = var.subnet_id\n"
        "  private_service_connection {\n"
        "    name                           = var.endpoint_name\n"
        f"    private_connection_resource_id = {target}\n"
        '    subresource_names              = ["amlworkspace"]\n'
        "    is_manual_connection           = false\n"
        "  }\n"
        f"{zones}"
        "}"
    )


_DNS_BICEP = "".join(map(_zone_bicep, ("api", "notebooks"), ZONES))
_DNS_TERRAFORM = "".join(map(_zone_terraform, ("api", "notebooks"), ZONES))


def reached_steps(target: str = "{{workspace_id}}") -> tuple[tuple[str, str], ...]:
    """Return the steps that create a private endpoint to the workspace, with its DNS zones."""
    created = "Create the private endpoint. Azure approves its connection if you may approve it."
    return (
        (created, endpoint_az(target)),
        *(step for number, zone in enumerate(ZONES) for step in _zone_steps(number, zone)),
    )


def reached_bicep(target: str = "{{workspace_id}}") -> str:
    """Return the Bicep resources of a private endpoint with its DNS zones."""
    return f"{_DNS_BICEP}{endpoint_bicep(target)}\n{_ZONES_BICEP}"


def reached_terraform(target: str = "{{workspace_id}}") -> str:
    """Return the Terraform resources of a private endpoint with its DNS zones."""
    return f"{_DNS_TERRAFORM}{endpoint_terraform(_ZONES_TERRAFORM, target=target)}"


ENDPOINT_CREATED = remediation(
    summary="Create a private endpoint to the workspace, with the DNS zones privatelink.api.azureml.ms and "
    "privatelink.notebooks.azure.net, and approve its connection.",
    az=in_order(*reached_steps()),
    bicep=reached_bicep(),
    terraform=reached_terraform(),
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

ENDPOINT_BESIDE_DEPENDENCIES = remediation(
    summary="Create one private endpoint to the workspace in the virtual network that holds the private endpoints of "
    "its storage account, key vault and container registry.",
    az=in_order(
        ("Create the endpoint in a subnet of the virtual network of the dependencies.", endpoint_az())
    ),
    bicep=endpoint_bicep(),
    terraform=endpoint_terraform(),
    caution="Azure bills the endpoint by the hour. If the dependencies are in several networks, also create the "
    "endpoints that one of them lacks. Link the private DNS zones to that network.",
)

NETWORK_WITHOUT_DOCKERS_RANGE = remediation(
    summary="Create a private endpoint in a virtual network that does not use 172.17.0.0/16, then delete the old "
    "connection.",
    az=in_order(
        ("Create the endpoint in a subnet of another virtual network.", endpoint_az()),
        (
            f"{WARNING}clients in the old network lose access to the workspace, and Azure cannot restore the "
            "connection.",
            "az network private-endpoint-connection delete --id {{connection_id}} --yes",
        ),
    ),
    terraform=f"{endpoint_terraform()}\n"
    f"# {WARNING}clients in the old network lose access to the workspace, and Azure cannot restore the connection.\n"
    'resource "azapi_resource_action" "deleted_connection" {\n'
    f'  type        = "{WORKSPACE}/privateEndpointConnections@{API}"\n'
    "  resource_id = {{connection_id}}\n"
    '  method      = "DELETE"\n'
    "  depends_on  = [azurerm_private_endpoint.workspace]\n"
    "}",
    caution="Clients in the old network lose access to the workspace at once. Azure cannot restore a deleted "
    "connection. Azure can remove a range from a network only if no subnet uses it.",
)

NETWORK_PROVIDER_REGISTERED = remediation(
    summary="Register the resource provider Microsoft.Network in the subscription.",
    az="# 1. Register the resource provider, which takes some minutes.\n"
    "az provider register --namespace Microsoft.Network --subscription {{subscription_id}} --wait",
    terraform='resource "azurerm_resource_provider_registration" "network" {\n  name = "Microsoft.Network"\n}',
    caution="You need the role Contributor or Owner in the subscription. A Project uses the network of its hub: "
    "register the provider in the subscription of the hub.",
)
