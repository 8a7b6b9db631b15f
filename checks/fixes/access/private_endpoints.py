"""The fixes of the PEP checks in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.access.private_links import (
    WORKSPACE_LINKS,
    reached_bicep,
    reached_terraform,
)
from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import API, WORKSPACE, where


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


def endpoint_az(target: str = "{{workspace_id}}") -> str:
    """Return the command that creates a private endpoint to the workspace."""
    return (
        'az network private-endpoint create --name "$ENDPOINT_NAME" --resource-group {{resource_group}} '
        '--subscription {{subscription_id}} --location {{location}} --subnet "$SUBNET_ID" '
        f"--private-connection-resource-id {target} --group-id amlworkspace "
        '--connection-name "$ENDPOINT_NAME"'
    )


def reached_steps(target: str = "{{workspace_id}}") -> tuple[tuple[str, str], ...]:
    """Return the steps that create a private endpoint to the workspace, with its DNS zones."""
    (link,) = WORKSPACE_LINKS
    zones = link.zones
    created = "Create the private endpoint. Azure approves its connection if you may approve it."
    return (
        (created, endpoint_az(target)),
        *(step for number, (_, zone) in enumerate(zones) for step in _zone_steps(number, zone)),
    )


ENDPOINT_CREATED = remediation(
    summary="Create a private endpoint to the workspace, with the DNS zones privatelink.api.azureml.ms and "
    "privatelink.notebooks.azure.net, and approve its connection.",
    az=in_order(*reached_steps()),
    bicep=reached_bicep(),
    terraform=reached_terraform(),
    caution="Azure bills the endpoint by the hour. Create it in the region of its virtual network. If your network "
    "already has the DNS zones, use those: a second zone of the same name hides the records of the first. The clouds "
    "of the US Government and of China have other zone names: the fix of a finding has those of its region. Test the "
    "names from a client before you disable public access.",
)

CONNECTION_SETTLED = remediation(
    summary="Approve the connection if you know its owner and purpose, otherwise delete it.",
    az=either(
        (
            "the connection is pending or rejected, and you know its owner and its purpose",
            where(
                "{{status}} != Disconnected",
                "az network private-endpoint-connection approve --id {{connection_id}} --description 'Reviewed and "
                "approved'",
            ),
        ),
        (
            "you do not, or the connection is disconnected",
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

_OTHER_NETWORK = (
    "A private DNS zone has one address for each name. If an endpoint in another network writes its addresses into a "
    "zone, and the networks are not peered, use a zone of its own in another resource group."
)

ENDPOINT_BESIDE_DEPENDENCIES = remediation(
    summary="Create one private endpoint to the workspace in the virtual network that holds the private endpoints of "
    "its storage account, key vault and container registry, with its DNS zones.",
    az=in_order(*reached_steps()),
    bicep=reached_bicep(),
    terraform=reached_terraform(),
    caution="Azure bills the endpoint by the hour. Name a subnet of the network of the dependencies, and that network "
    f"for the links. If the dependencies are in several networks, also create the endpoints that one of them lacks. "
    f"{_OTHER_NETWORK}",
)

_GONE = "clients in the old network lose access to the workspace, and Azure cannot restore the connection."

NETWORK_WITHOUT_DOCKERS_RANGE = remediation(
    summary="Create a private endpoint with its DNS zones in a virtual network that does not use 172.17.0.0/16, then "
    "delete the old connection.",
    az=in_order(
        *reached_steps(),
        (
            f"{WARNING}{_GONE}",
            "az network private-endpoint-connection delete --id {{connection_id}} --yes",
        ),
    ),
    terraform=f"{reached_terraform()}\n"
    f"# {WARNING}{_GONE}\n"
    'resource "azapi_resource_action" "deleted_connection" {\n'
    f'  type        = "{WORKSPACE}/privateEndpointConnections@{API}"\n'
    "  resource_id = {{connection_id}}\n"
    '  method      = "DELETE"\n'
    "  depends_on  = [azurerm_private_endpoint.reached, azurerm_private_dns_zone_virtual_network_link.api, "
    "azurerm_private_dns_zone_virtual_network_link.notebooks]\n"
    "}",
    caution="Clients in the old network lose access to the workspace at once. Azure cannot restore a deleted "
    "connection. Azure can remove a range from a network only if no subnet uses it. Azure bills the new endpoint by "
    f"the hour. {_OTHER_NETWORK}",
)

NETWORK_PROVIDER_REGISTERED = remediation(
    summary="Register the resource provider Microsoft.Network in the subscription.",
    az="# 1. Register the resource provider, which takes some minutes.\n"
    "az provider register --namespace Microsoft.Network --subscription {{subscription_id}} --wait",
    terraform='resource "azurerm_resource_provider_registration" "network" {\n  name = "Microsoft.Network"\n}',
    caution="You need the role Contributor or Owner in the subscription. A Project uses the network of its hub: "
    "register the provider in the subscription of the hub.",
)
