"""Fixes of the virtual networks around private endpoints, and of what Azure needs to create them."""

from __future__ import annotations

from checks.fixes.steps import remediation

_CREATE = (
    'az network private-endpoint create --name "$ENDPOINT_NAME" --resource-group {{resource_group}} '
    '--subscription {{subscription_id}} --location {{location}} --subnet "$SUBNET_ID" '
    "--private-connection-resource-id {{workspace_id}} --group-id amlworkspace "
    '--connection-name "$ENDPOINT_NAME"'
)
_BICEP = (
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
_TERRAFORM = (
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
    "}"
)

ENDPOINT_BESIDE_DEPENDENCIES = remediation(
    summary="Create one private endpoint to the workspace in the virtual network that holds the private endpoints of "
    "its storage account, key vault and container registry.",
    az=f"# 1. Create the endpoint in a subnet of the virtual network of the dependencies.\n{_CREATE}",
    bicep=_BICEP,
    terraform=_TERRAFORM,
    caution="Azure bills the endpoint by the hour. If the dependencies are in several networks, also create the "
    "endpoints that one of them lacks. Link the private DNS zones to that network.",
)

NETWORK_WITHOUT_DOCKERS_RANGE = remediation(
    summary="Move the private endpoint to a virtual network that does not use 172.17.0.0/16: create one there, then "
    "delete the connection of the old one.",
    az=f"# 1. Create the endpoint in a subnet of another virtual network.\n{_CREATE}\n"
    "# 2. Warning: clients in the old network lose access to the workspace.\n"
    "az network private-endpoint-connection delete --id {{connection_id}} --yes",
    bicep=_BICEP,
    terraform=_TERRAFORM,
    caution="Clients in the old network lose access to the workspace at once. Azure cannot restore a deleted "
    "connection. Azure can remove a range from a network only if no subnet uses it.",
)

NETWORK_PROVIDER_REGISTERED = remediation(
    summary="Register the resource provider Microsoft.Network in the subscription.",
    az="# 1. Register the resource provider, which takes some minutes.\n"
    "az provider register --namespace Microsoft.Network --subscription {{subscription_id}} --wait",
    terraform='resource "azurerm_resource_provider_registration" "network" {\n  name = "Microsoft.Network"\n}',
    caution="It takes Contributor or Owner in the subscription. A Project uses the network of its hub: register the "
    "provider in the subscription of the hub.",
)
